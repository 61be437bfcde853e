// Painting and moving.
#include "ui/widgets/search/bound_slider.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr int kNameWidth = 38, kTrack = 4, kHandle = 6, kGap = 10, kOffZone = 14;

} // namespace

BoundSlider::BoundSlider(const QString& name, const QString& spoken, QWidget* parent)
    : QWidget(parent), m_name(name), m_spoken(spoken), m_text([](double v) { return QString::number(v); }) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(spoken);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void BoundSlider::setRange(double least, double most, double step, double curve) {
    m_least = least;
    m_most = std::max(most, least + step);
    m_step = step;
    m_curve = curve;
    update();
}

void BoundSlider::setText(std::function<QString(double)> text, const QString& widest) {
    m_text = std::move(text);
    m_widest = widest;
    update();
}

void BoundSlider::setOffText(const QString& text) {
    m_offText = text;
    update();
}

void BoundSlider::setTick(std::optional<double> tick) {
    if (tick == m_tick) return;
    m_tick = tick;
    update();
}

void BoundSlider::setFollowing(bool on) {
    if (on == m_following) return;
    m_following = on;
    update();
}

void BoundSlider::setValue(double value) {
    if (value == m_value) return;
    m_value = value;
    announceCurrent(this);
    update();
}

void BoundSlider::setLower(double value) {
    if (value == m_lower) return;
    m_lower = value;
    announceCurrent(this);
    update();
}

void BoundSlider::setOff(bool off) {
    if (off == m_off) return;
    m_off = off;
    announceCurrent(this);
    update();
}

QString BoundSlider::shown() const {
    if (m_off) return m_offText;
    return m_two ? QStringLiteral("%1–%2").arg(m_text(m_lower), m_text(m_value)) : m_text(m_value);
}

int BoundSlider::textWidthNeeded() const {
    return std::max({textWidth(m_widest, TextStyle::Key), textWidth(m_offText, TextStyle::Key), textWidth(shown(), TextStyle::Key)});
}

QSize BoundSlider::sizeHint() const {
    return {280, Theme::instance().rowHeight(TextStyle::Table)};
}

QRectF BoundSlider::track() const {
    const double left = std::max(kNameWidth, textWidth(m_name, TextStyle::Key) + kGap);
    const double right = width() - textWidthNeeded() - kGap - 3 - (m_offText.isEmpty() ? 0 : kOffZone);
    return {left + kHandle, height() / 2.0 - kTrack / 2.0, std::max(right - left - 2 * kHandle, 20.0), kTrack};
}

double BoundSlider::positionOf(double value) const {
    const double share = std::clamp((value - m_least) / (m_most - m_least), 0.0, 1.0);
    return std::pow(share, 1 / m_curve);
}

double BoundSlider::valueAt(double x) const {
    const double share = std::clamp((x - track().left()) / track().width(), 0.0, 1.0);
    const double value = m_least + std::pow(share, m_curve) * (m_most - m_least);
    return std::clamp(std::round(value / m_step) * m_step, m_least, m_most);
}

QPoint BoundSlider::handle(bool lower) const {
    const QRectF box = track();
    const double x = m_off && !lower ? box.right() + kOffZone : box.left() + positionOf(lower ? m_lower : m_value) * box.width();
    return {int(std::lround(x)), height() / 2};
}

void BoundSlider::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Role strong = m_following ? Role::Text3 : Role::Text;
    drawText(painter, QRectF(3, 0, kNameWidth, height()), m_name, TextStyle::Key, strong);
    const QRectF box = track();
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::Neutral));
    painter.drawRoundedRect(box, 2, 2);
    const QColor line = theme.color(m_following || m_off ? Role::Control : Role::Accent);
    const double left = m_two ? handle(true).x() : box.left();
    if (!m_off) {
        painter.setBrush(line);
        painter.drawRoundedRect(QRectF(QPointF(left, box.top()), QPointF(handle().x(), box.bottom())), 2, 2);
    }
    if (m_tick) {
        painter.setBrush(theme.color(Role::Sparse));
        painter.drawRect(QRectF(box.left() + positionOf(*m_tick) * box.width() - 1.5, height() / 2.0 - 6, 3, 12));
    }
    painter.setPen(QPen(line, 2));
    painter.setBrush(theme.color(Role::Surface));
    if (m_two) painter.drawEllipse(QPointF(handle(true)), kHandle, kHandle);
    painter.drawEllipse(QPointF(handle()), kHandle, kHandle);
    drawText(painter, QRectF(0, 0, width() - 3, height()), shown(), TextStyle::Key, m_off || m_following ? Role::Text3 : Role::Text,
             Qt::AlignRight | Qt::AlignVCenter);
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()), metrics::kControlRadius);
}

