// Charts as SVG text, for pages that load nothing. Colours are classes c0 … c5 of the page's style.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moa {

struct ChartLine {
    std::string label; ///< escaped by the chart
    std::int64_t start = 0;
    std::vector<float> values; ///< NaN: a gap
    int colour = 0;            ///< 0 … 5
};

/// Values over their index, a line each; `unit` stands at the axis. Empty where there is nothing to draw.
std::string lineChart(const std::vector<ChartLine>& lines, const std::string& unit);

struct ChartBar {
    std::string label; ///< escaped by the chart
    double value = 0;
    std::optional<double> error;
    int colour = 0; ///< 0 … 5
};

/// A bar each from zero, its value and error beside it.
std::string barChart(const std::vector<ChartBar>& bars);

/// 0.000123 → "1.23e-04", 1234.5 → "1234.5": at most five digits.
std::string shortNumber(double value);

} // namespace moa
