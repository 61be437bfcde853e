// Loss limits given relative to the best ("at most 10% over the least") as plain numbers. Private to
// engine/search.
#pragma once

#include "engine/search/solver.h"

namespace moa {

/// `options` with every overBest turned into an upper limit: the least loss at that length under all limits
/// but those on losses, plus that share of its size. Spends solves within `control`; where no plan exists at
/// all, the options come back without those limits, and the search itself says why it is infeasible.
SearchOptions withPlainLossLimits(const SearchInstance& instance, const SearchOptions& options,
                                  const SolveControl& control);

/// Whether some limit is relative.
bool hasRelativeLimits(const SearchOptions& options);

} // namespace moa
