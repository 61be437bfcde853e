// Starting where things are not as they should be: settings that are broken or cannot be written, no such device, layouts
// of another version; and what a start remembers of the last one.
#include "tests/ui/gui/gui_session.h"

#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/widgets/shell/status_bar.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/theme.h"

#include <QFile>
#include <QSettings>
#include <QTest>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::Session;

class StartFlowTest : public QObject {
    Q_OBJECT
private slots:
    void cleanup() { Theme::instance().setMode(ThemeMode::Light); }
    void windowWithinASecond();
    void brokenSettings_data();
    void brokenSettings();
    void settingsThatCannotBeWritten_data();
    void settingsThatCannotBeWritten();
    void noSuchDevice();
    void rememberedOverTheStart();
    void darkGrabs();

private:
    static bool isUsable(Session& session) { return session.openTiny() && session.capture(6); }
};

void StartFlowTest::windowWithinASecond() {
    Session first; // fonts and plugins are there afterwards, as on any desktop that runs
    QElapsedTimer clock;
    clock.start();
    Session session;
    qInfo("workbench made and shown in %lld ms (50 of them waited)", static_cast<long long>(clock.elapsed()));
    QVERIFY(session.window().isVisible());
    QVERIFY2(clock.elapsed() < 1000 * test::kSlower, qPrintable(QString::number(clock.elapsed())));
}

void StartFlowTest::brokenSettings_data() {
    QTest::addColumn<QByteArray>("text");
    QByteArray noise;
    for (int i = 0; i < 5000; ++i) noise.append(char(i * 131 % 251));
    QTest::newRow("noise") << noise;
    QTest::newRow("no ini") << QByteArray("]]][[[\n====\n%%%");
    QTest::newRow("values of wrong kinds") << QByteArray("[General]\ntheme=17\nhighContrast=banana\nattentionMap=@Invalid()\n"
                                                         "[window]\ngeometry=@ByteArray(garbage)\npage=nowhere\n"
                                                         "[layout]\ninspect=@ByteArray(\\0\\xff\\x1)\nmodel=7\n"
                                                         "[recent]\nmodels=@Variant(\\0\\0\\0\\x7f)\nplans=3\n");
    QTest::newRow("cut") << QByteArray("[window]\ngeometry=@ByteArray(\\x1\\xd9\\xd0");
}

void StartFlowTest::brokenSettings() {
    QFETCH(QByteArray, text);
    Session session({.settingsText = text});
    QVERIFY(session.window().isVisible());
    QVERIFY(session.bench().modelPage().isVisible());
    QVERIFY(isUsable(session));
    session.window().close();
    session.end();
}

void StartFlowTest::settingsThatCannotBeWritten_data() {
    QTest::addColumn<QString>("kind");
    QTest::newRow("a folder that is a file") << u"file"_s;
    QTest::newRow("a read-only folder") << u"read-only"_s;
    QTest::newRow("a folder of the system's") << u"proc"_s;
}

