// The rules a search may choose from: the (α, β) grid of docs/method.md, "Search space".
// Goal: one place that knows which pairs exist and which of them are the same to a search.
#pragma once

#include "engine/core/plan.h"

#include <vector>

namespace moa {

/// A grid of rules before its constraints. `makeGrid` fills it from the profiled lengths; a user may give
/// other values of either (`--alphas`, `--betas`).
struct RuleGrid {
    std::vector<double> alphas; ///< tokens
    std::vector<double> betas;  ///< dimensionless
};

/// The default grid: α from −N_min to N_max in ⌊(N_max + N_min) / (N_max / 8)⌋ + 1 even steps, β ∈ {0, 1/8,
/// …, 1}. `lengths` in tokens, any order, at least one, all positive (UsageError otherwise).
RuleGrid makeGrid(const std::vector<int>& lengths);

/// True where α + βN_max ≤ N_max, α + β·2N_max ≤ 2N_max and α + βN_min > 0.
bool ruleFits(const Rule& rule, int shortest, int longest);

/// The lengths at which rules are told apart: every profiled length and 2·N_max, ascending.
std::vector<int> lengthsOfInterest(const std::vector<int>& lengths);

/// The rules of `grid` that fit, sorted by (α, β), without duplicates: of rules with equal c(N) at all
/// lengths of interest the canonical one stays, that with the least |α|, then the least β. Throws UsageError
/// when none fits.
std::vector<Rule> makeRules(const RuleGrid& grid, const std::vector<int>& lengths, int sink);

/// The canonical rules among `rules` (as above, order kept).
std::vector<Rule> dropDuplicateRules(const std::vector<Rule>& rules,
                                     const std::vector<int>& lengthsToTellApart, int sink);

} // namespace moa
