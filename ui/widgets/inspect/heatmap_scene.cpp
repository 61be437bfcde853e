// Strokes and labels over a heatmap.
#include "ui/widgets/inspect/heatmap_scene.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QCoreApplication>
#include <QMarginsF>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace moa::scene {
namespace {

constexpr double kRim = 4;                                   ///< left free for the focus ring
constexpr double kLabelledWindow = 440, kLabelledSink = 300; ///< px; shorter edges have a label when touched
constexpr double kTick = 4, kHandleLength = 40, kHandleWidth = 14;
constexpr double kPinRadius = 12, kPinIcon = 14;

QString tr(const char* text) {
    return QCoreApplication::translate("moa::HeatmapScene", text);
}

QFontMetricsF axisMetrics() {
    return QFontMetricsF(Theme::instance().font(TextStyle::Axis));
}

QFont demi(TextStyle style) {
    QFont font = Theme::instance().font(style);
    font.setWeight(QFont::DemiBold);
    return font;
}

/// Liang–Barsky: the part of a line inside a rectangle.
std::optional<QLineF> clipped(const QLineF& line, const QRectF& rect) {
    double t0 = 0, t1 = 1;
    const double dx = line.dx(), dy = line.dy();
    const std::array<std::pair<double, double>, 4> sides{{{-dx, line.x1() - rect.left()},
                                                          {dx, rect.right() - line.x1()},
                                                          {-dy, line.y1() - rect.top()},
                                                          {dy, rect.bottom() - line.y1()}}};
    for (const auto& [p, q] : sides) {
        if (p == 0) {
            if (q < 0) return std::nullopt;
        } else if (p < 0) {
            t0 = std::max(t0, q / p);
        } else {
            t1 = std::min(t1, q / p);
        }
    }
    if (t0 >= t1) return std::nullopt;
    return QLineF(line.pointAt(t0), line.pointAt(t1));
}

std::optional<QLineF> onPlot(const std::optional<QLineF>& line, const HeatmapScene& scene) {
    if (!line) return std::nullopt;
    return clipped(line->translated(scene.plot.topLeft()), scene.plot);
}

/// The text's own square as far as it is in view.
QRectF textArea(const HeatmapScene& scene) {
    const double n = scene.geometry.tokens();
    return scene.geometry.rectOf({0, 0, n, n}).translated(scene.plot.topLeft()).intersected(scene.plot);
}

void paintKeyAxis(QPainter& painter, const HeatmapScene& scene, const QRectF& area) {
    const HeatmapGeometry& g = scene.geometry;
    const QFontMetricsF metrics = axisMetrics();
    const double top = area.top();
    const double nameWidth = QFontMetricsF(demi(TextStyle::Axis)).horizontalAdvance(tr("key")) + 4;
    const qint64 step = paint::tickStep(area.width() / g.scale(), area.width(), 60);
    const QRect visible = g.visibleTokens();
    for (qint64 t = (visible.left() + step - 1) / step * step; t <= visible.left() + visible.width();
         t += step) {
        const double x = scene.plot.left() + g.xOf(double(t));
        const QString label = step < 1024 ? paint::count(t) : paint::axisTokens(t);
        const double half = metrics.horizontalAdvance(label) / 2;
        paint::hairline(painter, {x, top - kTick}, {x, top}, Role::Strong);
        if (x + half > area.right() - nameWidth) continue;
        painter.setPen(Theme::instance().color(Role::Text3));
        painter.drawText(
            QRectF(x - half - 1, top - kTick - metrics.height() - 1, 2 * half + 2, metrics.height()),
            Qt::AlignCenter, label);
    }
    painter.setFont(demi(TextStyle::Axis));
    painter.setPen(Theme::instance().color(Role::Text));
    painter.drawText(
        QRectF(area.right() - nameWidth, top - kTick - metrics.height() - 1, nameWidth, metrics.height()),
        Qt::AlignRight | Qt::AlignVCenter, tr("key"));
}

void paintQueryAxis(QPainter& painter, const HeatmapScene& scene, const QRectF& area) {
    const HeatmapGeometry& g = scene.geometry;
    const QFontMetricsF metrics = axisMetrics();
    const double left = area.left();
    const qint64 step = paint::tickStep(area.height() / g.scale(), area.height(), 40);
    const QRect visible = g.visibleTokens();
    for (qint64 t = (visible.top() + step - 1) / step * step; t <= visible.top() + visible.height();
         t += step) {
        const double y = scene.plot.top() + g.yOf(double(t));
        if (t == 0 || y > area.bottom() + 0.5) continue; // the corner's 0 stands on the key axis
        paint::hairline(painter, {left - kTick, y}, {left, y}, Role::Strong);
        painter.setPen(Theme::instance().color(Role::Text3));
        painter.drawText(QRectF(kRim, y - metrics.height() / 2, left - kTick - 3 - kRim, metrics.height()),
                         Qt::AlignRight | Qt::AlignVCenter,
                         step < 1024 ? paint::count(t) : paint::axisTokens(t));
    }
    painter.save();
    painter.setFont(demi(TextStyle::Axis));
    painter.setPen(Theme::instance().color(Role::Text));
    painter.translate(kRim + metrics.height() / 2, area.center().y());
    painter.rotate(-90);
    painter.drawText(QRectF(-60, -metrics.height() / 2, 120, metrics.height()), Qt::AlignCenter, tr("query"));
    painter.restore();
}

/// What stands in place of the grip where no hand can move the edge.
void paintPin(QPainter& painter, QPointF centre) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(Role::Pinned), 1.5));
    painter.setBrush(theme.color(Role::PinnedSoft));
    painter.drawEllipse(centre, kPinRadius, kPinRadius);
    const QRectF icon(centre - QPointF(kPinIcon, kPinIcon) / 2, QSizeF(kPinIcon, kPinIcon));
    theme.icon(QStringLiteral("pin-filled"), Role::Pinned).paint(&painter, icon.toAlignedRect());
    painter.restore();
}

