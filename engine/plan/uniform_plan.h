// The uniform sliding window that plans are measured against (StreamingLLM's mask at a given size).
#pragma once

#include "engine/core/plan.h"

namespace moa {

/// Every head with rule (α = 0, β = density): span ⌊density·N⌋ tokens, the sink included, so that the plan
/// holds the asked share of the cache at every N. density(N) equals `density` where density·N is a multiple
/// of 64 and at least sink + 64; otherwise it is the next block above, less than 64/N more. Throws UsageError
/// unless 0 < density ≤ 1 and sink is a multiple of 64 in 0 … 256.
SparsePlan uniformAtDensity(int layers, int heads, int kvHeads, double density, int sink = kDefaultSink);

} // namespace moa
