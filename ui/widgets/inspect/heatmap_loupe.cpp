// The loupe of a heatmap: exact tokens around one pair, large enough to tell apart.
#include "ui/widgets/inspect/heatmap_scene.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QCoreApplication>
#include <QPainter>

#include <cmath>

namespace moa::scene {
namespace {

constexpr double kCell = 14, kPad = 8;

QString tr(const char* text) {
    return QCoreApplication::translate("moa::HeatmapScene", text);
}

double captionHeight() {
    return QFontMetricsF(Theme::instance().font(TextStyle::Caption)).height() + 4;
}

/// Exact weight of a pair; negative while its tile is not there.
float exactWeight(const HeatmapSource& source, int query, int key) {
    const HeatTile* tile = source.tile({1, query / kTileCells, key / kTileCells});
    if (!tile || tile->mean.size() != kTileCells * kTileCells) return -1;
    return tile->mean[std::size_t(query % kTileCells) * kTileCells + std::size_t(key % kTileCells)];
}

QColor cellColour(float weight, bool hidden, const HeatLook& look) {
    const Theme& theme = Theme::instance();
    if (weight < 0) return theme.color(Role::Sunken);
    const double evidence = hidden && look.evidence ? look.evidencePosition(weight) : -1;
    if (evidence >= 0) return QColor::fromRgb(look.evidenceColour(evidence));
    const double position = look.position(weight);
    if (!hidden) return QColor::fromRgb(look.attentionColour(position));
    return QColor::fromRgb(theme.ramp(Ramp::Masked)[std::size_t(std::lround(position * (kMapColours - 1)))]);
}

} // namespace

QSizeF loupeSize() {
    const double side = kLoupeCells * kCell + 2 * kPad;
    return {side, side + 2 * captionHeight()};
}

void paintLoupe(QPainter& painter, QRectF box, const HeatmapSource& source, const HeatLook& look,
                const MaskShape& mask, int query, int key) {
    const Theme& theme = Theme::instance();
    paint::labelBox(painter, box, Role::Strong);
    const QRectF inside = box.adjusted(kPad, kPad / 2, -kPad, -kPad / 2);
    const QRectF head(inside.topLeft(), QSizeF(inside.width(), captionHeight()));
    QFont caption = theme.font(TextStyle::Caption), bold = caption;
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::Text));
    painter.drawText(head, Qt::AlignLeft | Qt::AlignVCenter, tr("Exact tokens"));
    painter.setFont(caption);
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(head, Qt::AlignRight | Qt::AlignVCenter, tr("1 : 1"));
    const int last = source.tokens() - kLoupeCells;
    const int firstQuery = std::clamp(query - kLoupeCells / 2, 0, std::max(last, 0));
    const int firstKey = std::clamp(key - kLoupeCells / 2, 0, std::max(last, 0));
    const QPointF origin(inside.left(), head.bottom());
    for (int r = 0; r < kLoupeCells; ++r)
        for (int c = 0; c < kLoupeCells; ++c) {
            const int q = firstQuery + r, k = firstKey + c;
            if (k > q || q >= source.tokens()) continue;
            const QRectF cell(origin.x() + c * kCell, origin.y() + r * kCell, kCell - 1, kCell - 1);
            painter.fillRect(cell, cellColour(exactWeight(source, q, k), mask.hides(q, k), look));
            if (q == query && k == key) paint::selectionOutline(painter, cell);
        }
    const QRectF foot(inside.left(), origin.y() + kLoupeCells * kCell, inside.width(), captionHeight());
    painter.setFont(caption);
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(
        foot, Qt::AlignLeft | Qt::AlignVCenter,
        tr("keys %1 to %2").arg(paint::count(firstKey), paint::count(firstKey + kLoupeCells - 1)));
    painter.drawText(foot, Qt::AlignRight | Qt::AlignVCenter, tr("Hold Z"));
}

} // namespace moa::scene