void paintHandle(QPainter& painter, QPointF centre, bool hot) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.translate(centre);
    painter.rotate(45);
    painter.setPen(QPen(theme.color(Role::Sparse), hot ? 2 : 1.5));
    painter.setBrush(theme.color(hot ? Role::SparseSoft : Role::Surface));
    painter.drawRoundedRect(QRectF(-kHandleLength / 2, -kHandleWidth / 2, kHandleLength, kHandleWidth),
                            kHandleWidth / 2, kHandleWidth / 2);
    for (const double x : {-4.0, 0.0, 4.0}) painter.drawLine(QPointF(x, -3), QPointF(x, 3));
    painter.restore();
}

void paintEdgeLine(QPainter& painter, const QLineF& line, bool hot) {
    const Theme& theme = Theme::instance();
    painter.setPen(QPen(theme.color(Role::Surface), hot ? 5 : 4));
    painter.drawLine(line);
    painter.setPen(QPen(theme.color(Role::Sparse), hot ? 3 : 2));
    painter.drawLine(line);
}

/// Two rows of (label, value); the first value bold.
void paintLabel(QPainter& painter, QPointF topLeft, QSizeF size, const QString (&texts)[4]) {
    const Theme& theme = Theme::instance();
    const QRectF box(topLeft, size);
    paint::labelBox(painter, box, Role::Sparse);
    const QRectF inside = box.adjusted(8, 4, -8, -4);
    const bool two = !texts[2].isEmpty() || !texts[3].isEmpty();
    const QRectF first(inside.topLeft(), QSizeF(inside.width(), inside.height() / (two ? 2 : 1)));
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(first, Qt::AlignLeft | Qt::AlignVCenter, texts[0]);
    if (two) {
        const QRectF second = first.translated(0, inside.height() / 2);
        painter.drawText(second, Qt::AlignLeft | Qt::AlignVCenter, texts[2]);
        painter.drawText(second, Qt::AlignRight | Qt::AlignVCenter, texts[3]);
    }
    painter.setFont(demi(TextStyle::Caption));
    painter.setPen(theme.color(Role::Sparse));
    painter.drawText(first, Qt::AlignRight | Qt::AlignVCenter, texts[1]);
}

QSizeF labelSize(const QString (&texts)[4]) {
    const QFontMetricsF plain(Theme::instance().font(TextStyle::Caption)), bold(demi(TextStyle::Caption));
    const double first = plain.horizontalAdvance(texts[0]) + 14 + bold.horizontalAdvance(texts[1]);
    const double second = plain.horizontalAdvance(texts[2]) + 14 + plain.horizontalAdvance(texts[3]);
    const bool two = !texts[2].isEmpty() || !texts[3].isEmpty();
    return {std::ceil(std::max(first, two ? second : 0)) + 18, (plain.height() + 2) * (two ? 2 : 1) + 8};
}

/// Left below the handle; where the crosshair's key would be covered, right of it and as far down as the
/// masked area needs, so that the stripe that the label talks about stays in sight.
QPointF labelPlace(const QLineF& edge, QSizeF size, const HeatmapScene& scene) {
    const QPointF wanted = edge.center() + QPointF(-size.width() - 28, 22);
    const double cross = scene.plot.left() + scene.geometry.xOf(scene.key + 0.5);
    if (scene.key < 0 || cross < wanted.x() - 8 || cross > wanted.x() + size.width() + 8) return wanted;
    const double left = cross + 12, edgeY = edge.y1() + (left + size.width() - edge.x1());
    const bool fits =
        edgeY + 16 + size.height() < scene.plot.bottom() && left + size.width() < scene.plot.right();
    return fits ? QPointF(left, edgeY + 16) : wanted;
}

/// Inside the plot and off the read-out.
QPointF placed(QPointF wanted, QSizeF size, const HeatmapScene& scene) {
    const QRectF plot = scene.plot.adjusted(4, 4, -4, -4);
    QPointF at(std::clamp(wanted.x(), plot.left(), std::max(plot.left(), plot.right() - size.width())),
               std::clamp(wanted.y(), plot.top(), std::max(plot.top(), plot.bottom() - size.height())));
    if (QRectF(at, size).intersects(scene.avoid))
        at.setX(std::max(plot.left(), scene.avoid.left() - size.width() - 6));
    return at;
}

} // namespace

