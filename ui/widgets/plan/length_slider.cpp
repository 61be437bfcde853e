// Steps are quarters of a doubling, on whole blocks of 64 tokens.
#include "ui/widgets/plan/length_slider.h"

#include "engine/core/plan.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <bit>
#include <cmath>

namespace moa {
namespace {

constexpr int kSide = 12, kTrack = 4, kHandle = 7, kTop = 11;

} // namespace

LengthSlider::LengthSlider(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Length N"));
    setToolTip(tr("Length N of every page; drag, arrows or wheel"));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

QSize LengthSlider::sizeHint() const {
    return {300, kTop * 2 + 2 + QFontMetrics(Theme::instance().font(TextStyle::Axis)).height()};
}

void LengthSlider::setRange(std::int64_t least, std::int64_t most) {
    m_least = std::max<std::int64_t>(least, 1);
    m_most = std::max(most, m_least + 1);
    update();
}

void LengthSlider::setLength(std::int64_t n) {
    if (n == m_length) return;
    m_length = n;
    announceCurrent(this);
    update();
}

void LengthSlider::setProfiled(std::vector<std::int64_t> lengths) {
    m_profiled = std::move(lengths);
    update();
}

double LengthSlider::at(std::int64_t n) const {
    const double least = std::log2(double(m_least)), most = std::log2(double(m_most));
    const double share = (std::log2(double(std::clamp(n, m_least, m_most))) - least) / (most - least);
    return kSide + share * std::max(width() - 2 * kSide, 1);
}

QPoint LengthSlider::handle() const {
    return {int(std::lround(at(m_length))), kTop};
}

void LengthSlider::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF track(kSide, kTop - kTrack / 2.0, width() - 2 * kSide, kTrack);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::Sunken));
    painter.drawRoundedRect(track, 2, 2);
    painter.setBrush(theme.color(Role::Accent));
    painter.drawRoundedRect(QRectF(track.topLeft(), QPointF(at(m_length), track.bottom())), 2, 2);
    painter.setBrush(theme.color(Role::Influence));
    for (const std::int64_t n : m_profiled)
        if (n >= m_least && n <= m_most) painter.drawRect(QRectF(at(n) - 1, kTop - 5, 2, 10));
    painter.setFont(theme.font(TextStyle::Axis));
    const QFontMetrics metrics(theme.font(TextStyle::Axis));
    double right = -1;
    for (std::int64_t n = std::int64_t(std::bit_ceil(std::uint64_t(m_least))); n <= m_most; n *= 2) {
        paint::hairline(painter, {at(n), kTop + 7.0}, {at(n), kTop + 10.0}, Role::Strong);
        const QString text = paint::axisTokens(n);
        const double half = metrics.horizontalAdvance(text) / 2.0;
        const double middle = std::clamp(at(n), half, width() - half);
        if (middle - half < right + 4) continue;
        painter.setPen(theme.color(Role::Text3));
        painter.drawText(QRectF(middle - half - 1, kTop + 11, 2 * half + 2, metrics.height()), Qt::AlignCenter, text);
        right = middle + half;
    }
    painter.setPen(QPen(theme.color(Role::Accent), 2));
    painter.setBrush(theme.color(Role::Surface));
    painter.drawEllipse(QPointF(at(m_length), kTop), kHandle, kHandle);
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()));
}

void LengthSlider::moveTo(std::int64_t n) {
    n = std::clamp(n, m_least, m_most);
    if (n == m_length) return;
    setLength(n);
    emit moved(n);
}

void LengthSlider::moveBySteps(int steps) {
    const double wanted = double(m_length) * std::exp2(steps / 4.0);
    std::int64_t n = std::int64_t(std::llround(wanted / kBlock)) * kBlock;
    if (n == m_length) n += steps > 0 ? kBlock : -kBlock;
    moveTo(n);
}

void LengthSlider::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) mouseMoveEvent(event);
}

void LengthSlider::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & Qt::LeftButton)) return;
    const double share = std::clamp((event->position().x() - kSide) / std::max(width() - 2 * kSide, 1), 0.0, 1.0);
    const double least = std::log2(double(m_least)), most = std::log2(double(m_most));
    double exponent = least + share * (most - least);
    // Powers of two are where one wants to be: they hold the handle a little.
    if (std::abs(exponent - std::round(exponent)) < 0.06) exponent = std::round(exponent);
    const double wanted = std::exp2(exponent);
    moveTo(wanted < kBlock ? std::llround(wanted) : std::llround(wanted / kBlock) * kBlock);
}

void LengthSlider::wheelEvent(QWheelEvent* event) {
    if (!hasFocus()) return event->ignore();
    moveBySteps(event->angleDelta().y() > 0 ? 1 : -1);
}

void LengthSlider::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Down: return moveBySteps(-1);
    case Qt::Key_Right:
    case Qt::Key_Up: return moveBySteps(1);
    case Qt::Key_PageDown: return moveBySteps(-4);
    case Qt::Key_PageUp: return moveBySteps(4);
    case Qt::Key_Home: return moveTo(m_least);
    case Qt::Key_End: return moveTo(m_most);
    default: return QWidget::keyPressEvent(event);
    }
}

void LengthSlider::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void LengthSlider::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem LengthSlider::item(int) const {
    AccessibleItem item;
    item.role = QAccessible::Slider;
    item.name = tr("Length N, %1 tokens").arg(paint::count(m_length));
    item.rect = QRect(handle() - QPoint(kHandle, kHandle), QSize(2 * kHandle, 2 * kHandle));
    item.value = double(m_length);
    item.minimum = double(m_least);
    item.maximum = double(m_most);
    item.step = kBlock;
    return item;
}

void LengthSlider::setItemValue(int, double value) {
    if (std::isfinite(value)) moveTo(std::llround(std::clamp(value, double(m_least), double(m_most))));
}

} // namespace moa
