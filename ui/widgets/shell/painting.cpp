// Focus ring, icons and single lines of text.
#include "ui/widgets/shell/painting.h"

#include <QFontMetrics>
#include <QLabel>
#include <QPainter>

namespace moa {

void drawFocusRing(QPainter& painter, const QRectF& around, qreal radius) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::instance().color(Role::Accent), 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(around.adjusted(-2, -2, 2, 2), radius + 2, radius + 2);
    painter.restore();
}

void drawIcon(QPainter& painter, const QString& name, Role role, const QPointF& centre, int size) {
    const QRect box(qRound(centre.x() - size / 2.0), qRound(centre.y() - size / 2.0), size, size);
    Theme::instance().icon(name, role).paint(&painter, box);
}

qreal drawText(QPainter& painter, const QRectF& box, const QString& text, TextStyle style, Role role,
               Qt::Alignment align) {
    painter.setFont(Theme::instance().font(style));
    painter.setPen(Theme::instance().color(role));
    painter.drawText(box, int(align) | Qt::TextSingleLine | Qt::TextDontClip, text);
    return textWidth(text, style);
}

int textWidth(const QString& text, TextStyle style) {
    return QFontMetrics(Theme::instance().font(style)).horizontalAdvance(text) + 1;
}

void styleLabel(QLabel* label, TextStyle style, Role role) {
    label->setFont(Theme::instance().font(style));
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, Theme::instance().color(role));
    label->setPalette(palette);
}

} // namespace moa
