// The window by mouse and keys: pages, panels, context menus, status bar, drops, closing, and layouts that
// are kept, damaged or nowhere to be written.
#include "tests/ui/shell/shell_fixture.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/dock_page.h"
#include "ui/widgets/shell/drop_overlay.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/status_bar.h"
#include "ui/widgets/shell/workbench_style.h"
#include "ui/widgets/theme.h"

#include <QAccessible>
#include <QApplication>
#include <QDialog>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QMimeData>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

namespace moa {
namespace {

QString s(const char* text) {
    return QString::fromUtf8(text);
}

/// A filled window on show, in front.
struct Window {
    ShellWindow shell;

    explicit Window(QSettings* settings = nullptr) : shell(settings) {
        test::fillShell(shell);
        shell.restoreLayout();
        shell.show();
        shell.activateWindow();
        test::settle();
    }
};

/// Presses a key where the focus is.
void press(ShellWindow& window, Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QWidget* at = QApplication::focusWidget() ? QApplication::focusWidget() : &window;
    QTest::keyClick(at, key, modifiers);
    test::settle();
}

} // namespace

class ShellWindowTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { installWorkbenchStyle(); }
    void init();
    void pagesByRailAndKeys();
    void railByKeyboard();
    void f6WalksThePanels();
    void contextMenusByMouseAndKeys();
    void pinButtonTriggersTheAction();
    void paletteRunsActions();
    void keysOpenSheetSettingsAndFullScreen();
    void statusBarTalksAboutItsJob();
    void dropLightsUpAndSaysWhat();
    void closeAsksTheGuard();
    void layoutAndPageAreKept();
    void brokenOrReadOnlySettingsDoNotHinder();
    void everythingHasANameAndAToolTip();
    void nothingIsCutAtTheSmallestSize();
    void pictures();
};

void ShellWindowTest::init() {
    Theme::instance().setMode(ThemeMode::Light);
    Theme::instance().setFontFamily({});
}

