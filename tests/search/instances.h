// Instances for the search tests: made from a seed, or small enough to enumerate.
#pragma once

#include "engine/search/problem.h"
#include "engine/search/search.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace moa::test {

/// A model-like instance: each group gets a profile of what its far keys are worth, losses fall with the
/// window and are correlated between the lengths. `rules` < 0: all of the default grid, else so many of them,
/// spread evenly.
SearchInstance randomInstance(std::uint64_t seed, int layers, int kvHeads, std::vector<int> lengths,
                              int rules = -1);

/// The least objective over all choices, none where none is feasible. Only for a handful of units.
std::optional<double> bruteForce(const Problem& problem);

} // namespace moa::test
