// Small pictures of one head's attention: pooled by maximum to the pixels of a cell, so that a single bright
// stripe survives, with the masked part grey and the window edge drawn.
#pragma once

#include "ui/widgets/inspect/heatmap_image.h"

#include <QImage>

#include <vector>

namespace moa {

struct Thumbnail {
    int side = 0;              ///< cells along one side, ≤ 64
    std::vector<float> values; ///< [side][side] attention weights, queries × keys; empty: not there yet
};

/// Masked cells by the share of the text that the window and the sink are (1: nothing masked).
struct ThumbnailMask {
    double window = 1, sink = 0;
    bool hides(double query, double key) const { return key >= sink && query - key >= window; }
};

/// `size` device pixels, square or not; transparent above the diagonal.
QImage thumbnailImage(const Thumbnail& thumbnail, const ThumbnailMask& mask, const HeatLook& look,
                      QSize size);

} // namespace moa
