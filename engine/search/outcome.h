// From what a solver found to what the caller sees. Private to engine/search.
#pragma once

#include "engine/search/solver.h"

namespace moa {

/// Choice by group, losses, densities, bound and gap of `solution`; status and seconds as given there and
/// here.
SearchOutcome outcomeOf(const SearchInstance& instance, const Problem& problem, const Solution& solution,
                        double seconds);

/// Choices of groups as choices of units; those of another size, with unknown options or whose unit's groups
/// disagree are left out.
std::vector<std::vector<int>> unitStarts(const Problem& problem, const std::vector<std::vector<int>>& starts);

} // namespace moa
