// Plans near the best that differ in what matters: material for judging by measurement, since estimated
// losses add up heads as if they were independent. Non-goal: measuring; engine/compare does that.
#pragma once

#include "engine/search/search.h"

#include <vector>

namespace moa {

/// Up to `count` different plans within the limits, least estimated loss first. The first is the search's
/// own; each other one is optimal if every head's losses are off by its own factor exp(σz), z normal, σ in
/// turn the spread, twice and half of it: what the plan would be if the estimates erred so. Losses and bounds
/// of the outcomes are those of `instance`. Fewer come back where the limits leave fewer, none where they
/// leave none. The time limit is that of all. Throws as `search`.
std::vector<SearchOutcome> candidatePlans(const SearchInstance& instance, const SearchOptions& options,
                                          int count, double spread, std::stop_token stop = {});

/// The instance with the losses of each group [groups] times a factor of its own, at every length.
SearchInstance withScaledLosses(const SearchInstance& instance, const std::vector<double>& factors);

/// Whether a choice [group] meets every limit and pin. Throws as `search`; false for a choice of another
/// size.
bool meetsLimits(const SearchInstance& instance, const SearchOptions& options,
                 const std::vector<int>& choice);

} // namespace moa
