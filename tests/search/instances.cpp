#include "tests/search/instances.h"

#include "engine/search/search_space.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace moa::test {

SearchInstance randomInstance(std::uint64_t seed, int layers, int kvHeads, std::vector<int> lengths,
                              int rules) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    SearchInstance instance;
    instance.layers = layers;
    instance.kvHeads = kvHeads;
    instance.lengths = lengths;
    instance.extraDensityLengths = {2 * lengths.back()};
    instance.rules = makeRules(makeGrid(lengths), lengths, instance.sink);
    if (rules > 0 && rules < instance.ruleCount()) {
        std::vector<Rule> some;
        for (int i = 0; i < rules; ++i)
            some.push_back(instance.rules[std::size_t(i) * instance.rules.size() / rules]);
        instance.rules = some;
    }
    for (int n : instance.densityLengths()) {
        auto& density = instance.density.emplace_back();
        for (const Rule& rule : instance.rules)
            density.push_back(static_cast<double>(cacheOf(rule, n, instance.sink)) /
                              static_cast<double>(denseCache(n, instance.sink)));
    }
    struct Worth {
        double size, decay, noise;
    };
    std::vector<Worth> worth(instance.groups());
    for (Worth& w : worth) {
        // A few heads matter a hundred times more than the rest, and some need all of the text.
        w.size = std::exp(4.5 * uniform(random) - 6);
        w.decay = std::exp(5 * uniform(random) - 1);
        w.noise = 0.3 * uniform(random);
    }
    for (std::size_t n = 0; n < lengths.size(); ++n) {
        auto& table = instance.loss.emplace_back(instance.groups());
        for (int g = 0; g < instance.groups(); ++g) {
            const std::int64_t dense = denseCache(lengths[n], instance.sink) / kBlock;
            std::vector<double> byWindow(dense + 1);
            double rough = 1;
            for (std::int64_t b = dense; b >= 0; --b) {
                const double share = static_cast<double>(b) / static_cast<double>(dense);
                rough = std::clamp(rough + worth[g].noise * (uniform(random) - 0.5), 0.5, 1.5);
                byWindow[b] =
                    b == dense ? 0
                               : worth[g].size * rough *
                                     (std::exp(-worth[g].decay * share) - 0.9 * std::exp(-worth[g].decay)) *
                                     (1 + 0.2 * static_cast<double>(n));
            }
            for (const Rule& rule : instance.rules)
                table[g].push_back(byWindow[cacheOf(rule, lengths[n], instance.sink) / kBlock]);
        }
    }
    completeInstance(instance);
    return instance;
}

std::optional<double> bruteForce(const Problem& problem) {
    std::vector<int> choice(problem.units, 0);
    std::optional<double> best;
    while (true) {
        if (problem.feasible(choice)) {
            const double cost = problem.objective(choice);
            if (!best || cost < *best) best = cost;
        }
        int u = 0;
        while (u < problem.units && ++choice[u] == problem.options) choice[u++] = 0;
        if (u == problem.units) return best;
    }
}

} // namespace moa::test
