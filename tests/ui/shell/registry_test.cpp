// Actions: once each, in menus, with tooltips that say the key or why not; the key sheet that is made of
// them; recent files and settings that are damaged.
#include "tests/ui/shell/shell_fixture.h"
#include "ui/views/key_sheet.h"
#include "ui/views/settings_dialog.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/layout_store.h"
#include "ui/widgets/shell/segmented_control.h"
#include "ui/widgets/shell/workbench_style.h"
#include "ui/widgets/theme.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLineEdit>
#include <QMainWindow>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStyle>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

namespace moa {
namespace {

QString s(const char* text) {
    return QString::fromUtf8(text);
}

QStringList textsOf(const QMenu* menu) {
    QStringList texts;
    for (const QAction* action : menu->actions()) texts << (action->isSeparator() ? s("-") : action->text());
    return texts;
}

} // namespace

class RegistryTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { installWorkbenchStyle(); }
    void styleHints();
    void anIdIsOneAction();
    void tooltipSaysKeyAndReason();
    void menusAreInOrderWithGroups();
    void canvasLettersAreShownAndNotInstalled();
    void keySheetListsAllKeys();
    void recentFilesKeepTenAndSurviveDamage();
    void damagedLayoutIsNoLayout();
    void segmentsByMouseAndKeys();
    void settingsReportEachChange();
    void settingsTakeOddValues();
};

void RegistryTest::styleHints() {
    Theme::instance(); // its sheet lies over the style
    QCOMPARE(QApplication::style()->styleHint(QStyle::SH_ToolTip_WakeUpDelay), 400);
    QCOMPARE(QApplication::style()->styleHint(QStyle::SH_UnderlineShortcut), 0);
}

void RegistryTest::anIdIsOneAction() {
    ActionRegistry registry;
    int ran = 0;
    QAction* first = registry.add({.id = s("a"), .text = s("&Alpha")}, [&] { ++ran; });
    QCOMPARE(registry.add({.id = s("a"), .text = s("Other")}), first);
    QCOMPARE(int(registry.specs().size()), 1);
    QCOMPARE(registry.action(s("none")), nullptr);
    QVERIFY(!registry.spec(s("none")));
    registry.setEnabled(s("none"), false, s("x")); // ignored
    first->trigger();
    QCOMPARE(ran, 1);
    QCOMPARE(ActionRegistry::plainText({.id = s("x"), .text = s("Save && &quit")}), s("Save & quit"));
}

void RegistryTest::tooltipSaysKeyAndReason() {
    ActionRegistry registry;
    QSignalSpy changed(&registry, &ActionRegistry::changed);
    QAction* action = registry.add({.id = s("run"),
                                    .text = s("&Run"),
                                    .shortcut = QKeySequence(Qt::Key_F5),
                                    .detail = s("Runs the page's job.")});
    QCOMPARE(action->toolTip(), s("Run (F5)\nRuns the page's job."));
    registry.setEnabled(s("run"), false, s("Needs a model."));
    QVERIFY(!action->isEnabled());
    QCOMPARE(registry.reason(s("run")), s("Needs a model."));
    QVERIFY(action->toolTip().endsWith(s("Needs a model.")));
    registry.setEnabled(s("run"), true, s("not kept"));
    QCOMPARE(registry.reason(s("run")), QString());
    QCOMPARE(action->toolTip(), s("Run (F5)\nRuns the page's job."));
    QCOMPARE(changed.size(), 3);
}

void RegistryTest::menusAreInOrderWithGroups() {
    QMainWindow window;
    ActionRegistry registry;
    registry.add({.id = s("quit"), .text = s("Quit"), .menu = MenuId::File, .group = 90});
    registry.add({.id = s("keys"), .text = s("Keys"), .menu = MenuId::Help});
    registry.buildMenus(window.menuBar());
    registry.add({.id = s("open"), .text = s("Open"), .menu = MenuId::File});
    registry.add(
        {.id = s("png"), .text = s("PNG"), .menu = MenuId::File, .group = 10, .submenu = s("Export")});
    int filled = 0;
    registry.addDynamicMenu(MenuId::File, s("Recent"), [&](QMenu* menu) {
        ++filled;
        menu->addAction(s("a.gguf"));
    });
    test::settle();
    const QList<QAction*> menus = window.menuBar()->actions();
    QCOMPARE(menus.size(), 2); // File and Help: the others have nothing
    QCOMPARE(textsOf(menus[0]->menu()),
             (QStringList{s("Open"), s("Recent"), s("-"), s("Export"), s("-"), s("Quit")}));
    QMenu* recent = menus[0]->menu()->actions()[1]->menu();
    emit recent->aboutToShow();
    emit recent->aboutToShow(); // filled anew, not twice
    QCOMPARE(filled, 2);
    QCOMPARE(textsOf(recent), QStringList{s("a.gguf")});
}

