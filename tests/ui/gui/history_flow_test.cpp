// What was measured in the window is in the history: captures and influence, ended in whatever way, where the command
// line or the settings say; a history that cannot be written costs a warning.
#include "tests/ui/gui/gui_session.h"

#include "ui/widgets/shell/banner_area.h"

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#endif

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

using test::Session;

std::vector<RunSummary> rows(const QString& file) {
    return History::open(file.toStdString(), OpenMode::ReadOnly).list();
}

RunDetail row(const QString& file, RunId run) {
    return History::open(file.toStdString(), OpenMode::ReadOnly).show(run);
}

class HistoryFlowTest : public QObject {
    Q_OBJECT
private slots:
    void capturesAndInfluenceAreRows();
    void aCancelledCaptureIsARow();
    void theSettingsNameTheFile();
    void noHistoryNoFile();
    void aHistoryThatCannotBeWrittenIsToldOnce();

private:
    QTemporaryDir m_folder;
    QString file(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)); }
    /// Everything that is to be written is there.
    static bool isWritten(Session& session) {
        return session.wait([&] { return session.isIdle() && session.bench().engine().files.isIdle(); });
    }
};

void HistoryFlowTest::capturesAndInfluenceAreRows() {
    const QString path = file("runs.sqlite");
    Session session({.history = path});
    QVERIFY(session.openTiny());
    QCOMPARE(session.workspace().captureRun(), 0);
    QVERIFY(session.capture());
    QVERIFY(isWritten(session));
    const qint64 run = session.workspace().captureRun();
    QVERIFY(run > 0);
    session.workspace().measureInfluence();
    QVERIFY(session.wait([&] { return session.workspace().influenceRun() > run; }));
    QVERIFY(isWritten(session));
    const auto list = rows(path);
    QCOMPARE(list.size(), 2u);
    QCOMPARE(list[0].command, "influence");
    QCOMPARE(list[1].command, "capture");
    QCOMPARE(list[1].id.value, run);
    QCOMPARE(list[1].modelName, "moa-tiny");
    QCOMPARE(list[1].backend, "cpu");
    QVERIFY(list[1].status == RunStatus::Done && list[1].finished);
    const RunDetail detail = row(path, list[1].id);
    QCOMPARE(detail.measurements.size(), 1u);
    QCOMPARE(detail.measurements[0].name, "capture_s");
    QVERIFY(detail.measurements[0].value > 0);
    QCOMPARE(detail.model->sha256.size(), 64u);
    const QJsonObject settings = QJsonDocument::fromJson(QByteArray::fromStdString(detail.settings)).object();
    QCOMPARE(settings[u"prompt_tokens"_s].toInt(), int(session.workspace().prompt()->ids.size()));
    QCOMPARE(settings[u"prompt_sha256"_s].toString().size(), 64);
}

void HistoryFlowTest::aCancelledCaptureIsARow() {
    const QString path = file("cancelled.sqlite");
    Session session({.history = path});
    QVERIFY(session.openTiny());
    session.workspace().samplePrompt(u"lines"_s, 7000 / test::kSlower);
    QVERIFY(session.wait([&] { return session.workspace().capturing() && session.workspace().capturing()->progress().done > 0; }));
    session.workspace().capturing()->cancel();
    QVERIFY(isWritten(session));
    QCOMPARE(rows(path).size(), 1u);
    QVERIFY(rows(path)[0].status == RunStatus::Cancelled);
}

void HistoryFlowTest::theSettingsNameTheFile() {
    const QString path = file("named in settings.sqlite");
    Session session({.settingsText = "[General]\nhistoryFile=" + path.toUtf8() + "\n", .history = u"settings"_s});
    QVERIFY(session.openTiny());
    QVERIFY(session.capture());
    QVERIFY(isWritten(session));
    QCOMPARE(rows(path).size(), 1u);
}

void HistoryFlowTest::noHistoryNoFile() {
    const QString path = file("none.sqlite");
    Session session({.settingsText = "[General]\nhistoryFile=" + path.toUtf8() + "\n"});
    QVERIFY(session.openTiny());
    QVERIFY(session.capture());
    QVERIFY(isWritten(session));
    QCOMPARE(session.workspace().captureRun(), 0);
    QVERIFY(!QFileInfo::exists(path));
}

void HistoryFlowTest::aHistoryThatCannotBeWrittenIsToldOnce() {
    test::writeFile(file("blocked"), "no folder");
    Session session({.history = file("blocked/runs.sqlite")});
    QVERIFY(session.openTiny());
    QVERIFY(session.capture());
    QVERIFY(isWritten(session));
    const QString page = session.window().currentPage();
    QVERIFY(session.bannerSays(page, {u"history"_s}));
    const int banners = session.banners(page).count();
    session.workspace().capture();
    QVERIFY(session.wait([&] { return session.workspace().capturing() == nullptr; }));
    QVERIFY(isWritten(session));
    QCOMPARE(session.banners(page).count(), banners);
    QCOMPARE(session.workspace().captureRun(), 0);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::HistoryFlowTest>(argc, argv);
}

#include "history_flow_test.moc"
