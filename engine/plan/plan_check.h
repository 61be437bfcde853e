// Judges a plan: does it fit the model, does it mean what it says, and what do disagreeing query heads cost?
// A published plan has one rule per query head, but a KV head's cache must serve the widest of its group
// (docs/method.md, "Terms"): where the group disagrees, the others' savings are lost.
#pragma once

#include "engine/core/model_config.h"
#include "engine/plan/plan_file.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moa {

enum class Severity { Error, Warning, Note };

/// One finding. `code` is stable for scripts ("layers", "stale_rules", …), `message` is for people.
struct PlanProblem {
    Severity severity = Severity::Note;
    std::string code, message;
};

/// Cache tokens of one KV head at length n: what it holds, and what its query heads would hold on average and
/// at least if each had its own.
struct GroupCost {
    std::int64_t n = 0, cache = 0, least = 0;
    double mean = 0;
};

/// A KV head whose query heads have different rules.
struct Disagreement {
    LayerIndex layer;
    KvHeadIndex kvHead;
    std::vector<Rule> rules;     ///< one per query head of the group
    std::vector<GroupCost> cost; ///< one per length asked
};

/// All disagreeing KV heads, in order. Throws UsageError for a length under 1.
std::vector<Disagreement> disagreements(const SparsePlan& plan, std::span<const std::int64_t> lengths);

/// The model a plan is judged against.
struct ModelToFit {
    ModelConfig config;
    std::string sha256; ///< of the weights; empty: not compared
};

/// Everything worth saying, errors first. An Error means the plan cannot run on the model. `model` may be
/// absent: then only the plan itself is judged. `lengths` are the tokens the cost of disagreement is stated
/// at.
std::vector<PlanProblem> checkPlan(const PlanFile& file, const std::optional<ModelToFit>& model,
                                   std::span<const std::int64_t> lengths);

/// {ok, problems: [{severity, code, message}], disagreeing: [{layer, kv_head, rules, at: {N: {cache, mean,
/// least}}}],
///  extra_cache_tokens: {N: {over_mean, over_least, share_of_cache}}}: `moa plan check`'s document. `ok` is
///  false
/// when there is an Error.
nlohmann::json checkReport(const PlanFile& file, const std::optional<ModelToFit>& model,
                           std::span<const std::int64_t> lengths);

} // namespace moa
