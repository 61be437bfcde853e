// First-order cost of a plan for one sample, KV head by KV head.
#pragma once

#include "engine/core/plan.h"
#include "engine/model/sample_costs.h"

#include <vector>

namespace moa {

/// |Σ_i C_i(w)| of every KV head under its window, summed over the query heads that share it, [L][G], in the loss's
/// unit times the sample's target count (docs/method.md, "What a rule costs"). 0 for a head that sees all of `tokens`.
std::vector<double> headCosts(const SampleCosts& costs, int groupSize, const WindowMap& windows, std::int64_t tokens);

} // namespace moa
