#include "engine/core/plan.h"

#include <algorithm>
#include <cmath>

namespace moa {

std::int64_t spanOf(const Rule& rule, std::int64_t n) {
    // 0.1 + 0.7 style sums may land a hair under an integer; a relative nudge keeps ⌊·⌋ where exact arithmetic
    // puts it. Clamped so that absurd rules from a file cannot overflow.
    const double s = rule.alpha + rule.beta * static_cast<double>(n);
    const double nudged = std::floor(s + 1e-9 * std::max(1.0, std::abs(s)));
    return static_cast<std::int64_t>(std::clamp(nudged, -1e15, 1e15));
}

std::int64_t cacheOf(const Rule& rule, std::int64_t n, int sink) {
    const std::int64_t least = sink + kBlock;
    return roundUpToBlock(std::min(std::max(spanOf(rule, n), least), std::max(n, least)));
}

std::int64_t denseCache(std::int64_t n, int sink) { return std::max<std::int64_t>(roundUpToBlock(n), sink + kBlock); }

std::int64_t SparsePlan::cache(LayerIndex l, KvHeadIndex g, std::int64_t n) const {
    const int group = heads / kvHeads;
    std::int64_t c = 0;
    for (int q = 0; q < group; ++q) c = std::max(c, cacheOf(rule(l, HeadIndex(g.value * group + q)), n, sink));
    return c;
}

double SparsePlan::density(std::int64_t n) const {
    std::int64_t held = 0;
    for (int l = 0; l < layers; ++l)
        for (int g = 0; g < kvHeads; ++g) held += cache(LayerIndex(l), KvHeadIndex(g), n);
    return static_cast<double>(held) / (static_cast<double>(denseCache(n, sink)) * layers * kvHeads);
}

double SparsePlan::meanSpan(std::int64_t n) const {
    const int group = heads / kvHeads;
    double sum = 0;
    for (int l = 0; l < layers; ++l)
        for (int g = 0; g < kvHeads; ++g) {
            std::int64_t s = 0;
            for (int q = 0; q < group; ++q)
                s = std::max(s, std::clamp<std::int64_t>(spanOf(rule(LayerIndex(l), HeadIndex(g * group + q)), n), 0, n));
            sum += static_cast<double>(s);
        }
    return sum / (layers * kvHeads);
}

std::int64_t SparsePlan::kvBytes(std::int64_t n, int headDim, int bytesPerValue) const {
    std::int64_t held = 0;
    for (int l = 0; l < layers; ++l)
        for (int g = 0; g < kvHeads; ++g) held += cache(LayerIndex(l), KvHeadIndex(g), n);
    return held * 2 * headDim * bytesPerValue;
}

SparsePlan uniformPlan(int layers, int heads, int kvHeads, Rule rule, int sink) {
    return {layers, heads, kvHeads, sink, std::vector<Rule>(std::size_t(layers) * heads, rule)};
}

WindowMap denseWindows(int layers, int kvHeads, int sink) {
    return {layers, kvHeads, sink, std::vector<std::int64_t>(std::size_t(layers) * kvHeads, WindowMap::kFullWindow)};
}

WindowMap windowsAt(const SparsePlan& plan, std::int64_t n) {
    WindowMap map = denseWindows(plan.layers, plan.kvHeads, plan.sink);
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g)
            map.window(LayerIndex(l), KvHeadIndex(g)) = plan.cache(LayerIndex(l), KvHeadIndex(g), n) - plan.sink;
    return map;
}

} // namespace moa
