// The actions that belong to the window itself, and the walk from panel to panel.
#include "ui/views/shell_window.h"

#include "ui/views/key_sheet.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/dock_page.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/palette_field.h"
#include "ui/widgets/shell/status_bar.h"

#include <QApplication>
#include <QMenu>
#include <QStackedWidget>

#include <algorithm>

namespace moa {

void ShellWindow::registerActions() {
    const auto add = [this](const ActionSpec& spec, std::function<void()> run = {}) {
        addAction(
            m_actions.add(spec, std::move(run))); // also to the window: the key works with any menu state
    };
    add({.id = QStringLiteral("file.close"),
         .text = tr("&Close window"),
         .menu = MenuId::File,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_W),
         .group = 90},
        [this] { close(); });
    add({.id = QStringLiteral("file.quit"),
         .text = tr("&Quit"),
         .menu = MenuId::File,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_Q),
         .group = 90},
        [this] {
            if (close()) QApplication::quit();
        });
    add({.id = QStringLiteral("edit.settings"),
         .text = tr("&Settings…"),
         .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_Comma),
         .icon = QStringLiteral("settings"),
         .group = 90},
        [this] { emit settingsRequested(); });
    add({.id = QStringLiteral("selection.back"),
         .text = tr("Selection &back"),
         .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::ALT | Qt::Key_Left),
         .icon = QStringLiteral("back"),
         .group = 40});
    add({.id = QStringLiteral("selection.forward"),
         .text = tr("Selection &forward"),
         .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::ALT | Qt::Key_Right),
         .icon = QStringLiteral("forward"),
         .group = 40});
    add({.id = QStringLiteral("head.pin"),
         .text = tr("&Pin head"),
         .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::Key_P),
         .icon = QStringLiteral("pin"),
         .scope = ActionScope::Canvas,
         .group = 30,
         .detail = tr("A pinned head keeps its rule: edits and searches leave it alone.")});
    add({.id = QStringLiteral("help.keys"),
         .text = tr("&Keys"),
         .menu = MenuId::Help,
         .shortcut = QKeySequence(Qt::Key_Question),
         .icon = QStringLiteral("keyboard")},
        [this] { showKeys(); });
    // Where `?` is a shifted key, some platforms report the Shift and some do not.
    m_actions.action(QStringLiteral("help.keys"))
        ->setShortcuts({QKeySequence(Qt::Key_Question), QKeySequence(Qt::SHIFT | Qt::Key_Question)});
    registerViewActions();
    registerKeyHints();
}

void ShellWindow::registerKeyHints() {
    const std::pair<QString, QString> hints[] = {
        {tr("W, S"), tr("Zoom in, out")},
        {tr("A, D"), tr("Pan left, right")},
        {tr("F"), tr("Fit the whole")},
        {tr("Shift+F"), tr("Centre the selection")},
        {tr("Arrows"), tr("Move by one")},
        {tr("Shift+arrows"), tr("Move by ten, or extend the selection")},
        {tr("Home, End"), tr("First, last")},
        {tr("., ,"), tr("Next, previous peak")},
        {tr("Enter"), tr("Open")},
        {tr("Esc"), tr("Clear, close, take a drag back")},
        {tr("Ctrl+wheel"), tr("Zoom at the pointer; the wheel alone pans")},
    };
    for (const auto& [keys, text] : hints) m_actions.addKeyHint({keys, text});
}

void ShellWindow::showKeys() {
    if (!m_keySheet) m_keySheet = new KeySheet(m_actions, this);
    m_keySheet->show();
    m_keySheet->raise();
    m_keySheet->activateWindow();
}

