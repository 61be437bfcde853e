// Two to six runs side by side: every field and every measure, which of them differ from a baseline, and
// which differ for the worse.
#pragma once

#include "store/history/history.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moa {

enum class Tick {
    Same,
    Differs,
    Better, ///< a measure, by its direction and beyond the errors of both
    Worse,
};

struct ComparisonCell {
    std::string text;            ///< empty: the run has no such thing
    std::optional<double> value; ///< of a measure
    std::optional<double> error;
    Tick tick = Tick::Same; ///< against the baseline
};

struct ComparisonRow {
    std::string group; ///< "Run", "Model", "Plan", "Machine", "Settings", "Measures"
    std::string name;  ///< "Plan hash", "retrieval, length 1024, task lines"
    std::string unit;
    std::vector<ComparisonCell> cells; ///< [run]
    bool differs = false;              ///< any of them from the baseline
};

struct RunComparison {
    std::vector<RunSummary> runs;
    std::size_t baseline = 0; ///< index into runs
    std::vector<ComparisonRow> rows;
    std::size_t different = 0; ///< rows that differ
};

inline constexpr std::size_t kMostCompared = 6;

/// `baseline` is an index into `runs`. Throws UsageError for fewer than 2 or more than kMostCompared runs,
/// and for one that is not there.
RunComparison compareRuns(History& history, std::span<const RunId> runs, std::size_t baseline = 0);

/// A Markdown table of it, with run numbers, to be pasted in a report.
std::string markdownOf(const RunComparison& comparison, bool differencesOnly);

} // namespace moa
