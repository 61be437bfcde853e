#include "engine/plan/plan_summary.h"

#include "engine/core/error.h"

#include <algorithm>
#include <set>

namespace moa {
namespace {

constexpr int kFp16Bytes = 2;

std::size_t distinctRules(std::span<const Rule> rules) {
    return std::set<Rule>(rules.begin(), rules.end()).size();
}

nlohmann::json cacheGrid(const SparsePlan& plan, std::int64_t n) {
    nlohmann::json grid = nlohmann::json::array();
    for (int l = 0; l < plan.layers; ++l) {
        nlohmann::json row = nlohmann::json::array();
        for (int g = 0; g < plan.kvHeads; ++g) row.push_back(plan.cache(LayerIndex(l), KvHeadIndex(g), n));
        grid.push_back(std::move(row));
    }
    return grid;
}

} // namespace

int disagreeingKvHeads(const SparsePlan& plan) {
    const std::size_t group = std::size_t(plan.heads / plan.kvHeads);
    int count = 0;
    for (std::size_t first = 0; first < plan.rules.size(); first += group)
        count += distinctRules(std::span(plan.rules).subspan(first, group)) > 1;
    return count;
}

nlohmann::json summarizePlan(const SparsePlan& plan, std::span<const std::int64_t> lengths, int headDim) {
    std::size_t mostPerLayer = 0;
    for (int l = 0; l < plan.layers; ++l)
        mostPerLayer = std::max(
            mostPerLayer,
            distinctRules(
                std::span(plan.rules).subspan(std::size_t(l) * plan.heads, std::size_t(plan.heads))));
    nlohmann::json at = nlohmann::json::object();
    for (const std::int64_t n : lengths) {
        if (n < 1) throw UsageError("lengths: expected tokens from 1 up, got " + std::to_string(n));
        at[std::to_string(n)] = {{"mean_span", plan.meanSpan(n)},
                                 {"density", plan.density(n)},
                                 {"kv_bytes", headDim > 0
                                                  ? nlohmann::json(plan.kvBytes(n, headDim, kFp16Bytes))
                                                  : nlohmann::json(nullptr)},
                                 {"cache", cacheGrid(plan, n)}};
    }
    return {{"layers", plan.layers},
            {"heads", plan.heads},
            {"kv_heads", plan.kvHeads},
            {"sink", plan.sink},
            {"distinct_rules", distinctRules(plan.rules)},
            {"max_distinct_rules_per_layer", mostPerLayer},
            {"disagreeing_kv_heads", disagreeingKvHeads(plan)},
            {"at", std::move(at)}};
}

} // namespace moa
