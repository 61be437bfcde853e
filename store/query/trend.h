// One measure over time or over plans: the points of a chart.
#pragma once

#include "store/history/history.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moa {

struct TrendPoint {
    RunId run;
    TimePoint started;
    double value = 0;
    std::optional<double> error; ///< standard error or half interval
    std::int64_t samples = 0;
    std::optional<std::int64_t> length; ///< tokens it was measured at
    std::optional<double> density;
    std::string context;  ///< JSON object
    std::string planName; ///< empty: dense, or not of a plan
};

struct Trend {
    std::string measure, unit;
    std::vector<TrendPoint> points; ///< oldest first
    std::int64_t omitted = 0;       ///< older points beyond the most asked for
};

/// Values of `measure` in these runs (in all of them, where none are given); the newest `most` of them.
Trend measureTrend(History& history, const std::string& measure, std::span<const RunId> only = {},
                   std::size_t most = 10'000);

} // namespace moa
