// Turns arrays into pixels: the shared half of the PNG and SVG writers.
#pragma once

#include "engine/capture/export.h"

#include <string>
#include <vector>

namespace moa {

/// A matrix ready to be coloured, in cells. A sheet of maps has one gap cell (NaN) between its maps.
struct CellGrid {
    std::size_t rows = 0, cols = 0;
    std::vector<float> values;            ///< [rows][cols]
    std::size_t mapRows = 0, mapCols = 0; ///< cells of one map
    std::size_t layers = 1, heads = 1;    ///< maps down and across
    bool isSheet() const { return layers * heads > 1; }
};

struct Picture {
    std::size_t width = 0, height = 0;
    std::vector<std::uint8_t> rgb; ///< [height][width][3]
};

/// The grid of an array of this shape, without its values. @throws UsageError as writePng().
CellGrid layOutCells(const std::vector<std::size_t>& shape);

/// Rank 2 as it is, rank 4 as a sheet. @throws UsageError as writePng().
CellGrid arrangeCells(const ArrayView& array);

/// The largest finite value, 0 when none is positive: the top of the scale.
float largestValue(const CellGrid& grid);

/// Colour of one value under a scale that ends at `largest`.
Rgb cellColour(float value, float largest, const HeatmapLook& look);

/// Colours the cells, each `scale` × `scale` pixels.
Picture drawCells(const CellGrid& grid, const HeatmapLook& look, std::size_t scale);

/// Pixels a cell so that the longer side has about 512, at least 1.
std::size_t pixelsPerCell(const CellGrid& grid);

/// The PNG file of a picture, 8-bit RGB.
std::string encodePng(const Picture& picture);

} // namespace moa
