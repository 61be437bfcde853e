// Mouse, keys, magnifier and accessibility of the grid of heads.
#include "ui/widgets/inspect/heads_grid.h"

#include "ui/widgets/inspect/head_magnifier.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

enum Hit { kNothing = -1, kHead, kRow, kColumn };

} // namespace

std::pair<int, HeadsGrid::Head> HeadsGrid::hit(QPoint at) const {
    if (itemCount() == 0) return {kNothing, {}};
    const int column = (at.x() - m_labelWidth) / m_cellWidth;
    const int row = (at.y() - m_headerHeight + verticalScrollBar()->value()) / m_rowHeight;
    const bool inColumns = at.x() >= m_labelWidth && column < m_kvHeads;
    if (at.y() < m_headerHeight)
        return inColumns ? std::pair{int(kColumn), Head{0, column}} : std::pair{int(kNothing), Head{}};
    if (row >= m_layers) return {kNothing, {}};
    if (inColumns) return {kHead, {row, column}};
    return {at.x() < m_labelWidth ? kRow : kNothing, {row, 0}};
}

void HeadsGrid::ensureVisible(Head head) {
    const int top = head.layer * m_rowHeight, shown = viewport()->height() - m_headerHeight - 6;
    QScrollBar* bar = verticalScrollBar();
    if (top < bar->value())
        bar->setValue(top);
    else if (top + m_rowHeight > bar->value() + shown)
        bar->setValue(top + m_rowHeight - shown);
}

void HeadsGrid::selectBox(Head a, Head b, bool add) {
    if (!add) m_selected.assign(m_selected.size(), false);
    for (int l = std::min(a.layer, b.layer); l <= std::max(a.layer, b.layer); ++l)
        for (int g = std::min(a.kvHead, b.kvHead); g <= std::max(a.kvHead, b.kvHead); ++g)
            m_selected[std::size_t(index({l, g}))] = true;
    viewport()->update();
}

void HeadsGrid::moveCurrent(Head to, bool extend) {
    to = {std::clamp(to.layer, 0, m_layers - 1), std::clamp(to.kvHead, 0, m_kvHeads - 1)};
    const bool moved = to != m_current;
    m_current = to;
    if (!extend) m_anchor = to;
    selectBox(m_anchor, to, false);
    ensureVisible(to);
    announceCurrent(this);
    if (moved) emit currentChanged(to.layer, to.kvHead);
    emit selectionChanged();
}

void HeadsGrid::mousePressEvent(QMouseEvent* event) {
    hideMagnifier();
    if (event->button() != Qt::LeftButton) return;
    const auto [what, head] = hit(event->position().toPoint());
    const bool shift = event->modifiers() & Qt::ShiftModifier,
               ctrl = event->modifiers() & Qt::ControlModifier;
    if (what == kRow || what == kColumn) {
        const Head first = head,
                   last = what == kRow ? Head{head.layer, m_kvHeads - 1} : Head{m_layers - 1, head.kvHead};
        selectBox(first, last, shift || ctrl);
        emit selectionChanged();
    } else if (what == kHead && ctrl) {
        m_selected[std::size_t(index(head))] = !m_selected[std::size_t(index(head))];
        m_anchor = head;
        viewport()->update();
        emit selectionChanged();
    } else if (what == kHead) {
        moveCurrent(head, shift);
        m_boxing = !shift;
    }
}

void HeadsGrid::mouseMoveEvent(QMouseEvent* event) {
    const auto [what, head] = hit(event->position().toPoint());
    if (m_boxing && (event->buttons() & Qt::LeftButton)) {
        if (what == kHead && head != m_current) moveCurrent(head, true);
        return;
    }
    const Head over = what == kHead ? head : Head{-1, -1};
    if (over == m_hovered) return;
    hideMagnifier();
    m_hovered = over;
    if (what == kHead) m_hoverTimer.start();
}

void HeadsGrid::mouseReleaseEvent(QMouseEvent*) {
    m_boxing = false;
}

void HeadsGrid::mouseDoubleClickEvent(QMouseEvent* event) {
    const auto [what, head] = hit(event->position().toPoint());
    if (what == kHead && event->button() == Qt::LeftButton) emit opened(head.layer, head.kvHead);
}

bool HeadsGrid::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Leave || event->type() == QEvent::Wheel || event->type() == QEvent::Hide)
        hideMagnifier();
    if (event->type() == QEvent::ToolTip) return true; // the magnifier says it sooner
    return QAbstractScrollArea::viewportEvent(event);
}

