// Exhaustive search over sums instead of plans: of all partial plans with equal sums in every row only the
// cheapest is followed. Private to engine/search. It closes what branch and bound is slow at, the many plans
// of nearly equal cost; densities are small whole numbers, so that sums coincide often.
#pragma once

#include "engine/search/lagrangian_dual.h"

#include <cstddef>
#include <vector>

namespace moa {

struct LabelResult {
    bool complete =
        false; ///< false: not applicable (loss rows, a rule limit, huge numbers), or too much work
    std::vector<int> choice; ///< [units] the best plan below the cutoff; empty: proven that there is none
};

/// Looks at every plan of `sets` cheaper than `cutoff`. `multipliers`: sets of [rows], each gives a bound
/// that prunes; not empty. Gives up after `work` labels or when `control` is over.
LabelResult searchLabels(const Problem& problem, const OptionSets& sets,
                         const std::vector<std::vector<double>>& multipliers, double cutoff, std::size_t work,
                         const SolveControl& control);

} // namespace moa
