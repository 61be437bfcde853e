// A session against cold solves: the same plans within the gap under moving limits, its prices and
// sensitivities against what a moved limit and a changed rule really bring, its saved state, its streams.
#include "engine/core/error.h"
#include "engine/search/pareto.h"
#include "engine/search/search_session.h"
#include "engine/search/synthetic_instance.h"
#include "tests/search/instances.h"

#include <gtest/gtest.h>

#include <cmath>

namespace moa {
namespace {

SearchOptions optionsAt(double density, int rulesPerLayer) {
    SearchOptions options;
    options.density = density;
    options.rulesPerLayer = rulesPerLayer;
    return options;
}

TEST(SearchSession, EveryFrameHasAPlanWithinItsBoundsAndNearTheColdOptimum) {
    for (const char* shape : {"moa-tiny", "smollm2", "llama-7b"})
        for (int rules : {2, 0}) {
            const SearchInstance instance = syntheticInstance(syntheticShape(shape), 3);
            SearchSession session(instance);
            for (double density : {0.3, 0.305, 0.31, 0.5, 0.75, 0.745, 0.2}) {
                const SearchOptions options = optionsAt(density, rules);
                // Generous in time: what counts here is the gap, not a busy machine.
                const SearchOutcome frame = session.solve(options, {5, 5e-3});
                ASSERT_TRUE(frame.hasPlan()) << shape << " " << density;
                EXPECT_LE(frame.gap, 5e-3 * (1 + 1e-6));
                EXPECT_TRUE(makeProblem(instance, options).feasible(frame.choice));
                for (const auto& [n, d] : frame.density) EXPECT_LE(d, density + 1e-12);
                SearchSession other(instance);
                const SearchOutcome cold = other.solve(options, {5, 1e-4});
                EXPECT_LE(cold.lowerBound, frame.objective * (1 + 1e-9));
                EXPECT_LE(frame.lowerBound, cold.objective * (1 + 1e-9));
            }
        }
}

/// A gap of 0 leaves nothing to look for above the bound: the pools get as narrow as rounding allows.
TEST(SearchSession, AGapOfZeroIsProvenOrLeftOpenButNeverBreaksAnything) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const SearchInstance instance = syntheticInstance(syntheticShape("moa-tiny"), seed);
        for (int rules : {0, 1, 2}) {
            SearchSession session(instance);
            SearchOptions options = optionsAt(0.3 + 0.1 * static_cast<double>(seed % 4), rules);
            options.minDensityShare = 0.5;
            const SearchOutcome outcome = session.solve(options, {1, 0});
            ASSERT_TRUE(outcome.hasPlan());
            EXPECT_LE(outcome.lowerBound, outcome.objective);
            EXPECT_LE(outcome.gap, 1e-6);
            EXPECT_TRUE(makeProblem(instance, options).feasible(outcome.choice));
        }
    }
}

TEST(SearchSession, ThreeRulesALayerAreABitWorseThanNoLimitAndBetterThanTwo) {
    const SearchInstance instance = syntheticInstance(syntheticShape("llama-3-8b"), 1);
    std::map<int, SearchOutcome> by;
    for (int rules : {0, 2, 3}) {
        SearchSession session(instance);
        by[rules] = session.solve(optionsAt(0.5, rules), {rules == 3 ? 2.0 : 5.0, 1e-3});
        ASSERT_TRUE(by[rules].hasPlan()) << rules;
    }
    EXPECT_TRUE(makeProblem(instance, optionsAt(0.5, 3)).feasible(by[3].choice));
    EXPECT_LE(by[3].objective, by[2].objective * (1 + 1e-3));
    EXPECT_GE(by[3].objective, by[0].lowerBound);
    EXPECT_GE(by[3].lowerBound, by[0].lowerBound * (1 - 1e-3));
    EXPECT_LE(by[3].lowerBound, by[3].objective);
}

TEST(SearchSession, EqualCallsGiveEqualPlans) {
    const auto walk = [] {
        SearchSession session(syntheticInstance(syntheticShape("smollm2"), 5));
        std::vector<std::vector<int>> choices;
        for (double density : {0.5, 0.51, 0.4})
            choices.push_back(session.solve(optionsAt(density, 2), {5, 1e-4}).choice);
        return choices;
    };
    EXPECT_EQ(walk(), walk());
}

