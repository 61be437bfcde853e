// The SVG text of a heatmap with axes, title and colour scale, and the pieces every SVG is made of.
#pragma once

#include "engine/capture/picture.h"

#include <string>

namespace moa {

/// Axes count tokens for one map, layers and heads for a sheet.
std::string svgText(const CellGrid& grid, const HeatmapLook& look);

/// A number with at most six digits.
std::string svgNumber(double value);
/// "#RRGGBB".
std::string svgColour(Rgb colour);
/// Text between tags; control characters that XML does not know are left out.
std::string svgEscaped(const std::string& text);

} // namespace moa
