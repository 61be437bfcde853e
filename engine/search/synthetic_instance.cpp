#include "engine/search/synthetic_instance.h"

#include "engine/core/error.h"
#include "engine/search/search_space.h"

#include <algorithm>
#include <cmath>

namespace moa {

namespace {

/// splitmix64: the standard library's distributions differ between implementations.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : m_state(seed) {}
    /// In (0, 1).
    double uniform() {
        std::uint64_t z = (m_state += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        z ^= z >> 31;
        return (static_cast<double>(z >> 12) + 0.5) / static_cast<double>(std::uint64_t{1} << 52);
    }

private:
    std::uint64_t m_state;
};

enum class HeadKind { Local, Far, SinkOnly };

struct Head {
    HeadKind kind = HeadKind::Local;
    double size = 0;  ///< nats lost with the least window at the longest length
    double reach = 0; ///< local: tokens it looks back; far: exponent of its decline
    double noise = 0;
};

Head drawHead(Dice& dice) {
    Head head;
    const double kind = dice.uniform();
    head.kind = kind < 0.6 ? HeadKind::Local : kind < 0.85 ? HeadKind::Far : HeadKind::SinkOnly;
    // Pareto with exponent 1.2: no variance, as the sizes of heads in profiles.
    head.size = std::min(1e-4 * std::pow(dice.uniform(), -1 / 1.2), 0.3);
    if (head.kind == HeadKind::SinkOnly) head.size *= 0.01;
    head.reach =
        head.kind == HeadKind::Local ? 64 * std::exp(4 * dice.uniform()) : 0.5 + 2.5 * dice.uniform();
    head.noise = 0.1 * dice.uniform();
    return head;
}

/// Loss of a head whose cache holds `cache` of `dense` tokens, before noise.
double smoothLoss(const Head& head, double cache, double dense, double longest) {
    const double share = cache / dense;
    const double grown = head.size * std::pow(dense / longest, 0.3);
    switch (head.kind) {
    case HeadKind::Local:
        return grown * (std::exp(-cache / head.reach) + 0.02 * (1 - share));
    case HeadKind::Far:
        return grown * std::pow(1 - share, head.reach);
    case HeadKind::SinkOnly:
        break;
    }
    return grown * (1 - share);
}

} // namespace

const std::vector<SyntheticShape>& syntheticShapes() {
    static const std::vector<SyntheticShape> shapes{{"moa-tiny", 6, 4},
                                                    {"smollm2", 30, 3},
                                                    {"llama-3-8b", 32, 8},
                                                    {"llama-7b", 32, 32},
                                                    {"llama-13b", 40, 40}};
    return shapes;
}

const SyntheticShape& syntheticShape(const std::string& name) {
    for (const SyntheticShape& shape : syntheticShapes())
        if (shape.name == name) return shape;
    throw UsageError("unknown shape \"" + name + "\"");
}

SearchInstance syntheticInstance(const SyntheticShape& shape, std::uint64_t seed,
                                 const std::vector<int>& lengths) {
    SearchInstance instance;
    instance.layers = shape.layers;
    instance.kvHeads = shape.kvHeads;
    instance.lengths = lengths;
    std::sort(instance.lengths.begin(), instance.lengths.end());
    instance.rules = makeRules(makeGrid(lengths), lengths, instance.sink);
    const int longest = instance.lengths.back();
    instance.extraDensityLengths = {2 * longest};
    for (int n : instance.densityLengths()) {
        std::vector<double>& density = instance.density.emplace_back();
        for (const Rule& rule : instance.rules)
            density.push_back(static_cast<double>(cacheOf(rule, n, instance.sink)) /
                              static_cast<double>(denseCache(n, instance.sink)));
    }
    Dice dice(seed * 0x2545f4914f6cdd1dull + static_cast<std::uint64_t>(shape.groups()));
    instance.loss.assign(lengths.size(), {});
    for (auto& table : instance.loss) table.resize(shape.groups());
    for (int g = 0; g < shape.groups(); ++g) {
        const Head head = drawHead(dice);
        for (std::size_t n = 0; n < instance.lengths.size(); ++n) {
            const std::int64_t dense = denseCache(instance.lengths[n], instance.sink);
            std::vector<double> byBlocks(dense / kBlock + 1);
            for (std::size_t b = 0; b + 1 < byBlocks.size(); ++b) // a dense cache loses nothing
                byBlocks[b] = smoothLoss(head, static_cast<double>(b) * kBlock, static_cast<double>(dense),
                                         static_cast<double>(longest)) *
                              (1 + head.noise * (dice.uniform() - 0.5));
            for (const Rule& rule : instance.rules)
                instance.loss[n][g].push_back(
                    byBlocks[cacheOf(rule, instance.lengths[n], instance.sink) / kBlock]);
        }
    }
    completeInstance(instance);
    return instance;
}

} // namespace moa