TEST(SearchSession, PublishesEveryImprovementWithAFallingObjectiveAndARisingBound) {
    SearchSession session(syntheticInstance(syntheticShape("llama-3-8b"), 2));
    double objective = std::numeric_limits<double>::infinity(), bound = -objective;
    int published = 0;
    const SearchOutcome last =
        session.solve(optionsAt(0.5, 2), {5, 1e-5}, {}, [&](const SearchOutcome& better) {
            ++published;
            EXPECT_TRUE(better.objective < objective || better.lowerBound > bound);
            EXPECT_LE(better.objective, objective);
            EXPECT_LE(better.lowerBound, better.objective);
            objective = better.objective;
            bound = better.lowerBound;
        });
    EXPECT_GE(published, 2);
    EXPECT_EQ(last.objective, objective);
}

TEST(SearchSession, ChangedPinsAndGranularityAndLimitsAreAColdSolvesPlans) {
    const SearchInstance instance = syntheticInstance(syntheticShape("moa-tiny"), 4);
    SearchSession session(instance);
    SearchOptions options = optionsAt(0.5, 0);
    const auto agrees = [&] {
        options.explain = false;
        const SearchOutcome warm = session.solve(options, {20, 1e-6});
        SearchOptions cold = options;
        cold.gapTarget = 1e-6;
        const SearchOutcome expected = search(instance, cold);
        ASSERT_EQ(warm.status, expected.status);
        if (expected.hasPlan()) {
            EXPECT_NEAR(warm.objective, expected.objective, 2e-6 * expected.objective);
        }
    };
    agrees();
    options.pins = {{.layer = 0, .kvHead = -1, .kind = Pin::Kind::MinSpan, .span = 4096}};
    agrees();
    options.granularity = Granularity::Layer;
    agrees();
    options.granularity = Granularity::Elastic;
    options.pins.clear();
    options.lossLimits[2048].overBest = 0.05;
    agrees();
    options.lossLimits.clear();
    options.rulesPerLayer = 1;
    agrees();
    options.density = 0.01;
    agrees();
    options.density = 0.6;
    agrees();
}

TEST(SearchSession, ShadowPricesForetellWhatALooserLimitSaves) {
    const SearchInstance instance = syntheticInstance(syntheticShape("llama-7b"), 1);
    SearchSession session(instance);
    const SearchOutcome before = session.solve(optionsAt(0.5, 0), {20, 1e-5});
    const std::vector<ShadowPrice> prices = session.shadowPrices();
    ASSERT_FALSE(prices.empty());
    double foretold = 0;
    for (const ShadowPrice& price : prices) {
        EXPECT_GE(price.nats, 0);
        EXPECT_EQ(price.unit, "density");
        EXPECT_EQ(price.step, 0.01);
        EXPECT_NE(price.text.find("saves"), std::string::npos);
        if (price.upper) foretold += price.nats;
    }
    const SearchOutcome after = session.solve(optionsAt(0.51, 0), {20, 1e-5});
    const double saved = before.objective - after.objective;
    // The optimum is convex in the limits: the first step saves a little less than its price says.
    EXPECT_LE(saved, foretold * 1.02);
    EXPECT_GE(saved, foretold * 0.7);
}

TEST(SearchSession, TheAccuracySliderFindsTheLeastDensityThatIsGoodEnough) {
    const SearchInstance instance = syntheticInstance(syntheticShape("llama-3-8b"), 2);
    SearchSession session(instance);
    double bound = 0;
    const SearchOutcome outcome = session.solveForLoss(optionsAt(1, 2), 0.004, {20, 1e-4}, {}, &bound);
    ASSERT_TRUE(outcome.hasPlan());
    EXPECT_LE(outcome.objective, 0.004);
    EXPECT_LE(outcome.density.at(8192), bound);
    // Two thousandths less, and no plan is good enough: proven by the bound.
    const SearchOutcome less = session.solve(optionsAt(bound - 0.002, 2), {20, 1e-4});
    EXPECT_GT(less.lowerBound, 0.004);
    const SearchOutcome none = session.solveForLoss(optionsAt(1, 2), -1, {20, 1e-4});
    EXPECT_EQ(none.status, SearchStatus::Infeasible);
    EXPECT_NE(none.explanation.find("at density 1 a plan loses"), std::string::npos);
    EXPECT_THROW(session.solveForLoss(optionsAt(1, 2), std::nan("")), UsageError);
}

