// Prices as the engine computes them: stored costs by window, densities by cache length.
#include "ui/jobs/search_subject.h"

#include "engine/search/loss_tables.h"

#include <algorithm>
#include <set>

namespace moa {

SearchSubject::SearchSubject(const SearchInstance& from)
    : layers(from.layers), heads(from.kvHeads), kvHeads(from.kvHeads), sink(from.sink), lengths(from.lengths),
      densityLengths(from.densityLengths()) {}

void SearchSubject::describe(std::shared_ptr<const ProfileData> from) {
    model = QString::fromStdString(from->modelName);
    modelSha256 = QString::fromStdString(from->modelSha256);
    calibration = QString::fromStdString(from->calibration);
    heads = from->heads;
    for (const auto& [length, at] : from->lengths) samples[length] = at.samples;
    profile = std::move(from);
}

std::optional<double> SearchSubject::lossOf(int length, int layer, int kvHead, const Rule& rule) const {
    const int index = instance->lengthIndex(length);
    if (index < 0) return {};
    const auto known = std::ranges::find(instance->rules, rule);
    if (known != instance->rules.end())
        return instance->loss[std::size_t(index)][std::size_t(layer * kvHeads + kvHead)]
                             [std::size_t(known - instance->rules.begin())];
    if (!profile) return {};
    const std::int64_t cache = cacheOf(rule, length, sink);
    if (cache >= denseCache(length, sink)) return 0.0;
    return ruleLoss(*profile, profile->lengths.at(length), Estimate::Joint, sink, LayerIndex(layer), KvHeadIndex(kvHead),
                    (cache - sink) / kBlock);
}

PlanPrice SearchSubject::price(const SparsePlan& plan) const {
    PlanPrice price;
    std::set<Rule> rules;
    const int group = plan.heads / plan.kvHeads;
    bool known = instance && plan.sink == sink;
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g) {
            // The group holds the widest of its heads' windows.
            const auto of = [&](int n) {
                Rule widest = plan.rule(LayerIndex(l), HeadIndex(g * group));
                for (int h = 1; h < group; ++h) {
                    const Rule& rule = plan.rule(LayerIndex(l), HeadIndex(g * group + h));
                    if (cacheOf(rule, n, plan.sink) > cacheOf(widest, n, plan.sink)) widest = rule;
                }
                return widest;
            };
            rules.insert(of(densityLengths.back()));
            for (const int n : densityLengths)
                price.density[n] += double(cacheOf(of(n), n, plan.sink)) / double(denseCache(n, plan.sink)) / (layers * kvHeads);
            for (const int n : lengths) {
                if (!known) break;
                const std::optional<double> loss = lossOf(n, l, g, of(n));
                known = loss.has_value();
                price.loss[n] += loss.value_or(0);
            }
        }
    if (!known) price.loss.clear();
    price.rules = int(rules.size());
    return price;
}

} // namespace moa