void RegistryTest::canvasLettersAreShownAndNotInstalled() {
    ActionRegistry registry;
    const QAction* pin = registry.add({.id = s("pin"),
                                       .text = s("Pin"),
                                       .shortcut = QKeySequence(Qt::Key_P),
                                       .scope = ActionScope::Canvas});
    QVERIFY(pin->shortcut().isEmpty());
    QCOMPARE(pin->text(), s("Pin\tP"));
    QCOMPARE(pin->toolTip(), s("Pin (P)"));
}

void RegistryTest::keySheetListsAllKeys() {
    ShellWindow window;
    test::fillShell(window);
    KeySheetModel model(window.actions());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    int withKeys = 0;
    for (const ActionSpec& spec : window.actions().specs()) withKeys += !spec.shortcut.isEmpty();
    QCOMPARE(model.rowCount(), withKeys + int(window.actions().keyHints().size()));
    KeySheet sheet(window.actions());
    sheet.show();
    QTest::keyClicks(sheet.filter(), s("palette"));
    QCOMPARE(sheet.table()->model()->rowCount(), 1);
    QCOMPARE(sheet.table()->model()->index(0, 0).data().toString(), s("Ctrl+Shift+P"));
    sheet.filter()->clear();
    test::grabTo(sheet, s("keys"));
}

void RegistryTest::recentFilesKeepTenAndSurviveDamage() {
    QTemporaryDir folder;
    QSettings settings(folder.filePath(s("settings.ini")), QSettings::IniFormat);
    RecentFiles recent(&settings, s("models"));
    for (int i = 0; i < 14; ++i) recent.add(folder.filePath(s("model%1").arg(i)));
    QCOMPARE(recent.list().size(), 10);
    QVERIFY(recent.list().front().endsWith(s("model13")));
    recent.add(folder.filePath(s("model8")));
    QCOMPARE(recent.list().size(), 10);
    QVERIFY(recent.list().front().endsWith(s("model8")));
    QFile there(folder.filePath(s("model8")));
    QVERIFY(there.open(QIODevice::WriteOnly));
    QMenu menu;
    QString opened;
    recent.fillMenu(&menu, [&](const QString& path) { opened = path; });
    QVERIFY(menu.actions()[0]->isEnabled());
    QVERIFY(!menu.actions()[1]->isEnabled()); // not on the disk
    menu.actions()[0]->trigger();
    QCOMPARE(opened, folder.filePath(s("model8")));
    menu.actions().back()->trigger();
    QVERIFY(recent.list().isEmpty());
    settings.setValue(s("recent/models"), 42);
    QVERIFY(RecentFiles(&settings, s("models")).list().size() <= 1);
    RecentFiles unkept(nullptr, s("plans"));
    unkept.add(s("a"));
    QCOMPARE(unkept.list().size(), 1);
}

