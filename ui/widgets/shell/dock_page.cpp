// Docks of a page, their widths and layouts, and dragging a dock by its panel's header.
#include "ui/widgets/shell/dock_page.h"

#include "ui/widgets/panel.h"
#include "ui/widgets/theme.h"

#include <QAction>
#include <QApplication>
#include <QDataStream>
#include <QDockWidget>
#include <QEvent>
#include <QHBoxLayout>
#include <QIODevice>
#include <QMenu>
#include <QMouseEvent>
#include <QTimer>

#include <algorithm>

namespace moa {
namespace {

constexpr quint32 kMagic = 0x6D6F6101; ///< of a kept layout, with its version
constexpr qsizetype kMostBytes = 64 * 1024;

/// One pixel that stands in for the dock's title bar: the panel's own header does its work.
class NoTitle : public QWidget {
public:
    using QWidget::QWidget;
    QSize sizeHint() const override { return {1, 1}; }
    QSize minimumSizeHint() const override { return sizeHint(); }
};

} // namespace

DockPage::DockPage(QWidget* parent) : QMainWindow(parent) {
    setWindowFlags(Qt::Widget); // a page, not a window
    setDockNestingEnabled(false);
    setDockOptions(QMainWindow::AllowTabbedDocks);
    setContextMenuPolicy(Qt::NoContextMenu);
    setContentsMargins(metrics::kPad, metrics::kPad, metrics::kPad, metrics::kPad);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    auto* fixed = new QWidget;
    m_fixed = new QHBoxLayout(fixed);
    m_fixed->setContentsMargins(0, 0, 0, 0);
    m_fixed->setSpacing(metrics::kGutter);
    setCentralWidget(fixed);
    connect(&Theme::instance(), &Theme::changed, this, &DockPage::restyle);
    restyle();
}

DockPage::~DockPage() = default;

void DockPage::setLeft(QWidget* left, int width) {
    left->setFixedWidth(width);
    m_fixed->insertWidget(0, left);
}

void DockPage::setCentre(QWidget* centre) {
    m_fixed->addWidget(centre, 1);
}

void DockPage::setRightWidth(int px) {
    m_rightWidth = px;
    sizeColumn();
}

QDockWidget* DockPage::addPanel(const QString& id, Panel* panel, int share) {
    auto* dock = new QDockWidget(panel->accessibleName(), this);
    dock->setObjectName(id); // saveState knows docks by it
    dock->setAllowedAreas(Qt::RightDockWidgetArea | Qt::BottomDockWidgetArea);
    dock->setTitleBarWidget(new NoTitle);
    dock->setWidget(panel);
    for (QWidget* w : panel->findChildren<QWidget*>()) w->installEventFilter(this);
    panel->installEventFilter(this);
    QMenu* menu = panel->menu();
    if (!menu->isEmpty()) menu->addSeparator();
    const QAction* floats = menu->addAction(tr("Float or dock"));
    connect(floats, &QAction::triggered, dock, [dock] { dock->setFloating(!dock->isFloating()); });
    connect(menu->addAction(tr("Hide panel")), &QAction::triggered, dock, &QDockWidget::close);
    m_docked.push_back({dock, panel, share});
    addDockWidget(Qt::RightDockWidgetArea, dock);
    m_arranged = false;
    return dock;
}

QList<QAction*> DockPage::panelActions() const {
    QList<QAction*> actions;
    for (const Docked& d : m_docked) actions.push_back(d.dock->toggleViewAction());
    return actions;
}

WidthClass DockPage::classOf(int windowWidth) {
    if (windowWidth >= kWideFrom) return WidthClass::Wide;
    return windowWidth >= kMediumFrom ? WidthClass::Medium : WidthClass::Narrow;
}

void DockPage::applyClass(WidthClass next) {
    if (next == m_class && m_arranged) return;
    const bool changed = next != m_class;
    if (m_arranged) m_states[std::size_t(m_class)] = saveState();
    m_class = next;
    const QByteArray& kept = m_states[std::size_t(next)];
    if (kept.isEmpty() || !restoreState(kept))
        arrange();
    else
        m_arranged = true;
    if (changed) emit widthClassChanged(next);
}

void DockPage::arrange() {
    m_arranged = true;
    const bool narrow = m_class == WidthClass::Narrow;
    QDockWidget* before = nullptr;
    for (const Docked& d : m_docked) {
        d.dock->setFloating(false);
        addDockWidget(narrow ? Qt::BottomDockWidgetArea : Qt::RightDockWidgetArea, d.dock);
        if (narrow && before) tabifyDockWidget(before, d.dock);
        d.dock->show();
        before = d.dock;
    }
    if (narrow && !m_docked.empty()) m_docked.front().dock->raise();
    sizeColumn();
}

void DockPage::sizeColumn() {
    if (m_docked.empty()) return;
    QList<QDockWidget*> docks;
    QList<int> widths, heights;
    int shares = 0, rest = height() - 2 * metrics::kPad - int(m_docked.size() - 1) * metrics::kGutter;
    for (const Docked& d : m_docked) {
        shares += d.share;
        if (d.share == 0) rest -= d.panel->sizeHint().height();
    }
    for (const Docked& d : m_docked) {
        docks.push_back(d.dock);
        widths.push_back(m_class == WidthClass::Wide ? m_rightWidth : std::min(m_rightWidth, kMediumColumn));
        heights.push_back(d.share == 0 ? d.panel->sizeHint().height()
                                       : std::max(1, rest * d.share / std::max(1, shares)));
    }
    if (m_class == WidthClass::Narrow) {
        resizeDocks({docks.front()}, {std::max(180, height() / 3)}, Qt::Vertical);
        return;
    }
    resizeDocks(docks, widths, Qt::Horizontal);
    resizeDocks(docks, heights, Qt::Vertical);
}

void DockPage::restoreDefaultLayout() {
    m_states.fill({});
    arrange();
}

QByteArray DockPage::saveLayout() const {
    QByteArray bytes;
    QDataStream out(&bytes, QIODevice::WriteOnly);
    out << kMagic << quint32(m_docked.size());
    for (std::size_t i = 0; i < m_states.size(); ++i)
        out << (i == std::size_t(m_class) && m_arranged ? saveState() : m_states[i]);
    return bytes;
}

bool DockPage::restoreLayout(const QByteArray& layout) {
    if (layout.size() > kMostBytes) return false;
    QDataStream in(layout);
    quint32 magic = 0, panels = 0;
    in >> magic >> panels;
    if (magic != kMagic || panels != m_docked.size()) return false;
    std::array<QByteArray, std::size_t(WidthClass::Count)> states;
    for (QByteArray& state : states) in >> state;
    if (in.status() != QDataStream::Ok) return false;
    const QByteArray& now = states[std::size_t(m_class)];
    if (!now.isEmpty() && !restoreState(now)) return false;
    m_states = states;
    m_arranged = m_arranged || !now.isEmpty();
    return true;
}

void DockPage::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    // After the layout of this resize: docks cannot be moved while it runs.
    const WidthClass next = classOf(window()->width());
    if (next != m_class) QTimer::singleShot(0, this, [this] { applyClass(classOf(window()->width())); });
}

