// Settings by real clicks and keys, kept over restarts; damaged files; layouts; the last workspace; desktop notices.
#include "tests/ui/export/export_bench.h"

#include "app/gui/desktop_notice.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/views/settings_dialog.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/segmented_control.h"
#include "ui/widgets/theme.h"

#include <QAbstractButton>
#include <QCheckBox>
#include <QComboBox>
#include <QDockWidget>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSpinBox>
#include <QSystemTrayIcon>
#include <QTest>

namespace moa {
namespace {

using namespace Qt::StringLiterals;
using test::ExportBench;

class SettingsTest : public QObject {
    Q_OBJECT
private slots:
    void cleanup();
    void changesCountAtOnceAndSurvive();
    void defaultsComeBack();
    void damagedFiles_data();
    void damagedFiles();
    void aDeviceThatIsNotThereIsKept();
    void layoutsSurvive();
    void lastWorkspace();
    void lastWorkspaceThatIsGone();
    void noticesWithoutADesktop();
    void looks_data();
    void looks();

private:
    static SettingsDialog* open(ExportBench& bench);
    static HeatmapCanvas& canvas(ExportBench& bench) { return bench.bench().inspectPage().heatmap().canvas(); }
    static QPushButton* button(QWidget& parent, const QString& text);
};

void SettingsTest::cleanup() {
    Theme& theme = Theme::instance();
    theme.setMode(ThemeMode::System);
    theme.setHighContrast(false);
    theme.setAttentionMap(AttentionMap::Mako);
    theme.setFontFamily({});
}

SettingsDialog* SettingsTest::open(ExportBench& bench) {
    QTest::keyClick(&bench.window(), Qt::Key_Comma, Qt::ControlModifier);
    auto* dialog = bench.window().findChild<SettingsDialog*>();
    return dialog != nullptr && bench.wait([dialog] { return dialog->isVisible(); }, 2000) ? dialog : nullptr;
}

QPushButton* SettingsTest::button(QWidget& parent, const QString& text) {
    for (QPushButton* found : parent.findChildren<QPushButton*>())
        if (found->isVisible() && found->text() == text) return found;
    return nullptr;
}

void SettingsTest::changesCountAtOnceAndSurvive() {
    ExportBench bench;
    SettingsDialog* dialog = open(bench);
    QVERIFY(dialog != nullptr);
    auto* theme = dialog->findChild<SegmentedControl*>();
    theme->segment(0)->setFocus();
    QTest::keyClick(theme->segment(0), Qt::Key_Right);
    QTest::keyClick(theme->segment(1), Qt::Key_Right); // System → Light → Dark
    QCOMPARE(Theme::instance().mode(), ThemeMode::Dark);
    for (QCheckBox* box : dialog->findChildren<QCheckBox*>()) QTest::mouseClick(box, Qt::LeftButton, {}, {8, box->height() / 2});
    QVERIFY(Theme::instance().isHighContrast());
    const QList<QSpinBox*> numbers = dialog->findChildren<QSpinBox*>();
    QCOMPARE(numbers.size(), 2);
    for (QSpinBox* box : numbers) {
        box->setFocus();
        QTest::keyClick(box, Qt::Key_Up);
    }
    QCOMPARE(bench.bench().engine().captures.cacheLimit(), quint64(576) << 20);
    // What counts later says so, once.
    QCOMPARE(bench.window().banners(u"model"_s).count(), 1);
    QTest::keyClick(numbers[0], Qt::Key_Up);
    QCOMPARE(bench.window().banners(u"model"_s).count(), 1);
    const WorkbenchSettings before = dialog->settings();
    QVERIFY(before.wheelZooms);
    QCOMPARE(before.threads, 2);
    bench.restart();
    QCOMPARE(Theme::instance().mode(), ThemeMode::Dark);
    QVERIFY(Theme::instance().isHighContrast());
    QCOMPARE(bench.bench().engine().state->options().threads, 2);
    QCOMPARE(bench.bench().engine().captures.cacheLimit(), quint64(576) << 20);
    QCOMPARE(bench.window().banners(u"model"_s).count(), 0);
    dialog = open(bench);
    QVERIFY(dialog->settings() == before);
    // The wheel alone zooms now.
    QVERIFY(bench.loadTiny() && bench.capture(256));
    const double shown = canvas(bench).geometry().shareShown();
    bench.hand().wheel(&canvas(bench), canvas(bench).rect().center(), 1);
    QVERIFY(canvas(bench).geometry().shareShown() < shown);
}

void SettingsTest::defaultsComeBack() {
    ExportBench bench;
    bench.restart("[General]\ntheme=dark\nthreads=3\ntileCacheMiB=1024\n");
    SettingsDialog* dialog = open(bench);
    QCOMPARE(dialog->settings().tileCacheMiB, 1024);
    QTest::mouseClick(button(*dialog, u"Restore defaults"_s), Qt::LeftButton);
    QVERIFY(dialog->settings() == WorkbenchSettings{});
    QCOMPARE(Theme::instance().mode(), ThemeMode::System);
    bench.restart();
    QCOMPARE(bench.bench().engine().state->options().threads, 0);
    QVERIFY(open(bench)->settings() == WorkbenchSettings{});
}

void SettingsTest::damagedFiles_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("out of range") << QByteArray("[General]\ntheme=purple\nattentionMap=jet\nthreads=-5\ntileCacheMiB=999999999\n"
                                                "font=No Such Font\ndevice=rm -rf\nhighContrast=perhaps\n"
                                                "[workspace]\nmodel=moa-tiny\nlength=-1\n");
    QTest::newRow("not numbers") << QByteArray("[General]\nthreads=many\ntileCacheMiB=@Invalid()\ndevice=@Variant(x)\n");
    QTest::newRow("no settings") << QByteArray("\x00\x01\xff\xfe[[[===\n\n]]]", 17);
    QTest::newRow("cut off") << QByteArray("[window]\ngeometry=@ByteArray(\\x1\\xd9\n[General\ntheme=da");
}

void SettingsTest::damagedFiles() {
    QFETCH(QByteArray, text);
    ExportBench bench;
    bench.restart(text);
    SettingsDialog* dialog = open(bench);
    QVERIFY(dialog != nullptr);
    const WorkbenchSettings& settings = dialog->settings();
    QCOMPARE(settings.theme, ThemeMode::System);
    QCOMPARE(settings.threads, 0);
    QVERIFY(settings.tileCacheMiB >= SettingsDialog::kLeastCacheMiB && settings.tileCacheMiB <= SettingsDialog::kMostCacheMiB);
    QCOMPARE(settings.device, QString());
    QCOMPARE(settings.fontFamily, QString());
    QVERIFY(!bench.window().actions().action(u"workspace.last"_s)->isEnabled());
    QVERIFY(bench.loadTiny());
}

void SettingsTest::aDeviceThatIsNotThereIsKept() {
    ExportBench bench;
    bench.restart("[General]\ndevice=cuda:7\n");
    QVERIFY(bench.wait([&] { return bench.window().banners(u"model"_s).current() != nullptr; }));
    QVERIFY2(bench.window().banners(u"model"_s).current()->detail.contains(u"cuda:7"_s), "the banner names the device");
    SettingsDialog* dialog = open(bench);
    QCOMPARE(dialog->settings().device, u"cuda:7"_s);
    for (QComboBox* box : dialog->findChildren<QComboBox*>())
        if (box->currentData() == u"cuda:7"_s) {
            QCOMPARE(box->currentText(), u"cuda:7 (not there now)"_s);
            box->setFocus();
            QTest::keyClick(box, Qt::Key_Home); // Recommended
        }
    QCOMPARE(dialog->settings().device, QString());
    bench.restart();
    QVERIFY(bench.loadTiny());
}

void SettingsTest::layoutsSurvive() {
    ExportBench bench;
    bench.window().showPage(u"inspect"_s);
    bench.hand().settle();
    Panel* distance = bench.panel(u"Distance profile"_s);
    QVERIFY(distance->isVisible());
    QVERIFY(bench.chooseInMenu(*distance, {u"Hide panel"_s}));
    QVERIFY(!distance->isVisible());
    bench.restart();
    QCOMPARE(bench.window().currentPage(), u"inspect"_s);
    QVERIFY(bench.panel(u"Rule and cost"_s)->isVisible());
    QVERIFY(!bench.panel(u"Distance profile"_s)->isVisible());
    // View ▸ Panels brings it back, and so does the default layout.
    QAction* show = nullptr;
    for (QAction* action : bench.bench().inspectPage().panelActions())
        if (action->text().contains(u"Distance"_s)) show = action;
    QVERIFY(show != nullptr && !show->isChecked());
    show->trigger();
    QVERIFY(bench.panel(u"Distance profile"_s)->isVisible());
    show->trigger();
    bench.window().actions().action(u"view.restore_layout"_s)->trigger();
    bench.hand().settle();
    QVERIFY(bench.panel(u"Distance profile"_s)->isVisible());
}

void SettingsTest::lastWorkspace() {
    ExportBench bench;
    QVERIFY(button(bench.bench().modelPage(), u"Restore workspace"_s) == nullptr); // nothing was kept yet
    QVERIFY(bench.loadTiny());
    Workspace& workspace = bench.bench().workspace();
    workspace.setLength(1536);
    QVERIFY(workspace.plan().setRule({HeadRef{1, 0}}, {256, 0.125}, u"test"_s));
    workspace.savePlan(bench.path(u"half.json"_s));
    QVERIFY(bench.wait([&] { return !workspace.plan().isModified(); }));
    bench.restart();
    QVERIFY(bench.bench().modelPage().isWelcoming() || bench.window().currentPage() != u"model"_s);
    QPushButton* restore = nullptr;
    QVERIFY(bench.wait([&] { return (restore = button(bench.bench().modelPage(), u"Restore workspace"_s)) != nullptr; }, 3000));
    bool said = false;
    for (QLabel* label : bench.bench().modelPage().findChildren<QLabel*>())
        said = said || label->text().startsWith(u"moa-tiny, plan half, N 1,536\nSaved "_s);
    QVERIFY(said);
    ExportBench::grab(bench.window(), u"last-workspace-light"_s);
    QTest::mouseClick(restore, Qt::LeftButton);
    Workspace& again = bench.bench().workspace();
    QVERIFY(bench.wait([&] { return again.isLoaded(); }));
    QCOMPARE(again.length(), 1536);
    QCOMPARE(again.plan().name(), u"half"_s);
    QCOMPARE(again.plan().rule({1, 0}).beta, 0.125);
    QVERIFY(again.loaded()->hasPlan);
    QCOMPARE(again.loaded()->length, 1536);
    QVERIFY(!again.plan().isModified());
    // One restore is one restore: later choices are left alone.
    again.plan().useDense();
    again.eject();
    QVERIFY(bench.wait([&] { return !again.isLoaded(); }));
    again.setLength(512);
    again.plan().setRule({HeadRef{0, 0}}, {128, 0}, u"test"_s);
    bench.hand().settle(300);
    QVERIFY(!again.isLoaded());
    QCOMPARE(again.length(), 512);
}

void SettingsTest::lastWorkspaceThatIsGone() {
    ExportBench bench;
    bench.restart("[workspace]\nmodel=/nowhere/model\nmodelName=gone\nlength=2048\n");
    QPushButton* restore = nullptr;
    QVERIFY(bench.wait([&] { return (restore = button(bench.bench().modelPage(), u"Restore workspace"_s)) != nullptr; }, 3000));
    QTest::mouseClick(restore, Qt::LeftButton);
    QVERIFY(bench.wait([&] { return bench.window().banners(u"model"_s).count() == 1; }));
    // And the plan alone gone: the model opens dense, and a banner says why.
    bench.restart("[workspace]\nmodel=moa-tiny\nmodelName=moa-tiny\nlength=2048\nplan=/nowhere/plan.json\n");
    QVERIFY(bench.wait([&] { return (restore = button(bench.bench().modelPage(), u"Restore workspace"_s)) != nullptr; }, 3000));
    QTest::mouseClick(restore, Qt::LeftButton);
    QVERIFY(bench.wait([&] { return bench.bench().workspace().isLoaded(); }));
    QVERIFY(bench.bench().workspace().plan().isDense());
    QCOMPARE(bench.bench().workspace().length(), 2048);
}

void SettingsTest::noticesWithoutADesktop() {
    ExportBench bench;
    QVERIFY(!DesktopNotice::isAvailable()); // off-screen there is none
    emit bench.window().notices().postedUnseen(u"Profile finished"_s, u"50 samples"_s);
    bench.hand().settle();
    QVERIFY(bench.bench().findChildren<QSystemTrayIcon*>().isEmpty());
}

void SettingsTest::looks_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QString>("font");
    QTest::newRow("light") << false << QString();
    QTest::newRow("dark") << true << QString();
    QTest::newRow("light-dejavu") << false << u"DejaVu Sans"_s;
    QTest::newRow("dark-dejavu") << true << u"DejaVu Sans"_s;
}

