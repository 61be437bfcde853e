// What is drawn over a heatmap's picture: axes, mask edges with their handle and label, crosshair, selection,
// loupe. Stateless: a HeatmapScene describes one frame, so that the screen, a PNG and an SVG get the same
// strokes.
#pragma once

#include "ui/viewmodels/heatmap_source.h"
#include "ui/widgets/inspect/heatmap_geometry.h"
#include "ui/widgets/inspect/heatmap_image.h"

#include <QString>

class QPainter;

namespace moa {

struct HeatmapScene {
    const HeatmapGeometry& geometry;
    QRectF plot; ///< of the widget; the geometry's pixels start at its top left
    MaskShape mask;
    int query = -1, key = -1;          ///< crosshair; −1: none
    QRect selection;                   ///< tokens (x keys, y queries); empty: none
    MaskEdge hotEdge = MaskEdge::None; ///< under the pointer or being dragged
    bool windowHeld = false, sinkHeld = false; ///< edges that refuse a hand: a pin stands where the grip was
    QString ruleText;                  ///< "2,048 + 0.125 N"; may be empty
    QRectF avoid;                      ///< the read-out: labels stay off it
};

namespace scene {

/// Margins around the plot for ticks and axis names, by current font.
QMarginsF axisMargins();
void paintAxes(QPainter& painter, const HeatmapScene& scene);
/// Window and sink edge; the window's handle sits in the middle of what is visible of it.
void paintEdges(QPainter& painter, const HeatmapScene& scene);
/// "Window edge  S 6,144" beside the handle, or "Sink 64" beside the sink edge while that is hot.
void paintEdgeLabels(QPainter& painter, const HeatmapScene& scene);
void paintCrosshair(QPainter& painter, const HeatmapScene& scene);
void paintSelection(QPainter& painter, const HeatmapScene& scene);
/// The visible part of the window edge in widget px, nothing if none is.
std::optional<QLineF> visibleWindowEdge(const HeatmapScene& scene);

inline constexpr int kLoupeCells = 13;
QSizeF loupeSize();
/// Exact tokens around (query, key), tokens that are not there yet are sunken.
void paintLoupe(QPainter& painter, QRectF box, const HeatmapSource& source, const HeatLook& look,
                const MaskShape& mask, int query, int key);

} // namespace scene
} // namespace moa
