// Compares two plans of one model, KV head by KV head: what `moa plan diff` prints.
#pragma once

#include "engine/core/plan.h"

#include <nlohmann/json.hpp>

#include <span>

namespace moa {

/// {layers, kv_heads, changed_kv_heads, sink: [a, b],
///  at: {N: {density: [a, b], mean_span: [a, b], cache_tokens: [a, b], wider, narrower}},
///  heads: [{layer, kv_head, rules: [[[α, β] per query head of a], [… of b]], cache: {N: [a, b]}}]}.
/// Only KV heads whose rules or cache differ are listed; `wider` counts those holding more in b. Cache in
/// tokens. Throws UsageError when the plans differ in layers or KV heads (they are not of one model) or a
/// length is under 1.
nlohmann::json diffPlans(const SparsePlan& a, const SparsePlan& b, std::span<const std::int64_t> lengths);

} // namespace moa