void ShellWindowTest::pagesByRailAndKeys() {
    Window w;
    QSignalSpy changed(&w.shell, &ShellWindow::pageChanged);
    QCOMPARE(w.shell.currentPage(), s("model"));
    QTest::mouseClick(w.shell.rail().button(s("plan")), Qt::LeftButton);
    QCOMPARE(w.shell.currentPage(), s("plan"));
    QVERIFY(w.shell.rail().button(s("plan"))->isChecked());
    QVERIFY(!w.shell.rail().button(s("model"))->isChecked());
    QVERIFY(w.shell.page(s("plan"))->isVisible());
    press(w.shell, Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(w.shell.currentPage(), s("inspect"));
    press(w.shell, Qt::Key_6, Qt::ControlModifier);
    QCOMPARE(w.shell.currentPage(), s("history"));
    w.shell.showPage(s("no such page"));
    QCOMPARE(w.shell.currentPage(), s("history"));
    QTest::mouseClick(w.shell.rail().button(s("history")), Qt::LeftButton); // stays, and stays lit
    QVERIFY(w.shell.rail().button(s("history"))->isChecked());
    QCOMPARE(changed.size(), 3);
    QVERIFY(w.shell.rail().button(s("search"))->hasBadge());
    QVERIFY(w.shell.rail().button(s("search"))->accessibleName().contains(s("A profile runs")));
}

void ShellWindowTest::railByKeyboard() {
    Window w;
    w.shell.rail().button(s("model"))->setFocus();
    press(w.shell, Qt::Key_Down);
    press(w.shell, Qt::Key_Down);
    QVERIFY(w.shell.rail().button(s("plan"))->hasFocus());
    press(w.shell, Qt::Key_Return);
    QCOMPARE(w.shell.currentPage(), s("plan"));
    QSignalSpy settings(&w.shell, &ShellWindow::settingsRequested);
    for (int i = 0; i < 8; ++i) press(w.shell, Qt::Key_Down); // stops at Settings
    QVERIFY(w.shell.rail().button(s("settings"))->hasFocus());
    press(w.shell, Qt::Key_Space);
    QCOMPARE(settings.size(), 1);
    QCOMPARE(w.shell.currentPage(), s("plan"));
}

void ShellWindowTest::f6WalksThePanels() {
    Window w;
    const auto panelOf = [] {
        for (QWidget* at = QApplication::focusWidget(); at; at = at->parentWidget())
            if (const auto* panel = qobject_cast<Panel*>(at)) return panel->accessibleName();
        return QString();
    };
    w.shell.rail().button(s("model"))->setFocus();
    QStringList seen;
    for (int i = 0; i < 6; ++i) {
        press(w.shell, Qt::Key_F6);
        seen << panelOf();
    }
    // Context bar, the three panels by column, status bar, rail again.
    QCOMPARE(seen, (QStringList{QString(), s("Model left"), s("Model centre"), s("Model right"), QString(),
                                QString()}));
    QVERIFY(w.shell.rail().isAncestorOf(QApplication::focusWidget()));
    press(w.shell, Qt::Key_F6, Qt::ShiftModifier);
    QVERIFY(w.shell.status().isAncestorOf(QApplication::focusWidget()));
    press(w.shell, Qt::Key_F6, Qt::ShiftModifier);
    QCOMPARE(panelOf(), s("Model right"));
}

void ShellWindowTest::contextMenusByMouseAndKeys() {
    Window w;
    QString chosen;
    w.shell.context().setMenuProvider(ContextItem::Plan, [&](QMenu* menu) {
        QObject::connect(menu->addAction(s("search-014 · c3")), &QAction::triggered, menu,
                         [&] { chosen = s("c3"); });
    });
    press(w.shell, Qt::Key_L, Qt::ControlModifier | Qt::ShiftModifier);
    QWidget* popup = QApplication::activePopupWidget();
    QVERIFY(popup);
    QTest::keyClick(popup, Qt::Key_Down);
    QTest::keyClick(popup, Qt::Key_Return);
    QCOMPARE(chosen, s("c3"));
    test::settle();
    ContextField* model = w.shell.context().field(ContextItem::Model);
    QTest::mouseClick(model, Qt::LeftButton);
    QVERIFY(QApplication::activePopupWidget());
    QApplication::activePopupWidget()->close();
    test::settle();
    QCOMPARE(model->accessibleName(), s("Model: Llama-3.1-8B-Instruct, BF16"));
    w.shell.context().setMenuProvider(ContextItem::Model, [](QMenu*) {}); // empty: nothing opens
    QTest::mouseClick(model, Qt::LeftButton);
    QVERIFY(!QApplication::activePopupWidget());
}

void ShellWindowTest::pinButtonTriggersTheAction() {
    Window w;
    QSignalSpy pinned(w.shell.actions().action(s("head.pin")), &QAction::triggered);
    auto* button = w.shell.context().findChild<QToolButton*>(s("context.pin"));
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(pinned.size(), 1);
    w.shell.actions().setEnabled(s("selection.back"), false, s("Nothing before this selection."));
    auto* back = w.shell.context().findChild<QToolButton*>(s("context.back"));
    QVERIFY(!back->isEnabled());
    QVERIFY(back->toolTip().contains(s("Nothing before")));
    w.shell.context().setPin(false, false);
    QVERIFY(!button->isVisible());
}

void ShellWindowTest::paletteRunsActions() {
    Window w;
    press(w.shell, Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    CommandPalette& palette = w.shell.commandPalette();
    QVERIFY(palette.isVisible());
    QTest::keyClicks(palette.line(), s("compare page"));
    QTest::keyClick(palette.line(), Qt::Key_Return);
    QCOMPARE(w.shell.currentPage(), s("compare"));
    press(w.shell, Qt::Key_P, Qt::ControlModifier);
    QCOMPARE(palette.line()->text(), s("@"));
    QSignalSpy activated(&palette, &CommandPalette::activated);
    QTest::keyClicks(palette.line(), s("kv5"));
    QTest::keyClick(palette.line(), Qt::Key_Return);
    QCOMPARE(activated.size(), 1);
    QCOMPARE(activated[0][0].value<PaletteItem>().title, s("L14 · KV5"));
    palette.open();
    QCOMPARE(palette.width() - 2 * 14, 760);
    QCOMPARE(palette.y() + 14, int(w.shell.height() * 0.15));
    palette.dismiss();
}

void ShellWindowTest::keysOpenSheetSettingsAndFullScreen() {
    Window w;
    QSignalSpy settings(&w.shell, &ShellWindow::settingsRequested);
    press(w.shell, Qt::Key_Comma, Qt::ControlModifier);
    QCOMPARE(settings.size(), 1);
    press(w.shell, Qt::Key_F11);
    QVERIFY(w.shell.isFullScreen());
    press(w.shell, Qt::Key_F11);
    QVERIFY(!w.shell.isFullScreen());
    press(w.shell, Qt::Key_Question, Qt::ShiftModifier);
    const auto dialogs = w.shell.findChildren<QDialog*>();
    QCOMPARE(dialogs.size(), 1);
    QVERIFY(dialogs[0]->isVisible() && !dialogs[0]->isModal());
    w.shell.showLog();
    QCOMPARE(w.shell.findChildren<QDialog*>().size(), 2);
}

void ShellWindowTest::statusBarTalksAboutItsJob() {
    Window w;
    StatusBar& status = w.shell.status();
    QSignalSpy cancelled(&status, &StatusBar::cancelRequested), paused(&status, &StatusBar::pauseRequested);
    auto* cancel = status.findChild<QToolButton*>(s("status.cancel"));
    auto* pause = status.findChild<QToolButton*>(s("status.pause"));
    auto* queue = status.findChild<QToolButton*>(s("status.queue"));
    QTest::mouseClick(pause, Qt::LeftButton);
    QCOMPARE(paused.takeFirst(), (QVariantList{quint64(7), true}));
    QTest::mouseClick(cancel, Qt::LeftButton);
    QCOMPARE(cancelled.takeFirst(), QVariantList{quint64(7)});
    for (const QLabel* label : status.findChildren<QLabel*>())
        if (label->text().contains(s("Profiling")))
            QCOMPARE(label->font().weight(),
                     int(QFont::DemiBold)); // styled from the start, not at the next theme
    status.setJob(
        JobLine{.id = 7, .title = s("Profiling 64k"), .canPause = true, .paused = true, .cancelling = true});
    QVERIFY(!cancel->isEnabled());
    QTest::mouseClick(pause, Qt::LeftButton);
    QCOMPARE(paused.takeFirst(), (QVariantList{quint64(7), false}));
    QVERIFY(!queue->isVisible());
    status.setQueue({{.id = 8, .title = s("Validate c1")}, {.id = 9, .title = s("Score head")}});
    QVERIFY(queue->isVisible());
    QTest::mouseClick(queue, Qt::LeftButton);
    auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
    QVERIFY(menu);
    QCOMPARE(menu->actions().size(), 2);
    menu->actions()[1]->trigger();
    QCOMPARE(cancelled.takeFirst(), QVariantList{quint64(9)});
    menu->close();
    status.setJob({});
    QVERIFY(!cancel->isVisible());
    const auto idle = [&](const char* text) -> QColor {
        for (const QLabel* label : status.findChildren<QLabel*>())
            if (label->text() == s(text)) return label->palette().color(QPalette::WindowText);
        return {};
    };
    status.setIdleText(s("Idle. Last job: Validate c1, failed"), true);
    QCOMPARE(idle("Idle. Last job: Validate c1, failed"), Theme::instance().color(Role::Error));
    status.setIdleText(s("Ready"));
    QCOMPARE(idle("Ready"), Theme::instance().color(Role::Text2));
    QTest::mouseClick(status.logButton(), Qt::LeftButton);
    QVERIFY(w.shell.findChild<QDialog*>());
}

void ShellWindowTest::dropLightsUpAndSaysWhat() {
    Window w;
    QStringList dropped;
    w.shell.setDropHandler(
        [](const QMimeData& data) { return data.hasUrls() ? s("Open model llama-3") : QString(); },
        [&](const QMimeData& data) { dropped << data.urls()[0].fileName(); });
    auto* overlay = w.shell.findChild<DropOverlay*>();
    QMimeData text;
    text.setText(s("no file"));
    QDragEnterEvent alien({300, 300}, Qt::CopyAction, &text, Qt::LeftButton, {});
    QApplication::sendEvent(&w.shell, &alien);
    QVERIFY(!overlay->isVisible());
    QMimeData files;
    files.setUrls({QUrl::fromLocalFile(s("llama-3"))});
    QDragEnterEvent enter({300, 300}, Qt::CopyAction, &files, Qt::LeftButton, {});
    QApplication::sendEvent(&w.shell, &enter);
    QVERIFY(enter.isAccepted());
    QVERIFY(overlay->isVisible());
    QCOMPARE(overlay->text(), s("Open model llama-3"));
    QCOMPARE(overlay->size(), w.shell.size());
    test::grabTo(w.shell, s("drop"));
    QDragLeaveEvent leave;
    QApplication::sendEvent(&w.shell, &leave);
    QVERIFY(!overlay->isVisible());
    QApplication::sendEvent(&w.shell, &enter);
    QDropEvent drop({300, 300}, Qt::CopyAction, &files, Qt::LeftButton, {});
    QApplication::sendEvent(&w.shell, &drop);
    QCOMPARE(dropped, QStringList{s("llama-3")});
    QVERIFY(!overlay->isVisible());
}

void ShellWindowTest::closeAsksTheGuard() {
    Window w;
    bool may = false;
    w.shell.setCloseGuard([&] { return may; });
    QSignalSpy closing(&w.shell, &ShellWindow::closing);
    press(w.shell, Qt::Key_W, Qt::ControlModifier);
    QVERIFY(w.shell.isVisible());
    QCOMPARE(closing.size(), 0);
    may = true;
    press(w.shell, Qt::Key_W, Qt::ControlModifier);
    QVERIFY(!w.shell.isVisible());
    QCOMPARE(closing.size(), 1);
}

void ShellWindowTest::layoutAndPageAreKept() {
    QTemporaryDir folder;
    const QString file = folder.filePath(s("settings.ini"));
    const auto addDocks = [](ShellWindow& shell) {
        auto* page = new DockPage;
        page->setCentre(new Panel(s("Centre")));
        for (const char* id : {"one", "two"}) page->addPanel(s(id), new Panel(s(id)));
        shell.addPage({.id = s("docks"), .icon = s("model"), .title = s("Docks"), .key = {}}, page);
        return page;
    };
    {
        QSettings settings(file, QSettings::IniFormat);
        ShellWindow shell(&settings);
        test::fillShell(shell);
        DockPage* page = addDocks(shell);
        shell.resize(1300, 777);
        shell.show();
        shell.showPage(s("docks"));
        test::settle();
        page->findChild<QDockWidget*>(s("two"))->close();
        shell.close();
    }
    QSettings settings(file, QSettings::IniFormat);
    ShellWindow shell(&settings);
    test::fillShell(shell);
    DockPage* page = addDocks(shell);
    shell.restoreLayout();
    shell.show();
    test::settle();
    QCOMPARE(shell.currentPage(), s("docks"));
    QCOMPARE(shell.size(), QSize(1300, 777));
    QVERIFY(page->findChild<QDockWidget*>(s("one"))->isVisible());
    QVERIFY(!page->findChild<QDockWidget*>(s("two"))->isVisible());
    shell.actions().action(s("view.restore_layout"))->trigger();
    test::settle();
    QVERIFY(page->findChild<QDockWidget*>(s("two"))->isVisible());
}

void ShellWindowTest::brokenOrReadOnlySettingsDoNotHinder() {
    QTemporaryDir folder;
    QFile file(folder.filePath(s("broken.ini")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(
        QByteArray("[window\ngeometry=\x00\xff@ByteArray(zz\npage=@Variant(\x00\x00\nlayout\\plan=1", 60));
    file.close();
    for (const QString& path : {file.fileName(), s("/proc/no/such/place.ini")}) {
        QSettings settings(path, QSettings::IniFormat);
        ShellWindow shell(&settings);
        test::fillShell(shell);
        shell.restoreLayout();
        shell.show();
        test::settle();
        QVERIFY(shell.isVisible());
        QCOMPARE(shell.currentPage(), s("model"));
        QVERIFY(shell.close());
    }
}

void ShellWindowTest::everythingHasANameAndAToolTip() {
    Window w;
    for (QAbstractButton* button : w.shell.findChildren<QAbstractButton*>()) {
        if (!button->isVisibleTo(&w.shell) || w.shell.page(w.shell.currentPage())->isAncestorOf(button))
            continue;
        QAccessibleInterface* face = QAccessible::queryAccessibleInterface(button);
        QVERIFY2(face && !face->text(QAccessible::Name).isEmpty(), qPrintable(button->objectName()));
        QVERIFY2(!button->toolTip().isEmpty(), qPrintable(face->text(QAccessible::Name)));
        QVERIFY2(button->width() >= 24 && button->height() >= 24, qPrintable(face->text(QAccessible::Name)));
    }
    const auto roleOf = [](QWidget* widget) { return QAccessible::queryAccessibleInterface(widget)->role(); };
    RailButton* plan = w.shell.rail().button(s("plan"));
    QCOMPARE(roleOf(plan), QAccessible::PageTab);
    QCOMPARE(roleOf(w.shell.context().field(ContextItem::Plan)), QAccessible::ButtonMenu);
    QCOMPARE(roleOf(&w.shell.banners(s("model"))), QAccessible::AlertMessage);
    QAccessibleActionInterface* press = QAccessible::queryAccessibleInterface(plan)->actionInterface();
    press->doAction(QAccessibleActionInterface::pressAction());
    QCOMPARE(w.shell.currentPage(), s("plan"));
    QVERIFY(QAccessible::queryAccessibleInterface(plan)->state().selected);
    for (const ActionSpec& spec : w.shell.actions().specs()) {
        const QAction* action = w.shell.actions().action(spec.id);
        QVERIFY(!action->toolTip().isEmpty());
        if (!spec.shortcut.isEmpty()) QVERIFY(action->toolTip().contains(ActionRegistry::keyText(spec)));
    }
}

void ShellWindowTest::nothingIsCutAtTheSmallestSize() {
    Window w;
    BannerArea& banners = w.shell.banners(s("model"));
    banners.post(
        {.title = s("Validation of c1 stopped at N 48k, batch 16"),
         .detail = s("The dense reference needs 98.6 GiB; 58.9 GiB is free. Results for 6k to 24k are kept."),
         .actions = {{s("Retry with batch 8"), {}}, {s("Eject SmolLM2"), {}, s("eject")}}});
    for (const char* family : {"", "DejaVu Sans"}) {
        Theme::instance().setFontFamily(s(family));
        w.shell.resize(w.shell.minimumSize());
        test::settle();
        QCOMPARE(w.shell.size(), QSize(1024, 680));
        for (const QLabel* label : banners.findChildren<QLabel*>())
            QVERIFY2(label->height() >= label->heightForWidth(label->width()), qPrintable(label->text()));
        for (QWidget* bar :
             {static_cast<QWidget*>(&w.shell.status()), static_cast<QWidget*>(&w.shell.context())}) {
            QRect before;
            for (QObject* child : bar->children()) {
                auto* widget = qobject_cast<QWidget*>(child);
                if (!widget || !widget->isVisible() || widget->isWindow()) continue;
                QVERIFY2(bar->rect().contains(widget->geometry()), qPrintable(widget->objectName()));
                const int least =
                    widget->minimumWidth() > 0 ? widget->minimumWidth() : widget->minimumSizeHint().width();
                QVERIFY2(widget->width() >= least, qPrintable(s("%1 is %2 px wide, needs %3")
                                                                  .arg(widget->objectName())
                                                                  .arg(widget->width())
                                                                  .arg(least)));
                QVERIFY(!before.intersects(widget->geometry()));
                before = widget->geometry();
            }
        }
    }
}

void ShellWindowTest::pictures() {
    Window w;
    w.shell.showPage(s("plan"));
    w.shell.banners(s("plan")).post(
        {.title = s("Validation of c1 stopped at N 48k, batch 16"),
         .detail = s("The dense reference needs 98.6 GiB; 58.9 GiB is free. Results for 6k to 24k are kept."),
         .actions = {{s("Retry with batch 8"), {}}, {s("Eject SmolLM2"), {}, s("eject")}}});
    test::forEachLook(w.shell, [&](const QString& name) { test::grabTo(w.shell, s("shell-") + name); });
    w.shell.notices().post({.title = s("Profile finished, 64k"),
                            .text = s("50 samples in 9 min 46 s. Influence is ready."),
                            .primary = {s("Open Search"), {}},
                            .secondary = {s("Re-solve with 64k"), {}}});
    w.shell.status().setJob({});
    w.shell.status().setIdleText(s("Idle. Last job: profile 64k, 09:44:21"));
    w.shell.commandPalette().open(s("wide l14"));
    test::forEachLook(w.shell, [&](const QString& name) { test::grabTo(w.shell, s("palette-") + name); });
    w.shell.commandPalette().dismiss();
    w.shell.notices().toggleList();
    test::grabTo(w.shell, s("bell"));
    w.shell.resize(1024, 680);
    Theme::instance().setFontFamily(s("DejaVu Sans"));
    test::grabTo(w.shell, s("smallest"));
    Theme::instance().setHighContrast(true);
    test::grabTo(w.shell, s("contrast"));
    Theme::instance().setHighContrast(false);
}

} // namespace moa

QTEST_MAIN(moa::ShellWindowTest)
#include "shell_window_test.moc"
