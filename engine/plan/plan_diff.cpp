#include "engine/plan/plan_diff.h"

#include "engine/core/error.h"

#include <algorithm>

namespace moa {
namespace {

using Json = nlohmann::json;

std::span<const Rule> groupRules(const SparsePlan& plan, LayerIndex l, KvHeadIndex g) {
    const int group = plan.heads / plan.kvHeads;
    return std::span(plan.rules)
        .subspan(std::size_t(l.value) * plan.heads + std::size_t(g.value) * group, std::size_t(group));
}

/// Same cache at every length: equal rules where both groups are uniform, else equal lists.
bool sameRules(std::span<const Rule> a, std::span<const Rule> b) {
    if (a.size() == b.size()) return std::equal(a.begin(), a.end(), b.begin());
    const auto allAreFirst = [&](const Rule& r) { return r == a[0]; };
    return std::all_of(a.begin(), a.end(), allAreFirst) && std::all_of(b.begin(), b.end(), allAreFirst);
}

Json rulesJson(std::span<const Rule> rules) {
    Json out = Json::array();
    for (const Rule& r : rules) out.push_back(Json::array({r.alpha, r.beta}));
    return out;
}

Json totalsAt(const SparsePlan& a, const SparsePlan& b, std::int64_t n) {
    std::int64_t heldA = 0, heldB = 0;
    int wider = 0, narrower = 0;
    for (int l = 0; l < a.layers; ++l)
        for (int g = 0; g < a.kvHeads; ++g) {
            const std::int64_t ca = a.cache(LayerIndex(l), KvHeadIndex(g), n);
            const std::int64_t cb = b.cache(LayerIndex(l), KvHeadIndex(g), n);
            heldA += ca;
            heldB += cb;
            wider += cb > ca;
            narrower += cb < ca;
        }
    return {{"density", {a.density(n), b.density(n)}},
            {"mean_span", {a.meanSpan(n), b.meanSpan(n)}},
            {"cache_tokens", {heldA, heldB}},
            {"wider", wider},
            {"narrower", narrower}};
}

} // namespace

nlohmann::json diffPlans(const SparsePlan& a, const SparsePlan& b, std::span<const std::int64_t> lengths) {
    if (a.layers != b.layers || a.kvHeads != b.kvHeads)
        throw UsageError("plan diff: expected plans of one model, got " + std::to_string(a.layers) + " × " +
                         std::to_string(a.kvHeads) + " and " + std::to_string(b.layers) + " × " +
                         std::to_string(b.kvHeads) + " layers × KV heads");
    Json at = Json::object(), heads = Json::array();
    for (const std::int64_t n : lengths) {
        if (n < 1) throw UsageError("lengths: expected tokens from 1 up, got " + std::to_string(n));
        at[std::to_string(n)] = totalsAt(a, b, n);
    }
    for (int l = 0; l < a.layers; ++l)
        for (int g = 0; g < a.kvHeads; ++g) {
            const LayerIndex layer(l);
            const KvHeadIndex head(g);
            const auto rulesA = groupRules(a, layer, head), rulesB = groupRules(b, layer, head);
            Json cache = Json::object();
            bool changed = !sameRules(rulesA, rulesB);
            for (const std::int64_t n : lengths) {
                const std::int64_t ca = a.cache(layer, head, n), cb = b.cache(layer, head, n);
                cache[std::to_string(n)] = {ca, cb};
                changed = changed || ca != cb;
            }
            if (changed)
                heads.push_back({{"layer", l},
                                 {"kv_head", g},
                                 {"rules", Json::array({rulesJson(rulesA), rulesJson(rulesB)})},
                                 {"cache", std::move(cache)}});
        }
    return {{"layers", a.layers},
            {"kv_heads", a.kvHeads},
            {"sink", Json::array({a.sink, b.sink})},
            {"changed_kv_heads", heads.size()},
            {"at", std::move(at)},
            {"heads", std::move(heads)}};
}

} // namespace moa