TEST(SearchSession, HeadSensitivitiesAreTheTablesNeighbours) {
    const SearchInstance instance = syntheticInstance(syntheticShape("moa-tiny"), 1);
    SearchSession session(instance);
    EXPECT_TRUE(session.headSensitivities(std::vector<int>(24, 0)).empty());
    SearchOptions options = optionsAt(0.5, 0);
    options.pins = {{.layer = 0, .kvHead = 0, .kind = Pin::Kind::MaxSpan, .span = 1024}};
    const SearchOutcome outcome = session.solve(options, {5, 1e-3});
    const auto heads = session.headSensitivities(outcome.choice);
    ASSERT_EQ(heads.size(), 24u);
    EXPECT_FALSE(heads[0].wider.has_value()); // pinned to the narrowest there is
    int steps = 0;
    for (std::size_t g = 0; g < heads.size(); ++g)
        for (const auto& step : {heads[g].wider, heads[g].narrower}) {
            if (!step) continue;
            ++steps;
            std::vector<int> moved = outcome.choice;
            moved[g] = step->rule;
            EXPECT_NEAR(lossesOf(instance, moved).at(8192) - outcome.objective, step->loss, 1e-12);
            EXPECT_NEAR(densitiesOf(instance, moved).at(8192) - outcome.density.at(8192), step->density,
                        1e-12);
        }
    EXPECT_GT(steps, 24);
    EXPECT_THROW(session.headSensitivities({1, 2}), UsageError);
}

TEST(SearchSession, SavedStateWarmsTheNextSessionAndDamageIsRefused) {
    const SearchInstance instance = syntheticInstance(syntheticShape("smollm2"), 2);
    SearchSession session(instance);
    const SearchOutcome first = session.solve(optionsAt(0.4, 2), {20, 1e-4});
    const std::string text = session.saveState();
    SearchSession resumed(instance);
    resumed.loadState(text);
    EXPECT_EQ(resumed.saveState(), text);
    const SearchOutcome again = resumed.solve(optionsAt(0.4, 2), {20, 1e-4});
    EXPECT_EQ(again.objective, first.objective);
    EXPECT_LT(again.iterations, first.iterations);
    const std::string kept = resumed.saveState();
    for (const std::string& bad : {std::string(), std::string("hello"), text.substr(0, text.size() - 3),
                                   text + "choice 1 2\n", text + "multiplier nan density at 2048\n",
                                   text + "surprise\n", "moa-search-state 2" + text.substr(18)})
        EXPECT_THROW(resumed.loadState(bad), Error) << bad.substr(0, 40);
    EXPECT_EQ(resumed.saveState(), kept);
    SearchSession other(syntheticInstance(syntheticShape("smollm2"), 3));
    EXPECT_THROW(other.loadState(text), Error);
}

TEST(SearchSession, StopAndTimeAreEndingsWithThePlanSoFar) {
    SearchSession session(syntheticInstance(syntheticShape("llama-7b"), 1));
    const SearchOutcome warm = session.solve(optionsAt(0.5, 2), {5, 5e-3});
    ASSERT_TRUE(warm.hasPlan());
    std::stop_source source;
    source.request_stop();
    const SearchOutcome stopped = session.solve(optionsAt(0.5, 2), {5, 0}, source.get_token());
    EXPECT_EQ(stopped.status, SearchStatus::Cancelled);
    EXPECT_EQ(stopped.choice, warm.choice);
    EXPECT_EQ(session.solve(optionsAt(0.5, 2), {1e-6, 0}).status, SearchStatus::TimeLimit);
    EXPECT_THROW(session.solve(optionsAt(0.5, 2), {0, 0}), UsageError);
    EXPECT_THROW(session.solve(optionsAt(0.5, 2), {1, std::nan("")}), UsageError);
}

TEST(SearchSession, AFewPlansThatBreakNothingStreamFromTheGrid) {
    const SearchInstance instance = syntheticInstance(syntheticShape("smollm2"), 1);
    SearchOptions options = optionsAt(0.5, 0);
    options.gapTarget = 5e-3;
    options.timeLimit = 10;
    int streamed = 0;
    const ParetoSet set = paretoSet(instance, options, 3, {}, {}, [&](const ParetoPoint& point) {
        ++streamed;
        EXPECT_TRUE(makeProblem(instance, options).feasible(point.outcome.choice));
    });
    EXPECT_EQ(streamed, set.feasible);
    EXPECT_EQ(set.points.size() + set.dominated.size(), static_cast<std::size_t>(set.feasible));
    for (const ParetoPoint& point : set.points) EXPECT_FALSE(point.dominated);
    for (const ParetoPoint& point : set.dominated) EXPECT_TRUE(point.dominated);
}

} // namespace
} // namespace moa
