// Sums over heads.
#include "ui/viewmodels/plan_figures.h"

#include <algorithm>
#include <map>
#include <set>

namespace moa {
namespace {

int groupSize(const SparsePlan& plan) {
    return plan.heads / plan.kvHeads;
}

} // namespace

Rule widestRule(const SparsePlan& plan, HeadRef head, std::int64_t n) {
    const int group = groupSize(plan), first = head.kvHead * group;
    Rule widest = plan.rule(LayerIndex(head.layer), HeadIndex(first));
    for (int h = first + 1; h < first + group; ++h) {
        const Rule& rule = plan.rule(LayerIndex(head.layer), HeadIndex(h));
        if (cacheOf(rule, n, plan.sink) > cacheOf(widest, n, plan.sink)) widest = rule;
    }
    return widest;
}

std::vector<RuleUse> rulesInUse(const SparsePlan& plan, std::int64_t n) {
    std::map<Rule, RuleUse> uses;
    double held = 0;
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g) {
            const Rule rule = widestRule(plan, {l, g}, n);
            RuleUse& use = uses[rule];
            use.rule = rule;
            use.cache = cacheOf(rule, n, plan.sink);
            ++use.kvHeads;
            held += double(use.cache);
        }
    std::vector<RuleUse> sorted;
    for (auto& [rule, use] : uses) {
        use.share = held > 0 ? double(use.cache) * use.kvHeads / held : 0;
        sorted.push_back(use);
    }
    std::ranges::stable_sort(sorted, std::greater{}, &RuleUse::share);
    return sorted;
}

std::vector<LayerFigures> layerFigures(const SparsePlan& plan, std::int64_t n) {
    std::vector<LayerFigures> layers;
    const double dense = double(denseCache(n, plan.sink)) * plan.kvHeads;
    for (int l = 0; l < plan.layers; ++l) {
        double held = 0;
        for (int g = 0; g < plan.kvHeads; ++g) held += double(plan.cache(LayerIndex(l), KvHeadIndex(g), n));
        const auto first = plan.rules.begin() + std::ptrdiff_t(l) * plan.heads;
        const std::set<Rule> distinct(first, first + plan.heads);
        layers.push_back({dense > 0 ? held / dense : 0, int(distinct.size())});
    }
    return layers;
}

std::vector<std::int64_t> cachesAt(const SparsePlan& plan, std::int64_t n) {
    std::vector<std::int64_t> caches;
    caches.reserve(std::size_t(plan.layers) * std::size_t(plan.kvHeads));
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g) caches.push_back(plan.cache(LayerIndex(l), KvHeadIndex(g), n));
    return caches;
}

std::vector<HeadDifference> headDifferences(const SparsePlan& from, const SparsePlan& to, std::int64_t n) {
    std::vector<HeadDifference> found;
    if (from.layers != to.layers || from.heads != to.heads || from.kvHeads != to.kvHeads) return found;
    const int group = groupSize(from);
    for (int l = 0; l < from.layers; ++l)
        for (int g = 0; g < from.kvHeads; ++g) {
            const auto at = std::ptrdiff_t(l) * from.heads + std::ptrdiff_t(g) * group;
            const bool sameRules = std::equal(from.rules.begin() + at, from.rules.begin() + at + group, to.rules.begin() + at);
            const std::int64_t a = from.cache(LayerIndex(l), KvHeadIndex(g), n), b = to.cache(LayerIndex(l), KvHeadIndex(g), n);
            if (!sameRules || a != b) found.push_back({{l, g}, a, b});
        }
    std::ranges::stable_sort(found, std::greater{}, [](const HeadDifference& d) { return std::abs(d.to - d.from); });
    return found;
}

} // namespace moa