void StartFlowTest::settingsThatCannotBeWritten() {
    QFETCH(QString, kind);
    QTemporaryDir folder;
    QString settings = u"/proc/moa-workbench/settings.ini"_s;
    if (kind == u"file"_s) {
        test::writeFile(folder.filePath(u"home"_s), "no folder");
        settings = folder.filePath(u"home/settings.ini"_s);
    }
    if (kind == u"read-only"_s) {
        settings = folder.filePath(u"settings.ini"_s);
        QFile::setPermissions(folder.path(), QFileDevice::ReadOwner | QFileDevice::ExeOwner);
    }
    {
        Session session({.settings = settings});
        QVERIFY(isUsable(session));
        session.step(u"page and close"_s);
        session.hand().key(Qt::Key_1, Qt::ControlModifier);
        session.window().close();
        QVERIFY(!session.window().isVisible());
    }
    QFile::setPermissions(folder.path(), QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
}

void StartFlowTest::noSuchDevice() {
    Session session({.device = u"cuda:7"_s});
    QVERIFY(session.bannerSays(u"model"_s, {u"cuda"_s}));
    QStringList status;
    for (const QWidget* part : session.window().status().findChildren<QWidget*>())
        if (part->isVisible()) status.append(part->accessibleName() + u'|' + part->property("text").toString());
    QVERIFY2(status.filter(u"thread"_s).size() == 1, qPrintable(status.join(u'\n')));
    QVERIFY2(status.filter(u"not known"_s).isEmpty(), qPrintable(status.join(u'\n')));
    session.grab(u"no-device"_s);
    session.step(u"estimate without a device"_s);
    QVERIFY(session.wait([&] { return session.buttonNamed(u"Open moa-tiny"_s) != nullptr; }));
    session.hand().click(session.buttonNamed(u"Open moa-tiny"_s));
    QVERIFY(session.wait([&] { return session.workspace().model().has_value() && session.isIdle(); }));
    QVERIFY(!session.workspace().isLoaded());
    QVERIFY(session.bannerSays(u"model"_s, {u"not loaded"_s, u"cuda"_s}));
    session.step(u"pages, plan, palette"_s);
    session.hand().key(Qt::Key_2, Qt::ControlModifier);
    test::writeUniformPlan(session.path(u"half.json"_s), 6, 8, 4, 0, 0.5);
    QVERIFY(session.dropFile(session.path(u"half.json"_s)));
    QVERIFY(session.wait([&] { return !session.workspace().plan().isDense(); }));
    session.hand().key(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    session.hand().settle(50);
    session.hand().key(Qt::Key_Escape);
    session.hand().key(Qt::Key_1, Qt::ControlModifier);
    session.hand().settle();
    session.grab(u"no-device-estimate"_s);
}

void StartFlowTest::rememberedOverTheStart() {
    QTemporaryDir folder;
    const QString settings = folder.filePath(u"settings.ini"_s);
    {
        Session session({.settings = settings, .size = {1300, 800}});
        QVERIFY(isUsable(session));
        test::writeFile(session.path(u"blob.bin"_s), QByteArray(64, '\0'));
        QVERIFY(session.dropFile(session.path(u"blob.bin"_s)));
        QVERIFY(session.bannerSays(u"inspect"_s, {u"blob.bin"_s}));
        session.window().close();
    }
    const QSettings kept(settings, QSettings::IniFormat);
    QStringList values;
    for (const QString& key : kept.allKeys()) values.append(kept.value(key).toStringList());
    const auto remembers = [&](const QString& name) {
        return std::ranges::any_of(values, [&](const QString& value) { return value.endsWith(name); });
    };
    QVERIFY(remembers(u"moa-tiny"_s));
    QVERIFY(remembers(u"prompt.txt"_s));
    QVERIFY2(!remembers(u"blob.bin"_s), "what could not be read is not offered again");
    Session session({.settings = settings});
    QCOMPARE(session.window().currentPage(), u"inspect"_s);
    QCOMPARE(session.banners(u"inspect"_s).count(), 0);
    session.hand().key(Qt::Key_1, Qt::ControlModifier);
    QVERIFY(isUsable(session));
}

void StartFlowTest::darkGrabs() {
    for (const QSize size : {QSize(1600, 1000), QSize(1180, 720)}) {
        Session session({.settingsText = "[General]\ntheme=dark\n", .size = size});
        session.grab(u"welcome-dark-%1"_s.arg(size.width()));
        QVERIFY(session.openTiny());
        session.grab(u"model-dark-%1"_s.arg(size.width()));
        QVERIFY(session.capture(40));
        test::writeFile(session.path(u"blob.bin"_s), QByteArray(64, '\0'));
        QVERIFY(session.dropFile(session.path(u"blob.bin"_s)));
        QVERIFY(session.bannerSays(u"inspect"_s, {u"blob.bin"_s}));
        session.grab(u"banner-dark-%1"_s.arg(size.width()));
        QCOMPARE(session.window().size(), size);
    }
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    return moa::test::runFlows<moa::StartFlowTest>(argc, argv);
}

#include "start_flow_test.moc"