void HeadsGrid::keyPressEvent(QKeyEvent* event) {
    if (itemCount() == 0) return QAbstractScrollArea::keyPressEvent(event);
    hideMagnifier();
    const bool extend = event->modifiers() & Qt::ShiftModifier;
    const int page = std::max((viewport()->height() - m_headerHeight) / m_rowHeight - 1, 1);
    Head to = m_current;
    switch (event->key()) {
    case Qt::Key_Left:
        --to.kvHead;
        break;
    case Qt::Key_Right:
        ++to.kvHead;
        break;
    case Qt::Key_Up:
        --to.layer;
        break;
    case Qt::Key_Down:
        ++to.layer;
        break;
    case Qt::Key_PageUp:
        to.layer -= page;
        break;
    case Qt::Key_PageDown:
        to.layer += page;
        break;
    case Qt::Key_Home:
        to = event->modifiers() & Qt::ControlModifier ? Head{} : Head{to.layer, 0};
        break;
    case Qt::Key_End:
        to = {event->modifiers() & Qt::ControlModifier ? m_layers - 1 : to.layer, m_kvHeads - 1};
        break;
    case Qt::Key_Space:
    case Qt::Key_P:
        emit pinToggled(m_current.layer, m_current.kvHead);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        emit opened(m_current.layer, m_current.kvHead);
        return;
    case Qt::Key_Escape:
        if (selected().size() > 1) return moveCurrent(m_current, false);
        [[fallthrough]];
    default:
        return QAbstractScrollArea::keyPressEvent(event);
    }
    moveCurrent(to, extend);
}

void HeadsGrid::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    announceCurrent(this);
    viewport()->update();
}

void HeadsGrid::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

void HeadsGrid::showMagnifier() {
    if (m_hovered.layer < 0 || m_hovered.layer >= m_layers || m_hovered.kvHead >= m_kvHeads) return;
    if (!m_magnifier || m_magnifier->parentWidget() != window()) {
        delete m_magnifier;
        m_magnifier = new HeadMagnifier(window());
        connect(m_magnifier, &QObject::destroyed, this, [this] { m_magnifier = nullptr; });
    }
    const std::size_t at = std::size_t(index(m_hovered));
    QStringList lines;
    if (!m_windows.empty())
        lines << tr("Span %1 of %2").arg(paint::count(spanOf(at)), paint::count(m_tokens));
    if (!m_influence.empty())
        lines << tr("Influence outside %1").arg(paint::number(double(m_influence[at]), 2));
    if (hasStatistic() && m_statistic.text && !std::isnan(m_statistic.values[at]))
        lines << tr("%1 %2").arg(m_statistic.name, m_statistic.text(double(m_statistic.values[at])));
    if (!m_pinned.empty() && m_pinned[at]) lines << tr("Pinned");
    const QRect cell = cellRect(m_hovered);
    m_magnifier->showFor({viewport()->mapTo(window(), cell.topLeft()), cell.size()},
                         tr("L%1 · KV%2").arg(m_hovered.layer).arg(m_hovered.kvHead), lines, m_thumbnails[at],
                         maskOf(int(at)), m_look);
}

void HeadsGrid::hideMagnifier() {
    m_hoverTimer.stop();
    m_hovered = {-1, -1};
    if (m_magnifier) m_magnifier->hide();
}

qint64 HeadsGrid::spanOf(std::size_t at) const {
    return std::min<qint64>(m_windows[at] + m_sink, m_tokens); // a full window is larger than any text
}

QString HeadsGrid::sentence(Head head) const {
    const std::size_t at = std::size_t(index(head));
    QStringList parts{tr("Layer %1").arg(head.layer), tr("KV head %1").arg(head.kvHead)};
    if (hasStatistic() && m_statistic.text && !std::isnan(m_statistic.values[at]))
        parts << tr("%1 %2").arg(m_statistic.name.toLower(),
                                 m_statistic.text(double(m_statistic.values[at])));
    if (!m_windows.empty()) parts << tr("span %1").arg(paint::count(spanOf(at)));
    if (!m_influence.empty())
        parts << tr("influence outside %1").arg(paint::number(double(m_influence[at]), 2));
    parts << (!m_pinned.empty() && m_pinned[at] ? tr("pinned") : tr("not pinned"));
    return parts.join(QStringLiteral(", "));
}

AccessibleItem HeadsGrid::item(int index) const {
    AccessibleItem item;
    item.name = sentence(headOf(index));
    item.rect = cellRect(headOf(index)).translated(viewport()->pos());
    item.selected = m_selected[std::size_t(index)];
    return item;
}

void HeadsGrid::activateItem(int index) {
    if (index >= 0 && index < itemCount()) moveCurrent(headOf(index), false);
}

} // namespace moa
