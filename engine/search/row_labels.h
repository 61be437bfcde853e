// Label setting over the sums in some rows, the other rows priced: of all partial plans with equal sums only
// the cheapest is followed. Private to engine/search. With one row it is the knapsack's dynamic programme;
// with every row that can bind it is exact. Sums are whole numbers in steps, so that they coincide often.
#pragma once

#include "engine/search/item_oracle.h"
#include "engine/search/solver.h"

#include <vector>

namespace moa {

struct RowLabelsResult {
    bool complete = false; ///< false: not applicable (a row without whole numbers), too much work, or over
    /// No plan of the pool below the cutoff has a lower excess over the pool's bound; the cutoff where none
    /// has.
    double excess = 0;
    std::vector<std::vector<int>>
        plans; ///< [items] pool options, cheapest first; rows not keyed may be missed
};

/// Rows of `problem` that some plan of the pool could miss.
std::vector<int> rowsThatBind(const Problem& problem, const ItemPool& pool);

/// Follows all partial plans with an excess (reduced costs, unused room of priced rows) below `cutoff`.
/// `rows`: the keyed rows, at least one. Gives up after `work` labels. `plans`: how many to return.
RowLabelsResult searchRowLabels(const Problem& problem, const ItemPool& pool,
                                const std::vector<double>& multipliers, const std::vector<int>& rows,
                                double cutoff, std::size_t work, int plans, const SolveControl& control);

} // namespace moa