void ShellWindow::registerViewActions() {
    const auto add = [this](const ActionSpec& spec, std::function<void()> run = {}) {
        addAction(m_actions.add(spec, std::move(run)));
    };
    const auto menuAction = [&](const char* id, const QString& text, Qt::Key key, ContextItem item) {
        add({.id = QLatin1String(id),
             .text = text,
             .menu = MenuId::View,
             .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | key),
             .group = 10},
            [this, item] { m_context->openMenu(item); });
    };
    menuAction("context.model", tr("Choose &model"), Qt::Key_M, ContextItem::Model);
    menuAction("context.plan", tr("Choose p&lan"), Qt::Key_L, ContextItem::Plan);
    menuAction("context.length", tr("Choose length &N"), Qt::Key_N, ContextItem::Length);
    menuAction("context.prompt", tr("Choose promp&t"), Qt::Key_T, ContextItem::Prompt);
    add({.id = QStringLiteral("view.next_panel"),
         .text = tr("&Next panel"),
         .menu = MenuId::View,
         .shortcut = QKeySequence(Qt::Key_F6),
         .group = 20},
        [this] { movePanelFocus(1); });
    add({.id = QStringLiteral("view.previous_panel"),
         .text = tr("&Previous panel"),
         .menu = MenuId::View,
         .shortcut = QKeySequence(Qt::SHIFT | Qt::Key_F6),
         .group = 20},
        [this] { movePanelFocus(-1); });
    add({.id = QStringLiteral("view.full_screen"),
         .text = tr("&Full screen"),
         .menu = MenuId::View,
         .shortcut = QKeySequence(Qt::Key_F11),
         .icon = QStringLiteral("fit"),
         .group = 30,
         .checkable = true},
        [this] { toggleFullScreen(); });
    const auto docks = [this] { return qobject_cast<DockPage*>(page(currentPage())); };
    m_actions.addDynamicMenu(
        MenuId::View, tr("Pa&nels"),
        [docks](QMenu* menu) {
            if (const DockPage* here = docks()) menu->addActions(here->panelActions());
            if (menu->isEmpty()) menu->addAction(tr("This page has none"))->setEnabled(false);
        },
        25);
    add({.id = QStringLiteral("view.restore_layout"),
         .text = tr("&Restore default layout"),
         .menu = MenuId::View,
         .group = 25,
         .detail = tr("Puts the panels of this page back where they were at first.")},
        [docks] {
            if (DockPage* here = docks()) here->restoreDefaultLayout();
        });
    add({.id = QStringLiteral("view.palette"),
         .text = tr("&Command palette"),
         .menu = MenuId::View,
         .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P),
         .icon = QStringLiteral("magnifier"),
         .group = 5},
        [this] { m_palette->open(); });
    add({.id = QStringLiteral("view.find_head"),
         .text = tr("Find &head…"),
         .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_P),
         .group = 40},
        [this] { m_palette->open(QStringLiteral("@")); });
    add({.id = QStringLiteral("view.log"),
         .text = tr("Show &log"),
         .menu = MenuId::Window,
         .icon = QStringLiteral("log"),
         .group = 10},
        [this] { showLog(); });
    add({.id = QStringLiteral("view.notices"),
         .text = tr("Show &notices"),
         .menu = MenuId::Window,
         .icon = QStringLiteral("bell"),
         .group = 10},
        [this] { m_notices->toggleList(); });
}

void ShellWindow::connectPalette() {
    const ActionSpec* spec = m_actions.spec(QStringLiteral("view.palette"));
    m_field->setKey(ActionRegistry::keyText(*spec));
    connect(m_field, &QAbstractButton::clicked, m_palette, [this] { m_palette->open(); });
    m_palette->addSource({[this](const QString&) {
        std::vector<PaletteItem> items;
        for (const ActionSpec& s : m_actions.specs()) {
            const QAction* action = m_actions.action(s.id);
            if (!action->isVisible() || s.id == QLatin1String("view.palette")) continue;
            items.push_back({.kind = PaletteKind::Action,
                             .id = s.id,
                             .title = ActionRegistry::plainText(s),
                             .detail = s.detail,
                             .key = ActionRegistry::keyText(s),
                             .enabled = action->isEnabled(),
                             .reason = m_actions.reason(s.id),
                             .icon = s.icon});
        }
        return items;
    }});
    connect(m_palette, &CommandPalette::activated, this, [this](const PaletteItem& item) {
        QAction* action = item.kind == PaletteKind::Action ? m_actions.action(item.id) : nullptr;
        if (action) action->trigger();
    });
}

void ShellWindow::toggleFullScreen() {
    setWindowState(windowState() ^ Qt::WindowFullScreen);
    m_actions.action(QStringLiteral("view.full_screen"))->setChecked(isFullScreen());
}

void ShellWindow::movePanelFocus(int step) {
    // The stops: rail, context bar, the page's panels by column, status bar.
    QList<Panel*> panels;
    if (const QWidget* frame = m_stack->currentWidget())
        for (Panel* p : frame->findChildren<Panel*>())
            if (p->isVisible()) panels.push_back(p);
    std::sort(panels.begin(), panels.end(), [this](const Panel* a, const Panel* b) {
        const QPoint at = a->mapTo(this, QPoint()), bt = b->mapTo(this, QPoint());
        return at.x() != bt.x() ? at.x() < bt.x() : at.y() < bt.y();
    });
    QList<QWidget*> stops{m_rail, m_context};
    for (Panel* p : panels) stops.push_back(p);
    stops.push_back(m_status);
    const QWidget* focused = QApplication::focusWidget();
    int at = -1;
    for (int i = 0; i < stops.size(); ++i)
        if (focused && (stops[i] == focused || stops[i]->isAncestorOf(focused))) at = i;
    for (int tries = 0; tries < stops.size(); ++tries) {
        at = at < 0 ? (step > 0 ? 0 : int(stops.size()) - 1)
                    : (at + step + int(stops.size())) % int(stops.size());
        QWidget* stop = stops[at];
        for (QWidget* w : stop->findChildren<QWidget*>())
            if ((w->focusPolicy() & Qt::TabFocus) && w->isVisibleTo(this) && w->isEnabled()) {
                w->setFocus(Qt::TabFocusReason);
                return;
            }
    }
}

} // namespace moa
