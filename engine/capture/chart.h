// Charts of measurements as PNG or SVG: lines over an axis, and grids of scores with a number in every cell. Panels of a
// figure stand side by side.
// Non-goal: interaction (the workbench draws its own).
#pragma once

#include "engine/core/colour_ramp.h"

#include <string>
#include <variant>
#include <vector>

namespace moa {

/// One line; `low` and `high`, where given, are drawn as whiskers.
struct ChartSeries {
    std::string name;
    Rgb colour;
    std::vector<double> x{}, y{};
    std::vector<double> low{}, high{};
    bool dashed = false;
};

struct LinePanel {
    std::string title, xLabel, yLabel;
    std::vector<ChartSeries> series;
    std::vector<std::string> xNames{}; ///< one per x of the first series: shown instead of its numbers, evenly spaced
    double yMost = 0;                  ///< top of the axis, which begins at 0; 0: from the data
    double yMark = 0;                  ///< a line across at this height; 0: none
    bool percent = false;              ///< values are shares
};

enum class GridColours {
    Share, ///< 0 the page, 1 the darkest
    Change ///< below 0 red-brown, above blue, 1 at either end
};

struct GridPanel {
    std::string title, xLabel, yLabel;
    std::vector<std::string> columns, rows;
    std::vector<double> values; ///< [rows][columns], shares; NaN: not there
    GridColours colours = GridColours::Share;
};

using Panel = std::variant<LinePanel, GridPanel>;

inline constexpr Rgb kDenseColour{0x2F, 0x66, 0xB5}, kPlanColour{0xAD, 0x4E, 0x08}, kUniformColour{0x86, 0x8F, 0x9D};

/// Writes the panels by the ending of `path`, .png or .svg. @throws UsageError for another ending or no panel,
/// FileError when the file cannot be written.
void writeFigure(const std::string& path, const std::vector<Panel>& panels);

} // namespace moa
