// Arrangement of the window, its pages and its memory.
#include "ui/views/shell_window.h"

#include "ui/widgets/shell/accessible_roles.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/dock_page.h"
#include "ui/widgets/shell/drop_overlay.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/palette_field.h"
#include "ui/widgets/shell/status_bar.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QHBoxLayout>
#include <QMenuBar>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

ShellWindow::ShellWindow(QSettings* settings, QWidget* parent) : QMainWindow(parent), m_layouts(settings) {
    installAccessibleRoles();
    setWindowTitle(tr("MoA Workbench"));
    setMinimumSize(1024, 680);
    resize(1600, 1000);
    setAcceptDrops(true);
    menuBar()->setNativeMenuBar(false);
    m_context = new ContextBar;
    m_rail = new ActivityRail;
    m_stack = new QStackedWidget;
    m_status = new StatusBar;
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    middle->addWidget(m_rail);
    middle->addWidget(m_stack, 1);
    auto* body = new QWidget;
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_context);
    column->addLayout(middle, 1);
    column->addWidget(m_status);
    setCentralWidget(body);

    m_field = new PaletteField;
    auto* corner = new QWidget;
    auto* cornerRow = new QHBoxLayout(corner);
    cornerRow->setContentsMargins(8, 0, 4, 0);
    cornerRow->addWidget(m_field);
    menuBar()->setCornerWidget(corner, Qt::TopRightCorner);

    m_rail->addFoot(QStringLiteral("settings"), QStringLiteral("settings"), tr("Settings"),
                    QKeySequence(Qt::CTRL | Qt::Key_Comma));
    connect(m_rail, &ActivityRail::activated, this, [this](const QString& id) {
        if (id == QLatin1String("settings"))
            emit settingsRequested();
        else
            showPage(id);
    });
    registerActions();
    m_actions.buildMenus(menuBar());
    m_context->setActions(m_actions.action(QStringLiteral("selection.back")),
                          m_actions.action(QStringLiteral("selection.forward")),
                          m_actions.action(QStringLiteral("head.pin")));
    m_notices = new NoticeStack(this);
    m_log = new LogModel(this);
    m_palette = new CommandPalette(this);
    m_overlay = new DropOverlay(this);
    connectPalette();
    connect(m_notices, &NoticeStack::unreadChanged, m_status, &StatusBar::setNoticeCount);
    connect(m_status, &StatusBar::noticesRequested, m_notices, &NoticeStack::toggleList);
    connect(m_status, &StatusBar::logRequested, this, &ShellWindow::showLog);
}

ShellWindow::~ShellWindow() = default;

const ShellWindow::Page* ShellWindow::find(const QString& id) const {
    const auto it =
        std::find_if(m_pages.begin(), m_pages.end(), [&](const Page& p) { return p.spec.id == id; });
    return it == m_pages.end() ? nullptr : &*it;
}

void ShellWindow::addPage(const PageSpec& spec, QWidget* page) {
    auto* frame = new QWidget;
    frame->setAccessibleName(spec.title);
    auto* column = new QVBoxLayout(frame);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* banners = new BannerArea;
    column->addWidget(banners);
    column->addWidget(page, 1);
    connect(banners, &BannerArea::logRequested, m_actions.action(QStringLiteral("view.log")),
            &QAction::trigger);
    m_pages.push_back({spec, frame, page, banners});
    m_stack->addWidget(frame);
    m_rail->addPage(spec.id, spec.icon, spec.title, spec.key);
    ActionSpec action{.id = QStringLiteral("page.") + spec.id,
                      .text = tr("%1 page").arg(spec.title),
                      .menu = MenuId::View,
                      .shortcut = spec.key,
                      .icon = spec.icon,
                      .detail = spec.detail};
    addAction(m_actions.add(action, [this, id = spec.id] { showPage(id); }));
    if (m_pages.size() == 1) showPage(spec.id);
}

void ShellWindow::showPage(const QString& id) {
    const Page* wanted = find(id);
    if (!wanted) return;
    m_rail->setCurrent(id);
    if (m_stack->currentWidget() == wanted->frame && m_pages.size() > 1) return;
    const QWidget* focused = QApplication::focusWidget();
    const bool focusFollows = focused && m_stack->isAncestorOf(focused);
    m_stack->setCurrentWidget(wanted->frame);
    if (focusFollows) focusPage();
    emit pageChanged(id);
}

void ShellWindow::focusPage() {
    QWidget* content = page(currentPage());
    if (!content) return;
    QWidget* before = content->focusWidget(); // where it was when the page was left
    (before ? before : content)->setFocus(Qt::OtherFocusReason);
}

void ShellWindow::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    if (!event->spontaneous() && !focusWidget())
        focusPage(); // not the first field of the bar, which Qt would take
}

QString ShellWindow::currentPage() const {
    for (const Page& p : m_pages)
        if (p.frame == m_stack->currentWidget()) return p.spec.id;
    return {};
}

QWidget* ShellWindow::page(const QString& id) const {
    const Page* found = find(id);
    return found ? found->content : nullptr;
}

void ShellWindow::setBadge(const QString& id, bool on, const QString& why) {
    m_rail->setBadge(id, on, why);
}

BannerArea& ShellWindow::banners(const QString& pageId) {
    const Page* found = find(pageId);
    return *(found ? found : find(currentPage()))->banners;
}

void ShellWindow::showLog() {
    if (!m_logDialog) m_logDialog = new LogDialog(m_log, this);
    m_logDialog->show();
    m_logDialog->raise();
    m_logDialog->activateWindow();
}

void ShellWindow::setDropHandler(DropDescriber describe, DropHandler drop) {
    m_describe = std::move(describe);
    m_drop = std::move(drop);
}

void ShellWindow::restoreLayout() {
    m_layouts.restoreGeometry(this);
    for (const Page& p : m_pages)
        if (auto* docks = qobject_cast<DockPage*>(p.content)) docks->restoreLayout(m_layouts.page(p.spec.id));
    showPage(m_layouts.lastPage());
}

void ShellWindow::saveLayout() {
    m_layouts.saveGeometry(this);
    for (const Page& p : m_pages)
        if (const auto* docks = qobject_cast<DockPage*>(p.content))
            m_layouts.savePage(p.spec.id, docks->saveLayout());
    m_layouts.setLastPage(currentPage());
}

void ShellWindow::closeEvent(QCloseEvent* event) {
    if (m_mayClose && !m_mayClose()) {
        event->ignore();
        return;
    }
    saveLayout();
    emit closing();
    event->accept();
}

void ShellWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    m_notices->setBottomInset(m_status->height());
    if (m_palette->isVisible()) m_palette->place();
    if (m_overlay->isVisible()) m_overlay->setGeometry(rect());
}

void ShellWindow::dragEnterEvent(QDragEnterEvent* event) {
    const QString what = m_describe ? m_describe(*event->mimeData()) : QString();
    if (what.isEmpty()) return;
    m_overlay->showFor(what);
    event->acceptProposedAction();
}

void ShellWindow::dragMoveEvent(QDragMoveEvent* event) {
    event->acceptProposedAction();
}

void ShellWindow::dragLeaveEvent(QDragLeaveEvent*) {
    m_overlay->hide();
}

void ShellWindow::dropEvent(QDropEvent* event) {
    m_overlay->hide();
    if (!m_drop) return;
    m_drop(*event->mimeData());
    event->acceptProposedAction();
}

} // namespace moa
