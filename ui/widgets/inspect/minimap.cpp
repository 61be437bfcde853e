// Painting and input of the minimap.
#include "ui/widgets/inspect/minimap.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <stdexcept>

namespace moa {

Minimap::Minimap(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setProperty("accessibleRole", int(QAccessible::Graphic));
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setToolTip(tr("Drag the frame to move the view"));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        m_image = {};
        updateGeometry();
        update();
    });
    setAccessibleName(tr("Viewport"));
}

void Minimap::setThumbnail(Thumbnail thumbnail, const ThumbnailMask& mask, const HeatLook& look) {
    if (thumbnail.values.size() != std::size_t(thumbnail.side) * std::size_t(thumbnail.side))
        throw std::invalid_argument("a thumbnail needs side × side values");
    m_thumbnail = std::move(thumbnail);
    m_look = look;
    setMask(mask);
}

void Minimap::setMask(const ThumbnailMask& mask) {
    m_mask = mask;
    m_image = {};
    update();
}

void Minimap::setView(const QRect& tokens, int of) {
    m_view = tokens;
    m_tokens = of;
    setAccessibleName(tr("Viewport, %1").arg(caption()));
    update();
}

QString Minimap::caption() const {
    if (m_tokens == 0) return {};
    const int shown = std::max(m_view.width(), m_view.height());
    return shown >= m_tokens ? tr("all %1 tokens").arg(paint::count(m_tokens))
                             : tr("%1 of %2").arg(paint::count(shown), paint::count(m_tokens));
}

QSize Minimap::sizeHint() const {
    const QFontMetrics metrics(Theme::instance().font(TextStyle::Caption));
    const int text =
        metrics.horizontalAdvance(tr("%1 of %2").arg(paint::count(131072), paint::count(131072)));
    return {std::max(kSide, text) + 6, kSide + 6 + metrics.height() + 3};
}

void Minimap::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    const double dpr = devicePixelRatioF();
    if (m_image.isNull()) {
        m_image = thumbnailImage(m_thumbnail, m_mask, m_look, (QSizeF(kSide, kSide) * dpr).toSize());
        m_image.setDevicePixelRatio(dpr);
    }
    const QRectF area = picture();
    painter.drawImage(area.topLeft(), m_image);
    painter.setPen(theme.color(Role::Border));
    painter.drawRect(area.adjusted(0, 0, -1, -1));
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_mask.window + m_mask.sink < 1 && !m_thumbnail.values.empty()) {
        painter.setPen(QPen(theme.color(Role::Sparse), 1.5));
        painter.drawLine(area.topLeft() + QPointF(m_mask.sink, m_mask.sink + m_mask.window) * kSide,
                         area.topLeft() + QPointF(1 - m_mask.window, 1) * kSide);
    }
    if (m_tokens > 0) {
        const double scale = double(kSide) / m_tokens;
        QRectF frame(area.left() + m_view.x() * scale, area.top() + m_view.y() * scale,
                     m_view.width() * scale, m_view.height() * scale);
        // A far zoom still has a frame that can be seen.
        constexpr double kLeast = 5;
        if (frame.width() < kLeast || frame.height() < kLeast) {
            const QPointF middle = frame.center();
            frame.setSize(frame.size().expandedTo({kLeast, kLeast}));
            frame.moveCenter(middle);
        }
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme.color(Role::Surface), 4));
        painter.drawRect(frame);
        painter.setPen(QPen(theme.color(Role::Text), 2));
        painter.drawRect(frame);
    }
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text3));
    painter.drawText(
        QRectF(area.left(), area.bottom() + 4, width() - area.left(), painter.fontMetrics().height()),
        Qt::AlignLeft | Qt::AlignVCenter, caption());
    if (hasFocus()) paint::focusRing(painter, area.adjusted(-4, -4, 4, 4));
}

void Minimap::ask(QPointF at) {
    if (m_tokens == 0) return;
    const QPointF share = (at - picture().topLeft()) / kSide;
    const auto token = [&](double s) { return std::clamp(int(s * m_tokens), 0, m_tokens - 1); };
    emit centreRequested(token(share.y()), token(share.x()));
}

void Minimap::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) ask(event->position());
}

void Minimap::mouseMoveEvent(QMouseEvent* event) {
    if (event->buttons() & Qt::LeftButton) ask(event->position());
}

void Minimap::keyPressEvent(QKeyEvent* event) {
    const QPoint centre = m_view.center();
    const int dx = std::max(m_view.width() / 4, 1), dy = std::max(m_view.height() / 4, 1);
    switch (event->key()) {
    case Qt::Key_Left:
        emit centreRequested(centre.y(), std::max(centre.x() - dx, 0));
        return;
    case Qt::Key_Right:
        emit centreRequested(centre.y(), centre.x() + dx);
        return;
    case Qt::Key_Up:
        emit centreRequested(std::max(centre.y() - dy, 0), centre.x());
        return;
    case Qt::Key_Down:
        emit centreRequested(centre.y() + dy, centre.x());
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace moa