void RegistryTest::damagedLayoutIsNoLayout() {
    QTemporaryDir folder;
    QFile file(folder.filePath(s("settings.ini")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("[window\ngeometry=@ByteArray(\\xff\\0\n\0\0page=\x01\x02\n[layout]\nplan=@Invalid()\n==][",
               70);
    file.close();
    QSettings settings(file.fileName(), QSettings::IniFormat);
    const LayoutStore store(&settings);
    QWidget widget;
    widget.resize(300, 200);
    QVERIFY(!store.restoreGeometry(&widget));
    QCOMPARE(widget.size(), QSize(300, 200));
    QVERIFY(store.page(s("plan")).isEmpty());
    settings.setValue(s("layout/plan"), QByteArray(1 << 20, 'x')); // no layout is this long
    QVERIFY(store.page(s("plan")).isEmpty());
    settings.setValue(s("layout/plan"), 7);
    QVERIFY(store.page(s("plan")).isEmpty());
}

void RegistryTest::segmentsByMouseAndKeys() {
    SegmentedControl control(s("Show"));
    for (const char* name : {"Span", "Influence", "Time"}) control.addSegment(s(name));
    control.show();
    QSignalSpy chosen(&control, &SegmentedControl::chosen);
    QCOMPARE(control.current(), 0);
    control.setCurrent(1);
    QCOMPARE(chosen.size(), 0);
    QTest::mouseClick(control.segment(2), Qt::LeftButton);
    QCOMPARE(control.current(), 2);
    QTest::mouseClick(control.segment(2), Qt::LeftButton); // stays current, says nothing
    QVERIFY(control.segment(2)->isChecked());
    QCOMPARE(chosen.size(), 1);
    control.setSegmentEnabled(1, false, s("Needs a profile."));
    control.segment(2)->setFocus();
    QTest::keyClick(control.segment(2), Qt::Key_Left); // over the disabled one
    QCOMPARE(control.current(), 0);
    control.setCurrent(9);
    QCOMPARE(control.current(), 0);
    control.clear();
    QCOMPARE(control.current(), -1);
    QCOMPARE(control.addSegment(s("Q20")), 0);
    QTest::mouseClick(control.segment(0), Qt::LeftButton);
    QCOMPARE(control.current(), 0);
}

void RegistryTest::settingsReportEachChange() {
    SettingsDialog dialog;
    dialog.setDevices({{s("gpu0"), s("GPU 0  NVIDIA H100 80GB")}, {s("cpu"), s("CPU, 16 cores")}});
    dialog.show();
    QSignalSpy changed(&dialog, &SettingsDialog::changed);
    QTest::mouseClick(dialog.findChild<SegmentedControl*>()->segment(2), Qt::LeftButton);
    QCOMPARE(changed.size(), 1);
    QCOMPARE(dialog.settings().theme, ThemeMode::Dark);
    dialog.findChildren<QCheckBox*>()[0]->setFocus();
    QTest::keyClick(dialog.findChildren<QCheckBox*>()[0], Qt::Key_Space);
    QVERIFY(dialog.settings().highContrast);
    for (QComboBox* box : dialog.findChildren<QComboBox*>())
        if (const int cpu = box->findData(s("cpu")); cpu >= 0) box->setCurrentIndex(cpu);
    QCOMPARE(dialog.settings().device, s("cpu"));
    auto* line = dialog.findChild<QLineEdit*>(QString(), Qt::FindChildrenRecursively);
    for (QLineEdit* candidate : dialog.findChildren<QLineEdit*>())
        if (candidate->accessibleName() == s("History file")) line = candidate;
    QTest::keyClicks(line, s("runs.sqlite"));
    QTest::keyClick(line, Qt::Key_Return);
    QCOMPARE(dialog.settings().historyFile, s("runs.sqlite"));
    const int reports = int(changed.size());
    QCOMPARE(reports, 4);
    test::grabTo(dialog, s("settings"));
    for (QPushButton* button : dialog.findChildren<QPushButton*>())
        if (button->text() == s("Restore defaults")) QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(changed.size(), reports + 1);
    QCOMPARE(dialog.settings(), WorkbenchSettings{});
}

void RegistryTest::settingsTakeOddValues() {
    SettingsDialog dialog;
    QSignalSpy changed(&dialog, &SettingsDialog::changed);
    dialog.setSettings(
        {.fontFamily = s("No such font"), .device = s("gpu7"), .threads = -5, .tileCacheMiB = 1 << 30});
    QCOMPARE(changed.size(), 0);
    QCOMPARE(dialog.settings().threads, 0);
    QCOMPARE(dialog.settings().tileCacheMiB, SettingsDialog::kMostCacheMiB);
    QCOMPARE(dialog.settings().device, QString());
    QCOMPARE(dialog.settings().fontFamily, QString());
}

} // namespace moa

QTEST_MAIN(moa::RegistryTest)
#include "registry_test.moc"
