// Arrays to files: NPY for programs, CSV for spreadsheets, PNG and SVG for people.
// Every file is written whole or not at all. Non-goal: reading any of them back.
#pragma once

#include "engine/capture/colour_map.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace moa {

/// An array somebody else owns: row-major values and their shape, e.g. [rows, cols] or [L, H, rows, cols].
struct ArrayView {
    std::span<const float> values;
    std::vector<std::size_t> shape;
};

/// How a picture is drawn. Values are ≥ 0 with 0 as the page; negative ones are drawn as 0, NaN as a gap.
struct HeatmapLook {
    ColourMap map = ColourMap::Attention;
    bool logScale = false; ///< four decades below the largest value instead of a linear scale
    std::string title{};   ///< SVG only
    int block = 1;         ///< tokens a cell, for the axes of the SVG
};

/// NPY 1.0, little-endian float32, C order, any rank including 0.
/// @throws FileError when the file cannot be written.
void writeNpy(const std::string& path, const ArrayView& array);

/// One line per row of the last axis, shortest text that reads back exactly. Arrays of more than two axes
/// begin each line with the indices of the axes before the last two.
/// @throws FileError when the file cannot be written.
void writeCsv(const std::string& path, const ArrayView& array);

/// 8-bit RGB, cells as squares of whole pixels, the picture about 512 pixels or the cells themselves. Rank 2
/// is [query, key]; rank 4 is [layer, head, query, key], drawn as a sheet of maps on one scale.
/// @throws UsageError for another rank, no cells, or a picture over 8,192 pixels a side; FileError when the
/// file cannot be written.
void writePng(const std::string& path, const ArrayView& array, const HeatmapLook& look = {});

/// The same picture with axes in tokens (or layers and heads), title and colour scale. Up to 4,096 cells are
/// rectangles, more are one embedded PNG.
/// @throws as writePng().
void writeSvg(const std::string& path, const ArrayView& array, const HeatmapLook& look = {});

/// Picks the writer by the ending of `path`: .npy, .csv, .png or .svg.
/// @throws UsageError for any other ending, else as the writer.
void writeArray(const std::string& path, const ArrayView& array, const HeatmapLook& look = {});

/// Throws UsageError unless writeArray() knows the ending, so that a command can refuse before it computes.
void checkArrayEnding(const std::string& path);

/// The same for a shape that the file of this ending cannot show.
void checkArrayShape(const std::string& path, const std::vector<std::size_t>& shape);

} // namespace moa