void DockPage::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    readSeparators();
    if (!m_arranged) QTimer::singleShot(0, this, [this] { applyClass(classOf(window()->width())); });
}

bool DockPage::eventFilter(QObject* watched, QEvent* event) {
    auto* widget = qobject_cast<QWidget*>(watched);
    const QEvent::Type type = event->type();
    const bool press = type == QEvent::MouseButtonPress;
    if (!widget || (!press && type != QEvent::MouseMove && type != QEvent::MouseButtonRelease))
        return QMainWindow::eventFilter(watched, event);
    const auto* mouse = static_cast<QMouseEvent*>(event);
    if (press) m_dragged = mouse->button() == Qt::LeftButton ? headerUnder(widget, *mouse) : nullptr;
    if (!m_dragged) return QMainWindow::eventFilter(watched, event);
    tellDock(*mouse);
    if (type == QEvent::MouseButtonRelease) m_dragged = nullptr;
    return true; // or the panel around this widget would tell it again
}

QDockWidget* DockPage::headerUnder(const QWidget* widget, const QMouseEvent& event) const {
    for (const Docked& d : m_docked) {
        if (widget != d.panel && !d.panel->isAncestorOf(widget)) continue;
        const int y = d.panel->mapFromGlobal(event.globalPosition().toPoint()).y();
        // Buttons in the header keep their clicks.
        const bool control = widget->focusPolicy() != Qt::NoFocus;
        return !control && y < Theme::instance().panelHeaderHeight() ? d.dock : nullptr;
    }
    return nullptr;
}

void DockPage::tellDock(const QMouseEvent& event) {
    // QDockWidget starts a drag from its title area, here the one pixel at its top: the press is told again
    // as if it had been there. Once the drag runs, the dock grabs the mouse and sees the real events.
    const QPointF global = event.globalPosition();
    QPointF at = m_dragged->mapFromGlobal(global);
    if (event.type() == QEvent::MouseButtonPress) at.setY(0);
    QMouseEvent told(event.type(), at, global, event.button(), event.buttons(), event.modifiers());
    QApplication::sendEvent(m_dragged, &told);
}

void DockPage::restyle() {
    const Theme& theme = Theme::instance();
    setStyleSheet(
        QStringLiteral("moa--DockPage { background: %1; }"
                       "QMainWindow::separator { background: transparent; width: %2px; height: %2px; }"
                       "QTabBar::tab { background: transparent; color: %3; padding: 5px 12px; "
                       "border: 0; border-bottom: 2px solid transparent; }"
                       "QTabBar::tab:selected { color: %4; border-bottom-color: %5; }")
            .arg(theme.color(Role::Window).name())
            .arg(metrics::kGutter)
            .arg(theme.color(Role::Text2).name(), theme.color(Role::Text).name(),
                 theme.color(Role::Accent).name()));
    if (isVisible()) readSeparators();
}

void DockPage::readSeparators() {
    // Qt reads the separators' width only when told of a style, and then before a new sheet counts: once
    // more.
    QEvent styled(QEvent::StyleChange);
    QCoreApplication::sendEvent(this, &styled);
}

} // namespace moa
