// The SVG text of a heatmap with axes, title and colour scale.
#pragma once

#include "engine/capture/picture.h"

#include <string>

namespace moa {

/// Axes count tokens for one map, layers and heads for a sheet.
std::string svgText(const CellGrid& grid, const HeatmapLook& look);

} // namespace moa
