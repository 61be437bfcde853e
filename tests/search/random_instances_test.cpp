// Our solver against CBC on instances, 224 of them, every constraint alone and mixed: the same
// objective within the gap shown, a plan whenever CBC has one, a bound never above the optimum, no limit ever
// broken (judged by a checker of its own, not by the solver's). The gaps are printed.
#include "engine/search/synthetic_instance.h"
#include "tests/search/instances.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <set>

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

bool pinHolds(const SearchInstance& instance, const Pin& pin, const Rule& rule) {
    if (pin.kind == Pin::Kind::Exact) return rule == pin.rule;
    const int n = pin.length ? pin.length : instance.lengths.back();
    const std::int64_t cache = cacheOf(rule, n, instance.sink),
                       wanted = cacheOf({static_cast<double>(pin.span), 0}, n, instance.sink);
    return pin.kind == Pin::Kind::MinSpan ? cache >= wanted : cache <= wanted;
}

/// What the options say, checked from rules and tables alone. "" or what is broken.
std::string brokenLimit(const SearchInstance& instance, const SearchOptions& options,
                        const std::vector<int>& choice) {
    const std::map<int, double> density = densitiesOf(instance, choice), loss = lossesOf(instance, choice);
    const int objective = options.objectiveLength ? options.objectiveLength : instance.lengths.back();
    for (const auto& [n, d] : density) {
        const auto own = options.densityAt.find(n);
        std::optional<double> bound = options.density;
        if (options.granularity == Granularity::Head && n != objective) bound.reset();
        if (own != options.densityAt.end()) bound = own->second;
        if (!bound) continue;
        const auto share = options.minDensityShareAt.find(n);
        const double least =
            share == options.minDensityShareAt.end() ? options.minDensityShare : share->second;
        if (d > *bound + 1e-9 || d < least * *bound - 1e-9) return "density at " + std::to_string(n);
    }
    for (const auto& [n, limit] : options.lossLimits)
        if ((limit.upper && loss.at(n) > *limit.upper + 1e-7) ||
            (limit.lower && loss.at(n) < *limit.lower - 1e-7))
            return "loss at " + std::to_string(n);
    for (int l = 0; l < instance.layers; ++l) {
        std::set<int> rules;
        for (int h = 0; h < instance.kvHeads; ++h) {
            const int r = choice[l * instance.kvHeads + h];
            rules.insert(r);
            for (const Pin& pin : options.pins)
                if ((pin.layer < 0 || pin.layer == l) && (pin.kvHead < 0 || pin.kvHead == h) &&
                    !pinHolds(instance, pin, instance.rules[r]))
                    return "a pin of layer " + std::to_string(l);
        }
        if (options.rulesPerLayer > 0 && static_cast<int>(rules.size()) > options.rulesPerLayer)
            return "rules of layer " + std::to_string(l);
    }
    double bytes = 0, seconds = 0;
    for (int r : choice) {
        const auto cache = static_cast<double>(cacheOf(instance.rules[r], objective, instance.sink));
        if (const auto& kv = options.kvLimit)
            bytes += 2 * cache * kv->headDim * kv->bytesPerValue * kv->batch;
        // The tests' span table is linear: 1 ns a token.
        seconds += 1e-9 * cache;
    }
    if (options.kvLimit && bytes > static_cast<double>(options.kvLimit->bytes)) return "KV bytes";
    if (options.decodeTime && seconds > options.decodeTime->seconds * (1 + 1e-9)) return "decode time";
    return "";
}

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
    EXPECT_EQ(brokenLimit(instance, options, ours.choice), "") << name;
    const double size = std::max(std::abs(cbc.objective), 1e-9);
    const double ratio = (ours.objective - cbc.objective) / size;
    statistics.worstRatio = std::max(statistics.worstRatio, ratio);
    statistics.worstGap = std::max(statistics.worstGap, ours.gap);
    statistics.unproven += ours.status != SearchStatus::Optimal;
    EXPECT_LE(ratio, ours.gap + 3e-6) << name;
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

