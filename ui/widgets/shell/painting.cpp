// Focus ring, icons and single lines of text.
#include "ui/widgets/shell/painting.h"

#include <QFile>
#include <QFontMetrics>
#include <QLabel>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

int qInitResources_workbench(); // generated from resources/workbench.qrc

namespace moa {
namespace {

// A static library keeps an object file only if something names it: this names the resources, and does so
// before the first Theme reads its style sheet from them.
[[maybe_unused]] const int kResources = qInitResources_workbench();

} // namespace

void drawFocusRing(QPainter& painter, const QRectF& around, qreal radius) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::instance().color(Role::Accent), 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(around.adjusted(-2, -2, 2, 2), radius + 2, radius + 2);
    painter.restore();
}

void drawIcon(QPainter& painter, const QString& name, Role role, const QPointF& centre, int size) {
    const Theme& theme = Theme::instance();
    const qreal scale = painter.device()->devicePixelRatioF();
    const int pixels = qRound(size * scale);
    // Rendered once a colour and size: canvases draw icons each frame.
    const QString key = QStringLiteral("moa/%1/%2/%3").arg(name, theme.color(role).name()).arg(pixels);
    QPixmap pixmap;
    if (!QPixmapCache::find(key, &pixmap)) {
        QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
        if (!file.open(QIODevice::ReadOnly)) return;
        QByteArray svg = file.readAll();
        svg.replace("currentColor", theme.color(role).name().toLatin1());
        pixmap = QPixmap(pixels, pixels);
        pixmap.fill(Qt::transparent);
        QPainter onPixmap(&pixmap);
        QSvgRenderer(svg).render(&onPixmap);
        onPixmap.end();
        QPixmapCache::insert(key, pixmap);
    }
    const QPointF corner(qRound((centre.x() - size / 2.0) * scale) / scale,
                         qRound((centre.y() - size / 2.0) * scale) / scale);
    painter.drawPixmap(QRectF(corner, QSizeF(size, size)), pixmap, QRectF(0, 0, pixels, pixels));
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

void drawPopover(QPainter& painter, const QRectF& box) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    QColor shade = theme.color(theme.isDark() ? Role::Sunken : Role::Text);
    shade.setAlphaF(theme.isDark() ? 0.06f : 0.011f);
    painter.setBrush(shade);
    for (int grow = kShadow - 2; grow > 0; --grow)
        painter.drawRoundedRect(box.adjusted(-grow + 2, -grow + 6, grow - 2, grow + 1),
                                metrics::kPanelRadius + grow, metrics::kPanelRadius + grow);
    painter.setPen(theme.color(Role::Strong));
    painter.setBrush(theme.color(Role::Raised));
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), metrics::kPanelRadius, metrics::kPanelRadius);
    painter.restore();
}

qreal drawKey(QPainter& painter, const QPointF& rightCentre, const QString& key) {
    const Theme& theme = Theme::instance();
    const QFontMetrics text(theme.font(TextStyle::Chip));
    const qreal width = text.horizontalAdvance(key) + 12, height = text.height() + 6;
    const QRectF box(rightCentre.x() - width, qRound(rightCentre.y() - height / 2), width, height);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.color(Role::Border));
    painter.setBrush(theme.color(Role::Surface));
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), metrics::kChipRadius, metrics::kChipRadius);
    drawText(painter, box, key, TextStyle::Chip, Role::Text2, Qt::AlignCenter);
    return width;
}

void styleLabel(QLabel* label, TextStyle style, Role role) {
    label->setFont(Theme::instance().font(style));
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, Theme::instance().color(role));
    label->setPalette(palette);
}

} // namespace moa