QMarginsF axisMargins() {
    const QFontMetricsF metrics = axisMetrics();
    const double numbers = std::max(metrics.horizontalAdvance(QStringLiteral("128k")),
                                    metrics.horizontalAdvance(paint::count(131072)));
    return {std::ceil(kRim + metrics.height() + numbers + kTick + 5),
            std::ceil(kRim + metrics.height() + kTick + 2), 8, 8};
}

void paintAxes(QPainter& painter, const HeatmapScene& scene) {
    const QRectF area = textArea(scene);
    if (area.isEmpty()) return;
    painter.setFont(Theme::instance().font(TextStyle::Axis));
    paintKeyAxis(painter, scene, area);
    painter.setFont(Theme::instance().font(TextStyle::Axis));
    paintQueryAxis(painter, scene, area);
    paint::hairline(painter, area.topLeft(), area.topRight(), Role::Border);
    paint::hairline(painter, area.topLeft(), area.bottomLeft(), Role::Border);
}

std::optional<QLineF> visibleWindowEdge(const HeatmapScene& scene) {
    return onPlot(scene.geometry.windowEdge(scene.mask), scene);
}

void paintEdges(QPainter& painter, const HeatmapScene& scene) {
    painter.save();
    painter.setClipRect(scene.plot);
    painter.setRenderHint(QPainter::Antialiasing);
    if (const auto sink = onPlot(scene.geometry.sinkEdge(scene.mask), scene))
        paintEdgeLine(painter, *sink, scene.hotEdge == MaskEdge::Sink && !scene.sinkHeld);
    if (const auto window = visibleWindowEdge(scene)) {
        const bool hot = scene.hotEdge == MaskEdge::Window && !scene.windowHeld;
        paintEdgeLine(painter, *window, hot);
        if (window->length() > 2 * kHandleLength) {
            if (scene.windowHeld)
                paintPin(painter, window->center());
            else
                paintHandle(painter, window->center(), hot);
        }
    }
    painter.restore();
}

void paintEdgeLabels(QPainter& painter, const HeatmapScene& scene) {
    const auto window = visibleWindowEdge(scene);
    if (window && (scene.hotEdge == MaskEdge::Window || window->length() > kLabelledWindow)) {
        const qint64 span = scene.mask.span();
        const double share = double(span) / std::max(scene.geometry.tokens(), 1);
        const QString texts[4] = {tr("Window edge"), tr("S %1").arg(paint::count(span)), scene.ruleText,
                                  paint::number(std::min(share, 1.0), 3)};
        const QSizeF size = labelSize(texts);
        paintLabel(painter, placed(labelPlace(*window, size, scene), size, scene), size, texts);
    }
    const auto sink = onPlot(scene.geometry.sinkEdge(scene.mask), scene);
    if (sink && (scene.hotEdge == MaskEdge::Sink || sink->length() > kLabelledSink)) {
        const QString texts[4] = {tr("Sink"), paint::count(scene.mask.sink), {}, {}};
        const QSizeF size = labelSize(texts);
        paintLabel(painter, placed(sink->pointAt(0.3) + QPointF(10, 0), size, scene), size, texts);
    }
}

void paintCrosshair(QPainter& painter, const HeatmapScene& scene) {
    if (scene.query < 0 || scene.key < 0) return;
    const HeatmapGeometry& g = scene.geometry;
    const QPointF at = scene.plot.topLeft() + QPointF(g.xOf(scene.key + 0.5), g.yOf(scene.query + 0.5));
    const QRectF area = textArea(scene);
    const bool keyInside = at.x() >= area.left() && at.x() <= area.right();
    const bool queryInside = at.y() >= area.top() && at.y() <= area.bottom();
    if (keyInside)
        paint::hairline(painter, {at.x(), area.top()}, {at.x(), area.bottom()}, Role::Text, Qt::DashLine);
    if (queryInside)
        paint::hairline(painter, {area.left(), at.y()}, {area.right(), at.y()}, Role::Text, Qt::DashLine);
    if (!keyInside || !queryInside) return;
    if (g.scale() >= 6) {
        paint::selectionOutline(
            painter, g.rectOf(QRectF(scene.key, scene.query, 1, 1)).translated(scene.plot.topLeft()));
        return;
    }
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::instance().color(Role::Text), 2));
    painter.setBrush(Theme::instance().color(Role::Surface));
    painter.drawEllipse(at, 4, 4);
    painter.restore();
}

void paintSelection(QPainter& painter, const HeatmapScene& scene) {
    if (scene.selection.isEmpty()) return;
    painter.save();
    painter.setClipRect(scene.plot);
    paint::selectionOutline(painter, scene.geometry.rectOf(scene.selection).translated(scene.plot.topLeft()));
    painter.restore();
}

} // namespace moa::scene
