// What `moa plan show` says of a plan: shape, rules, and its size at given lengths.
#pragma once

#include "engine/core/plan.h"

#include <nlohmann/json.hpp>

#include <span>
#include <vector>

namespace moa {

/// Lengths shown when the caller names none, tokens.
inline const std::vector<std::int64_t> kShownLengths = {1024, 2048, 4096, 8192, 16384};

/// KV heads whose query heads have different rules.
int disagreeingKvHeads(const SparsePlan& plan);

/// {layers, heads, kv_heads, sink, distinct_rules, max_distinct_rules_per_layer, disagreeing_kv_heads,
///  at: {"N": {mean_span, density, kv_bytes, cache: [L][G]}}}. Lengths and cache in tokens; mean_span over KV
///  heads,
/// clipped to [0, N]; kv_bytes for FP16 keys and values, null while `headDim` is 0 (not known). Rules are
/// counted per query head. Throws UsageError for a length under 1.
nlohmann::json summarizePlan(const SparsePlan& plan, std::span<const std::int64_t> lengths, int headDim);

} // namespace moa
