// What was measured in the window is in the history: captures and influence, ended in whatever way, where the command
// line or the settings say; a history that cannot be written costs a warning.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/history_page.h"
#include "ui/views/plan_budget_panel.h"
#include "ui/views/plan_page.h"
#include "ui/views/search_page.h"
#include "ui/widgets/plan/budget_rows.h"
#include "ui/widgets/shell/banner_area.h"

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#endif

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QPushButton>

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
    void speedsComeBackWithTheirRuns();
    void whatTheSearchPageMeasuresIsARow();

private:
    static BudgetRows::Row decodeRow(Session& session) { return session.bench().planPage().budget().rows().rows().back(); }
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
    // Both runs are in memory: shown, tagged, saved.
    QWidget* show = session.buttonNamed(u"Show them"_s);
    QVERIFY(show != nullptr);
    session.hand().click(show);
    HistoryModel& model = session.bench().historyPage().model();
    QVERIFY(session.wait([&] { return model.isCurrent() && model.found().all == 2; }));
    QCOMPARE(session.window().currentPage(), u"history"_s);
    model.show(RunId(1));
    model.addTag(u"kept"_s);
    QVERIFY(session.wait([&] { return model.passport() && model.passport()->detail.tags == std::vector<std::string>{"kept"}; }));
    session.bench().engine().history.saveMemory(file("saved.sqlite"));
    QVERIFY(isWritten(session));
    QCOMPARE(rows(file("saved.sqlite")).size(), 2u);
}

void HistoryFlowTest::speedsComeBackWithTheirRuns() {
    const QString path = file("speeds.sqlite");
    const QString plan = file("p.json");
    test::writeUniformPlan(plan, 6, 8, 4, 128, 0.25);
    qint64 run = 0;
    {
        Session session({.history = path});
        QVERIFY(session.openTiny());
        session.workspace().setLength(512);
        session.bench().open(plan);
        QVERIFY(session.wait([&] { return !session.workspace().plan().isDense(); }));
        session.hand().key(Qt::Key_3, Qt::ControlModifier);
        session.hand().settle(50);
        QVERIFY(decodeRow(session).kind == BudgetRows::Kind::Unknown);
        session.hand().click(&session.bench().planPage().budget().measure());
        QVERIFY(session.wait([&] { return decodeRow(session).kind == BudgetRows::Kind::Measured; }));
        QVERIFY(isWritten(session));
        QVERIFY(session.wait([&] { return decodeRow(session).tip.contains(u"Run "_s); }));
        const auto list = rows(path);
        QCOMPARE(list[0].command, "bench");
        run = list[0].id.value;
        QVERIFY(decodeRow(session).tip.contains(u"Run %1."_s.arg(run)));
        QCOMPARE(row(path, list[0].id).measurements[0].name, "decode_tok_s");
        // An edit makes it stale, undo makes it right again.
        session.workspace().plan().setRule({{0, 0}}, {64, 0}, u"edit"_s);
        QVERIFY(decodeRow(session).kind == BudgetRows::Kind::Stale);
        session.grab(u"plan-stale"_s);
        session.hand().key(Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(decodeRow(session).kind == BudgetRows::Kind::Measured);
    }
    Session next({.history = path});
    QVERIFY(next.openTiny());
    next.bench().open(plan);
    next.hand().key(Qt::Key_3, Qt::ControlModifier);
    QVERIFY(next.wait([&] { return decodeRow(next).kind == BudgetRows::Kind::Measured; }));
    QVERIFY2(decodeRow(next).tip.contains(u"Run %1."_s.arg(run)), qPrintable(decodeRow(next).tip));
}

void HistoryFlowTest::whatTheSearchPageMeasuresIsARow() {
    const QString path = file("search.sqlite");
    Session session({.history = path});
    QVERIFY(session.openTiny());
    session.hand().key(Qt::Key_4, Qt::ControlModifier);
    SearchPage& page = session.bench().searchPage();
    QVERIFY(session.wait([&] { return page.model().best() != nullptr && page.model().best()->isProven; }));
    SearchMeasurements& measurements = page.measurements();
    measurements.measure({}, 384, 2);
    QVERIFY(session.wait([&] { return measurements.job() == nullptr; }));
    measurements.check({u"Best"_s}, 384, 1);
    QVERIFY(session.wait([&] { return measurements.job() == nullptr; }));
    QVERIFY(isWritten(session));
    const auto list = rows(path);
    QCOMPARE(list.size(), 2u);
    QCOMPARE(list[0].command, "retrieval");
    QCOMPARE(list[1].command, "validate");
    QCOMPARE(row(path, list[0].id).measurements.size(), 3u);
    const RunDetail validate = row(path, list[1].id);
    QCOMPARE(validate.measurements.size(), 1u);
    QCOMPARE(validate.measurements[0].name, "answer_nll");
    QCOMPARE(validate.measurements[0].value, measurements.all().front().answerNll);
    QVERIFY(session.wait([&] { return measurements.run(measurements.all().front().ticket) == list[1].id.value; }));
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::HistoryFlowTest>(argc, argv);
}

#include "history_flow_test.moc"