void SettingsTest::looks() {
    QFETCH(bool, dark);
    QFETCH(QString, font);
    const QString name = QString::fromLatin1(QTest::currentDataTag());
    ExportBench bench;
    bench.restart("[workspace]\nmodel=moa-tiny\nmodelName=moa-tiny\nlength=4096\nsavedAt=2026-11-23T18:22:00Z\n");
    Theme::instance().setMode(dark ? ThemeMode::Dark : ThemeMode::Light);
    Theme::instance().setFontFamily(font);
    for (const QSize size : {QSize(1600, 1000), QSize(1180, 720)}) {
        const QString tag = u"%1-%2"_s.arg(name).arg(size.width());
        bench.window().resize(size);
        bench.window().showPage(u"model"_s);
        bench.hand().settle();
        ExportBench::grab(bench.window(), u"welcome-"_s + tag);
    }
    SettingsDialog* dialog = open(bench);
    QVERIFY(dialog != nullptr);
    bench.hand().settle();
    ExportBench::grab(*dialog, u"settings-"_s + name);
    QVERIFY(dialog->minimumSizeHint().height() <= 720); // fits the smallest window
    dialog->close();
    if (dark || font.isEmpty()) QVERIFY(bench.loadTiny() && bench.capture(512));
    bench.window().resize(1600, 1000);
    bench.hand().settle();
    for (const QString& title : {u"L0 · KV0"_s, u"Heads"_s, u"Rule and cost"_s}) {
        Panel* panel = bench.panel(title);
        if (panel == nullptr) continue;
        panel->menu()->popup({100, 100});
        bench.hand().settle();
        ExportBench::grab(*panel->menu(), u"menu-%1-%2"_s.arg(title.left(2).toLower(), name));
        for (QAction* action : panel->menu()->actions()) QVERIFY(action->isSeparator() || !action->text().isEmpty());
        panel->menu()->close();
    }
}

} // namespace
} // namespace moa

QTEST_MAIN(moa::SettingsTest)
#include "settings_test.moc"