/// Any mixture of constraints, drawn from the seed.
SearchOptions drawnOptions(const SearchInstance& instance, std::mt19937_64& random) {
    const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
    const auto pick = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
    SearchOptions options;
    options.density = 0.25 + 0.05 * pick(11);
    if (chance(30)) options.rulesPerLayer = 1 + pick(3);
    if (chance(25)) options.minDensityShare = 0.1 * pick(10);
    if (chance(20)) options.densityAt[instance.densityLengths()[pick(3)]] = 0.3 + 0.1 * pick(5);
    if (chance(20)) options.minDensityShareAt[instance.densityLengths()[pick(3)]] = 0.1 * pick(10);
    if (chance(20)) options.objectiveLength = instance.lengths.front();
    if (chance(15)) options.granularity = static_cast<Granularity>(pick(4));
    for (int k = chance(35) ? 1 + pick(2) : 0; k > 0; --k) {
        Pin pin;
        pin.kind = static_cast<Pin::Kind>(pick(3));
        pin.layer = chance(10) ? -1 : pick(instance.layers);
        pin.kvHead = chance(30) ? -1 : pick(instance.kvHeads);
        pin.rule = instance.rules[pick(instance.ruleCount())];
        pin.span = 64 * (1 + pick(24));
        if (options.granularity == Granularity::Head && pin.kind == Pin::Kind::Exact)
            pin.kind = Pin::Kind::MaxSpan;
        options.pins.push_back(pin);
    }
    const int objective = options.objectiveLength ? options.objectiveLength : instance.lengths.back();
    const double caches = instance.groups() * static_cast<double>(denseCache(objective, instance.sink));
    if (chance(15)) {
        options.kvLimit = KvLimit{std::llround((0.2 + 0.1 * pick(6)) * caches * 2 * 64 * 2), 1, 64};
        if (chance(50)) options.density.reset();
    }
    if (chance(15)) {
        options.decodeTime =
            DecodeTimeLimit{(0.2 + 0.1 * pick(6)) * caches * 1e-9, {{0, 0.0}, {1 << 20, 1048576e-9}}, 0};
        if (chance(50)) options.density.reset();
    }
    return options;
}

TEST(RandomInstances, AnyMixtureOfConstraints) {
    GapStatistics statistics;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        std::mt19937_64 random(seed);
        const SearchInstance instance = test::randomInstance(
            1000 + seed, 2 + static_cast<int>(seed % 3), 2 + static_cast<int>(seed % 2), {1024, 2048}, 20);
        SearchOptions options = drawnOptions(instance, random);
        if (random() % 4 == 0) {
            // A limit on the loss at the other length, between its least and what the optimum has.
            options.explain = false;
            const int other = options.objectiveLength ? instance.lengths.back() : instance.lengths.front();
            const SearchOutcome free = search(instance, options);
            if (free.hasPlan() && free.loss.at(other) > 1e-6) { // limits far below all tolerances say nothing
                options.lossLimits[other].upper =
                    free.loss.at(other) * (0.7 + 0.1 * static_cast<double>(random() % 4));
                if (random() % 2) options.lossLimits[other].lower = 0.5 * *options.lossLimits[other].upper;
            }
        }
        compare(instance, options, statistics, "seed " + std::to_string(seed));
    }
    statistics.print("any mixture");
    EXPECT_GT(statistics.compared, 80);
    EXPECT_GT(statistics.infeasible, 5);
}

/// The shapes that the bench times, as far as CBC solves them in moments.
TEST(RandomInstances, ShapesOfSmallModels) {
    GapStatistics statistics;
    for (const char* shape : {"moa-tiny", "smollm2"})
        for (std::uint64_t seed = 1; seed <= 3; ++seed)
            for (int rules : {2, 0}) {
                SearchOptions options;
                options.density = 0.25 * static_cast<double>(seed);
                options.rulesPerLayer = rules;
                compare(syntheticInstance(syntheticShape(shape), seed), options, statistics,
                        shape + std::to_string(seed));
            }
    statistics.print("small models");
    EXPECT_GT(statistics.compared, 8);
}

TEST(RandomInstances, LossesRelativeToTheBest) {
    int compared = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const SearchInstance instance = test::randomInstance(700 + seed, 3, 3, {1024, 2048}, 24);
        SearchOptions options;
        options.explain = false;
        options.rulesPerLayer = seed % 2 ? 0 : 2;
        options.objectiveLength = 1024;
        const SearchOutcome best = search(instance, options);
        if (!best.hasPlan()) continue;
        ++compared;
        options.objectiveLength = 2048;
        options.lossLimits[1024].overBest = 0.1;
        const SearchOutcome relative = search(instance, options);
        options.lossLimits[1024] = {};
        options.lossLimits[1024].upper = 1.1 * best.objective;
        const SearchOutcome plain = search(instance, options);
        ASSERT_TRUE(relative.hasPlan());
        EXPECT_LE(relative.loss.at(1024), 1.1 * best.objective * (1 + 1e-9));
        EXPECT_NEAR(relative.objective, plain.objective, 5e-6 * plain.objective);
    }
    EXPECT_GT(compared, 4);
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
