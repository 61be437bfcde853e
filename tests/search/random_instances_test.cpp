// Our solver against CBC on random instances: objective within 1%, a plan whenever CBC has one, a bound never
// above the optimum. The gaps are printed.
#include "tests/search/instances.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace moa {
namespace {

struct GapStatistics {
    int compared = 0, infeasible = 0, unproven = 0;
    double worstRatio = 0, worstGap = 0, seconds = 0, slowest = 0, cbcSeconds = 0;

    void print(const char* name) const {
        std::printf(
            "%s: %d compared, %d infeasible; worst objective over CBC %+.4f%%, worst own gap %.4f%%, %d not "
            "proven; seconds %.2f (slowest %.2f), CBC %.2f\n",
            name, compared, infeasible, 100 * worstRatio, 100 * worstGap, unproven, seconds, slowest,
            cbcSeconds);
    }
};

void compare(const SearchInstance& instance, SearchOptions options, GapStatistics& statistics,
             const std::string& name) {
    options.explain = false;
    options.timeLimit = 5;
    options.solver = SolverKind::Lagrangian;
    const SearchOutcome ours = search(instance, options);
    options.solver = SolverKind::Cbc;
    const SearchOutcome cbc = search(instance, options);
    statistics.seconds += ours.seconds;
    statistics.slowest = std::max(statistics.slowest, ours.seconds);
    statistics.cbcSeconds += cbc.seconds;
    if (cbc.status == SearchStatus::Infeasible || ours.status == SearchStatus::Infeasible) {
        ++statistics.infeasible;
        EXPECT_EQ(ours.hasPlan(), cbc.hasPlan()) << name;
        return;
    }
    if (!cbc.hasPlan()) return; // CBC ran out of time: nothing to compare with
    ASSERT_TRUE(ours.hasPlan()) << name;
    ++statistics.compared;
    EXPECT_TRUE(makeProblem(instance, options).feasible(ours.choice) ||
                options.granularity != Granularity::Elastic);
    const double size = std::max(std::abs(cbc.objective), 1e-9);
    const double ratio = (ours.objective - cbc.objective) / size;
    statistics.worstRatio = std::max(statistics.worstRatio, ratio);
    statistics.worstGap = std::max(statistics.worstGap, ours.gap);
    statistics.unproven += ours.status != SearchStatus::Optimal;
    EXPECT_LE(ratio, 0.01) << name;
    EXPECT_LE(ours.lowerBound, cbc.objective + 1e-9) << name;
    EXPECT_LE(cbc.lowerBound, ours.objective + 2e-6 * size + 1e-7) << name;
}

TEST(RandomInstances, ElasticWithoutARuleLimit) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const SearchInstance instance = test::randomInstance(
            seed, 3 + static_cast<int>(seed % 4), 2 + static_cast<int>(seed % 4), {2048, 4096, 8192});
        SearchOptions options;
        options.density = 0.2 + 0.1 * static_cast<double>(seed % 7);
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("elastic");
    EXPECT_GT(statistics.compared, 5);
}

TEST(RandomInstances, RuleLimits) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const SearchInstance instance =
            test::randomInstance(100 + seed, 3 + static_cast<int>(seed % 3), 3 + static_cast<int>(seed % 2),
                                 {1024, 2048, 4096}, 24);
        SearchOptions options;
        options.density = 0.3 + 0.1 * static_cast<double>(seed % 4);
        options.rulesPerLayer = 1 + static_cast<int>(seed % 3);
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("rules per layer 1 to 3");
    EXPECT_GT(statistics.compared, 5);
}

/// joint-signed estimates may say that hiding keys helps.
TEST(RandomInstances, NegativeLosses) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SearchInstance instance = test::randomInstance(500 + seed, 4, 3, {1024, 2048}, 24);
        for (auto& table : instance.loss)
            for (std::size_t g = 0; g < table.size(); g += 1 + seed % 2)
                for (double& v : table[g]) v = -v;
        SearchOptions options;
        options.rulesPerLayer = seed % 3 == 0 ? 2 : 0;
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("negative losses");
    EXPECT_GT(statistics.compared, 3);
}

/// Heads that need all of their far keys or none: many plans of nearly equal cost, the hardest kind to prove.
TEST(RandomInstances, StepLossesAndOneSidedDensities) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SearchInstance instance = test::randomInstance(400 + seed, 4, 3, {1024, 2048}, 24);
        std::uint64_t state = seed;
        for (int g = 0; g < instance.groups(); ++g) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            const double threshold = static_cast<double>(state >> 40) / (1 << 24);
            const double size = 0.01 * static_cast<double>(1 + g % 5);
            for (std::size_t n = 0; n < instance.lengths.size(); ++n)
                for (int r = 0; r < instance.ruleCount(); ++r) {
                    const double d = instance.density[n][r];
                    instance.loss[n][g][r] = d >= 1 ? 0 : d >= threshold ? 1e-4 : size;
                }
        }
        SearchOptions options;
        options.density = 0.3 + 0.15 * static_cast<double>(seed % 4);
        options.minDensityShare = seed % 2 ? 0.0 : 0.9;
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("step losses");
    EXPECT_GT(statistics.compared, 5);
}

TEST(RandomInstances, LossLimits) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const SearchInstance instance =
            test::randomInstance(200 + seed, 4, 2 + static_cast<int>(seed % 3), {2048, 4096, 8192}, 32);
        SearchOptions options;
        options.explain = false;
        const SearchOutcome longest = search(instance, options);
        options.objectiveLength = 2048;
        const SearchOutcome shortest = search(instance, options);
        if (!longest.hasPlan()) continue;
        const double low = shortest.loss.at(2048), high = longest.loss.at(2048);
        options.objectiveLength = 8192;
        // From generous through two-sided to a little out of reach.
        const double where = 0.25 * static_cast<double>(seed % 5) - 0.01;
        options.lossLimits[2048].upper = low + where * (high - low);
        if (seed % 2) options.lossLimits[2048].lower = low + (where - 0.25) * (high - low);
        if (seed % 3 == 0)
            options.lossLimits[4096].upper = (shortest.loss.at(4096) + longest.loss.at(4096)) / 2;
        options.rulesPerLayer = seed % 4 == 0 ? 2 : 0;
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("loss limits");
    EXPECT_GT(statistics.compared, 5);
}

TEST(RandomInstances, PinsAndGranularities) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const SearchInstance instance = test::randomInstance(300 + seed, 6, 2, {1024, 2048}, 30);
        SearchOptions options;
        options.density = 0.35 + 0.1 * static_cast<double>(seed % 3);
        options.granularity = seed % 3 == 0   ? Granularity::Layer
                              : seed % 3 == 1 ? Granularity::Elastic
                                              : Granularity::Head;
        options.minDensityShare = seed % 4 == 0 ? 0.0 : 0.9;
        options.pins = {{.layer = 1, .kvHead = -1, .kind = Pin::Kind::MinSpan, .span = 512},
                        {.layer = 2, .kvHead = 1, .kind = Pin::Kind::MaxSpan, .span = 1024, .length = 2048}};
        if (options.granularity != Granularity::Head)
            options.pins.push_back(
                {.layer = 3, .kvHead = 0, .kind = Pin::Kind::Exact, .rule = instance.rules[seed]});
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("pins and granularities");
    EXPECT_GT(statistics.compared, 5);
}

} // namespace
} // namespace moa
