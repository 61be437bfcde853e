// The flags of `moa search`, and what they mean to the solver.
#pragma once

#include "engine/search/loss_tables.h"
#include "engine/search/search.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace moa::cli {

struct SearchFlags {
    std::string profile, tables, out, estimate = "joint", granularity = "elastic", solver = "lagrangian",
                                      maxLoss, alphas, betas, densityAt, minDensityShareAt, spanTimes, state,
                                      data = "lines,facts";
    std::optional<double> density, gap, targetLoss;
    int objective = 0, rulesPerLayer = 0, batch = 1, sink = -1, refine = 0, refineSamples = 6, prompts = 10;
    double minDensityShare = 0.9, timeLimit = 60, decodeTime = 0;
    std::int64_t kvBytes = 0;
    std::vector<std::string> pins, minSpans, maxSpans;
    bool pareto = false, sweep = false, heads = false;
    /// `--granularity all`: one plan of each, from uniform to elastic.
    bool everyGranularity() const { return granularity == "all"; }
};

void addSearchFlags(CLI::App& command, SearchFlags& flags);

/// What a flag's text needs to be understood.
struct SearchSubject {
    int headDim = 0; ///< 0: not known, then --kv-bytes is refused
    int heads = 0;   ///< query heads, 0: not known, then pins name KV heads only
    int kvHeads = 0;
};

/// Throws UsageError naming the flag, FileError for --span-times.
SearchOptions searchOptions(const SearchFlags& flags, const SearchSubject& subject, std::uint64_t seed);
LossTableOptions tableOptions(const SearchFlags& flags, const SearchOptions& options);

} // namespace moa::cli
