// What the Plan page says of a plan at one length, as plain values: exact arithmetic, quick enough for every frame of a
// drag over 1,024 heads. Non-goals: loss (InfluenceCurves), what a view looks like.
#pragma once

#include "engine/core/plan.h"
#include "ui/viewmodels/selection_model.h"

#include <cstdint>
#include <vector>

namespace moa {

/// One rule of a plan, and what it holds. A KV head counts under the rule of its query heads that holds most.
struct RuleUse {
    Rule rule;
    int kvHeads = 0;
    std::int64_t cache = 0; ///< c(N) of one KV head, tokens
    double share = 0;       ///< of all keys and values that the plan holds at N
};

/// Largest share first, then by rule.
std::vector<RuleUse> rulesInUse(const SparsePlan& plan, std::int64_t n);

/// The rule that decides c(N) of a KV head.
Rule widestRule(const SparsePlan& plan, HeadRef head, std::int64_t n);

struct LayerFigures {
    double density = 0; ///< Σ c(N) / Σ d(N) of the layer
    int rules = 0;      ///< distinct, over its query heads
};
std::vector<LayerFigures> layerFigures(const SparsePlan& plan, std::int64_t n);

/// c(N) of every KV head, tokens, [L][G].
std::vector<std::int64_t> cachesAt(const SparsePlan& plan, std::int64_t n);

/// A KV head that holds another number of keys, or has other rules, in two plans of one shape.
struct HeadDifference {
    HeadRef head;
    std::int64_t from = 0, to = 0; ///< c(N), tokens
};
/// Largest change first, then in order. Empty where the shapes differ.
std::vector<HeadDifference> headDifferences(const SparsePlan& from, const SparsePlan& to, std::int64_t n);

} // namespace moa
