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
                                      maxLoss, alphas, betas;
    std::optional<double> density;
    int objective = 0, rulesPerLayer = 0, batch = 1, sink = -1;
    double minDensityShare = 0.9, timeLimit = 60;
    std::int64_t kvBytes = 0;
    std::vector<std::string> pins, minSpans, maxSpans;
    bool pareto = false;
};

void addSearchFlags(CLI::App& command, SearchFlags& flags);

/// Throws UsageError naming the flag. `headDim` 0: not known, then --kv-bytes is refused.
SearchOptions searchOptions(const SearchFlags& flags, int headDim, std::uint64_t seed);
LossTableOptions tableOptions(const SearchFlags& flags, const SearchOptions& options);

} // namespace moa::cli