void BoundSlider::moveTo(double value, bool lower, bool mayOff) {
    if (lower) {
        value = std::clamp(value, m_least, m_value);
        if (value == m_lower) return;
        setLower(value);
        emit lowerMoved(value);
        return;
    }
    const bool off = !m_offText.isEmpty() && mayOff && value > m_most + m_step / 2;
    value = std::clamp(value, m_least, m_most);
    if (value == m_value && off == m_off) return;
    setOff(off);
    setValue(value);
    emit moved(value, off);
}

void BoundSlider::step(double steps) {
    if (m_off) {
        if (steps < 0) moveTo(m_most, false, false);
        return;
    }
    const bool lower = m_two && m_onLower;
    const double now = lower ? m_lower : m_value;
    // On a curved track a step is worth a hundredth of the way where that is more.
    const double far = std::pow(std::clamp(positionOf(now) + steps / 100, 0.0, 1.0), m_curve) * (m_most - m_least) + m_least;
    double next = m_curve > 1 && std::abs(far - now) > std::abs(steps) * m_step ? far : now + steps * m_step;
    next = std::round(next / m_step) * m_step;
    if (steps > 0 && now >= m_most - m_step / 2) next = m_most + m_step;
    moveTo(next, lower);
}

void BoundSlider::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const double x = event->position().x();
    m_onLower = m_two && std::abs(x - handle(true).x()) < std::abs(x - handle().x());
    m_dragging = true;
    mouseMoveEvent(event);
}

void BoundSlider::mouseMoveEvent(QMouseEvent* event) {
    if (!m_dragging || !(event->buttons() & Qt::LeftButton)) return;
    const double x = event->position().x();
    const bool off = !m_offText.isEmpty() && !m_onLower && x > track().right() + kOffZone / 2.0;
    moveTo(off ? m_most + m_step : valueAt(x), m_onLower);
}

void BoundSlider::mouseReleaseEvent(QMouseEvent*) {
    m_dragging = false;
}

void BoundSlider::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) emit reset();
}

void BoundSlider::wheelEvent(QWheelEvent* event) {
    if (!hasFocus()) return event->ignore();
    step(event->angleDelta().y() > 0 ? 1 : -1);
}

void BoundSlider::keyPressEvent(QKeyEvent* event) {
    const double size = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Down: return step(-size);
    case Qt::Key_Right:
    case Qt::Key_Up: return step(size);
    case Qt::Key_PageDown: return step(-10);
    case Qt::Key_PageUp: return step(10);
    case Qt::Key_Home: return moveTo(m_least, m_two && m_onLower);
    case Qt::Key_End: return moveTo(m_offText.isEmpty() ? m_most : m_most + m_step, m_two && m_onLower);
    case Qt::Key_Delete:
    case Qt::Key_Backspace: emit reset(); return;
    case Qt::Key_Space:
        if (m_two) m_onLower = !m_onLower;
        announceCurrent(this);
        return update();
    default: return QWidget::keyPressEvent(event);
    }
}

void BoundSlider::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void BoundSlider::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem BoundSlider::item(int index) const {
    AccessibleItem item;
    item.role = QAccessible::Slider;
    const bool lower = index == 1;
    item.name = tr("%1, %2%3").arg(m_spoken, m_two ? (lower ? tr("lower, ") : tr("upper, ")) : QString(),
                                   !lower && m_off ? m_offText : m_text(lower ? m_lower : m_value));
    item.rect = QRect(handle(lower) - QPoint(kHandle, kHandle), QSize(2 * kHandle, 2 * kHandle));
    item.value = lower ? m_lower : m_value;
    item.minimum = m_least;
    item.maximum = m_most;
    item.step = m_step;
    return item;
}

void BoundSlider::setItemValue(int index, double value) {
    moveTo(value, index == 1);
}

} // namespace moa
