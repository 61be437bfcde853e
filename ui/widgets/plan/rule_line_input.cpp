// Mouse, keys, tips and accessibility of the rule's line.
#include "ui/widgets/plan/rule_line.h"

#include "ui/widgets/inspect/paint_tools.h"

#include <QKeyEvent>
#include <QLineF>
#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr double kHandleReach = 14; ///< px: handles are 28 across

double snapped(double value, double step) {
    return std::round(value / step) * step;
}

} // namespace

RuleLine::Part RuleLine::partAt(QPointF at) const {
    const auto reach = [&](Part part) { return QLineF(at, handleAt(part)).length(); };
    if (reach(Part::Beta) <= kHandleReach) return Part::Beta;
    if (reach(Part::Alpha) <= kHandleReach) return Part::Alpha;
    if (!m_plot.contains(at)) return Part::None;
    const double n = (at.x() - m_plot.left()) / m_plot.width() * m_mostN;
    return std::abs(at.y() - y(held(m_scene.rule, n))) <= metrics::kDragTolerance ? Part::Line : Part::None;
}

Rule RuleLine::dragged(QPointF at, Qt::KeyboardModifiers modifiers) const {
    const double moved = -(at.y() - m_pressedAt.y()) / m_plot.height() * m_mostSpan, n = double(m_scene.n);
    const bool grid = m_snaps && !(modifiers & Qt::ControlModifier);
    const bool beta = m_dragging == Part::Beta || (m_dragging == Part::Line && (modifiers & Qt::ShiftModifier));
    Rule rule = m_pressedRule;
    if (beta) {
        const double wanted = rule.beta + moved / n;
        rule.beta = std::clamp(grid ? snapped(wanted, m_betaStep) : snapped(wanted * n, kBlock) / n, 0.0, 1.0);
    } else {
        const double step = grid ? m_alphaStep : kBlock;
        rule.alpha = std::clamp(snapped(rule.alpha + moved, step), -snapped(n, step), snapped(n, step));
    }
    return rule;
}

void RuleLine::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const Part part = partAt(event->position());
    if (part == Part::None) return;
    if (part != Part::Line) m_active = part;
    m_dragging = part;
    m_pressedAt = event->position();
    m_pressedRule = m_scene.rule;
    update();
    emit dragBegan(part);
}

void RuleLine::mouseMoveEvent(QMouseEvent* event) {
    if (m_dragging != Part::None && (event->buttons() & Qt::LeftButton)) {
        if (m_scene.pinned) return;
        const Rule rule = dragged(event->position(), event->modifiers());
        if (rule != m_scene.rule) emit ruleDragged(rule.alpha, rule.beta);
        return;
    }
    const Part part = partAt(event->position());
    if (part == m_hovered) return;
    m_hovered = part;
    setCursor(part == Part::None ? Qt::ArrowCursor : Qt::SizeVerCursor);
    update();
}

void RuleLine::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m_dragging == Part::None) return;
    const Part part = std::exchange(m_dragging, Part::None);
    if (m_scene.rule != m_pressedRule) (part == Part::Beta ? m_betaUsed : m_alphaUsed) = true;
    update();
    emit dragEnded();
}

void RuleLine::leaveEvent(QEvent* event) {
    QWidget::leaveEvent(event);
    m_hovered = Part::None;
    update();
}

bool RuleLine::event(QEvent* event) {
    // Esc in a drag is the drag's, not the window's.
    if (event->type() == QEvent::ShortcutOverride && m_dragging != Part::None &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape)
        event->accept();
    return QWidget::event(event);
}

void RuleLine::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && m_dragging != Part::None) {
        m_dragging = Part::None;
        update();
        return emit dragCancelled();
    }
    if (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right) {
        m_active = event->key() == Qt::Key_Left ? Part::Alpha : Part::Beta;
        announceCurrent(this);
        return update();
    }
    const bool up = event->key() == Qt::Key_Up || event->key() == Qt::Key_BracketRight;
    if (!up && event->key() != Qt::Key_Down && event->key() != Qt::Key_BracketLeft) return QWidget::keyPressEvent(event);
    const double count = (up ? 1 : -1) * (event->modifiers() & Qt::ShiftModifier ? 10 : 1);
    Rule rule = m_scene.rule;
    const bool fine = event->modifiers() & Qt::ControlModifier;
    if (m_active == Part::Beta)
        rule.beta = std::clamp(rule.beta + count * (fine ? double(kBlock) / double(m_scene.n) : m_betaStep), 0.0, 1.0);
    else
        rule.alpha = std::clamp(rule.alpha + count * (fine ? kBlock : m_alphaStep), -double(roundUpToBlock(m_scene.n)), double(roundUpToBlock(m_scene.n)));
    if (rule != m_scene.rule) emit stepped(m_active, rule.alpha, rule.beta);
}

void RuleLine::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void RuleLine::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

void RuleLine::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    layOut();
}

QString RuleLine::tip(QPointF at) const {
    if (m_dragging != Part::None || !m_plot.contains(at)) return {};
    const double n = (at.x() - m_plot.left()) / m_plot.width() * m_mostN;
    const QString text = tr("At N %1 the span is %2").arg(paint::count(std::llround(n)), paint::count(std::llround(held(m_scene.rule, n))));
    const bool beyond = !m_scene.profiled.empty() && n > double(lastProfiled());
    return beyond ? tr("%1, beyond the profiled lengths").arg(text) : text;
}

AccessibleItem RuleLine::item(int index) const {
    const Part part = index == 0 ? Part::Alpha : Part::Beta;
    AccessibleItem item;
    item.role = QAccessible::Slider;
    const QPoint at = handleAt(part).toPoint();
    item.rect = QRect(at - QPoint(14, 14), QSize(28, 28));
    item.selected = part == m_active;
    const double n = double(m_scene.n);
    if (part == Part::Alpha) {
        item.name = tr("Alpha %1 tokens").arg(paint::count(std::llround(m_scene.rule.alpha)));
        item.value = m_scene.rule.alpha;
        item.minimum = -n;
        item.maximum = n;
        item.step = m_alphaStep;
    } else {
        item.name = tr("Beta %1").arg(paint::number(m_scene.rule.beta, 3));
        item.value = m_scene.rule.beta;
        item.maximum = 1;
        item.step = m_betaStep;
    }
    return item;
}

void RuleLine::setItemValue(int index, double value) {
    if (m_scene.pinned || !std::isfinite(value)) return;
    const AccessibleItem range = item(index);
    value = std::clamp(value, range.minimum, range.maximum);
    if (index == 0)
        emit stepped(Part::Alpha, value, m_scene.rule.beta);
    else
        emit stepped(Part::Beta, m_scene.rule.alpha, value);
}

} // namespace moa
