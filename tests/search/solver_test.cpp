// Searches small enough to work out by hand or to enumerate, and every kind of ending.
#include "engine/core/error.h"
#include "engine/search/search.h"
#include "tests/search/instances.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

namespace moa {
namespace {

/// Two layers of two KV heads, three rules (128, 256 and 512 tokens of 512), one length. Only head 1:0 needs
/// its far keys badly; 0:1 a little.
SearchInstance handInstance() {
    SearchInstance instance;
    instance.layers = 2;
    instance.kvHeads = 2;
    instance.rules = {{128, 0}, {256, 0}, {0, 1}};
    instance.lengths = {512};
    instance.loss = {{{0.1, 0.05, 0}, {0.4, 0.3, 0}, {2, 1.5, 0}, {0.2, 0.01, 0}}};
    instance.density = {{0.25, 0.5, 1}};
    completeInstance(instance);
    return instance;
}

SearchOptions handOptions(SolverKind solver) {
    SearchOptions options;
    options.density = 0.5; // 16 of 32 blocks
    options.solver = solver;
    return options;
}

/// Hard on purpose: losses without any order, so that no bound is near.
SearchInstance unorderedInstance() {
    SearchInstance instance = test::randomInstance(2, 40, 8, {2048, 4096, 8192});
    std::uint64_t state = 1;
    for (auto& table : instance.loss)
        for (auto& row : table)
            for (double& v : row) {
                state = state * 6364136223846793005ull + 1442695040888963407ull;
                v = 1 + static_cast<double>(state >> 40) / (1 << 24);
            }
    return instance;
}

class BothSolvers : public testing::TestWithParam<SolverKind> {};

TEST_P(BothSolvers, FindTheHandComputedOptimum) {
    // 16 blocks for four heads of 2, 4 or 8: 1:0 dense (8) leaves 8: 2 + 2 + 4, the 4 where it saves most:
    // 1:1.
    const SearchOutcome outcome = search(handInstance(), handOptions(GetParam()));
    EXPECT_EQ(outcome.status, SearchStatus::Optimal);
    EXPECT_EQ(outcome.choice, (std::vector<int>{0, 0, 2, 1}));
    EXPECT_NEAR(outcome.objective, 0.1 + 0.4 + 0 + 0.01, 1e-12);
    EXPECT_NEAR(outcome.lowerBound, outcome.objective, 1e-5);
    EXPECT_DOUBLE_EQ(outcome.density.at(512), 0.5);
    EXPECT_LE(outcome.gap, 1e-5);
    EXPECT_EQ(outcome.distinctRules, 3);
}

TEST_P(BothSolvers, KeepTheRuleLimit) {
    SearchOptions options = handOptions(GetParam());
    options.rulesPerLayer = 1;
    options.minDensityShare = 0;
    // One rule a layer: layer 1 dense takes all 16 blocks but 0 needs 4 at least; 256 in both (16) or 128 +
    // 256.
    const SearchOutcome outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.choice, (std::vector<int>{1, 1, 1, 1}));
    EXPECT_NEAR(outcome.objective, 1.86, 1e-12);
}

TEST_P(BothSolvers, KeepPins) {
    SearchOptions options = handOptions(GetParam());
    options.pins = {{.layer = 0, .kvHead = 1, .kind = Pin::Kind::Exact, .rule = {0, 1}}};
    SearchOutcome outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.choice[1], 2);
    options.pins = {{.layer = 1, .kvHead = -1, .kind = Pin::Kind::MaxSpan, .span = 256}};
    outcome = search(handInstance(), options);
    EXPECT_LE(outcome.choice[2], 1);
    EXPECT_LE(outcome.choice[3], 1);
    options.pins = {{.layer = 0, .kvHead = -1, .kind = Pin::Kind::MinSpan, .span = 200}};
    outcome = search(handInstance(), options);
    EXPECT_GE(outcome.choice[0], 1);
    EXPECT_GE(outcome.choice[1], 1);
}

TEST_P(BothSolvers, KeepLossLimitsAndBytes) {
    SearchInstance instance = test::randomInstance(5, 3, 2, {1024, 2048}, 12);
    SearchOptions options = handOptions(GetParam());
    const SearchOutcome free = search(instance, options);
    ASSERT_TRUE(free.hasPlan());
    options.objectiveLength = 1024;
    const SearchOutcome other = search(instance, options);
    options.objectiveLength = 2048;
    const double middle = (free.loss.at(1024) + other.loss.at(1024)) / 2;
    options.lossLimits[1024].upper = middle;
    const SearchOutcome limited = search(instance, options);
    ASSERT_TRUE(limited.hasPlan());
    EXPECT_LE(limited.loss.at(1024), middle + 1e-9);
    EXPECT_GE(limited.objective, free.objective - 1e-9);
    options.lossLimits.clear();
    options.density.reset();
    options.kvLimit =
        KvLimit{.bytes = 3 * 2 * 1024 * 2 * 64 * 2 * 4, .batch = 4, .headDim = 64, .bytesPerValue = 2};
    const SearchOutcome bytes = search(instance, options);
    ASSERT_TRUE(bytes.hasPlan());
    EXPECT_LE(toPlan(instance, bytes.choice, 4).kvBytes(2048, 64, 2) * 4, options.kvLimit->bytes);
}

TEST_P(BothSolvers, AgreeWithEnumeration) {
    int feasible = 0, infeasible = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const SearchInstance instance = test::randomInstance(seed, 2, seed % 3 == 0 ? 3 : 2, {1024, 2048},
                                                             4 + static_cast<int>(seed % 5));
        SearchOptions options = handOptions(GetParam());
        options.density = 0.3 + 0.05 * static_cast<double>(seed % 9);
        options.minDensityShare = seed % 4 ? 0.5 : 0.95;
        options.rulesPerLayer = static_cast<int>(seed % 4);
        options.granularity = seed % 7 == 0 ? Granularity::Layer : Granularity::Elastic;
        options.explain = false;
        const std::optional<double> best = test::bruteForce(makeProblem(instance, options));
        const SearchOutcome outcome = search(instance, options);
        ASSERT_EQ(outcome.hasPlan(), best.has_value()) << "seed " << seed;
        best ? ++feasible : ++infeasible;
        if (!best) {
            EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
            continue;
        }
        EXPECT_EQ(outcome.status, SearchStatus::Optimal) << "seed " << seed;
        EXPECT_LE(outcome.objective, *best * (1 + 2e-6) + 1e-12) << "seed " << seed;
        EXPECT_LE(outcome.lowerBound, *best + 1e-9) << "seed " << seed;
    }
    EXPECT_GT(feasible, 10);
    EXPECT_GT(infeasible, 2);
}

TEST_P(BothSolvers, ReportInfeasible) {
    SearchOptions options = handOptions(GetParam());
    options.density = 0.2;
    SearchOutcome outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
    EXPECT_FALSE(outcome.hasPlan());
    EXPECT_NE(outcome.explanation.find("density at 512 is at least 0.2500"), std::string::npos)
        << outcome.explanation;

    options = handOptions(GetParam());
    options.lossLimits[512].upper = 0.3;
    outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
    EXPECT_NE(outcome.explanation.find("loss at 512 is at least 0.51"), std::string::npos)
        << outcome.explanation;

    options = handOptions(GetParam());
    options.granularity = Granularity::Uniform;
    options.density = 0.9; // a quarter, a half or everything: nothing between 0.81 and 0.9
    outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
    EXPECT_NE(outcome.explanation.find("the nearest are 0.7500 and 1.0000"), std::string::npos)
        << outcome.explanation;

    options = handOptions(GetParam());
    options.rulesPerLayer = 1;
    options.pins = {{.layer = 0, .kvHead = 0, .kind = Pin::Kind::Exact, .rule = {128, 0}},
                    {.layer = 0, .kvHead = 1, .kind = Pin::Kind::Exact, .rule = {0, 1}}};
    outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
    EXPECT_NE(outcome.explanation.find("more than 1 distinct"), std::string::npos) << outcome.explanation;
}

INSTANTIATE_TEST_SUITE_P(Search, BothSolvers, testing::Values(SolverKind::Lagrangian, SolverKind::Cbc),
                         [](const auto& param) { return toString(param.param); });

TEST(Search, GranularitiesNest) {
    const SearchInstance instance = test::randomInstance(3, 4, 2, {1024, 2048});
    SearchOptions options;
    options.minDensityShare = 0;
    const auto solve = [&](Granularity granularity) {
        options.granularity = granularity;
        return search(instance, options);
    };
    const SearchOutcome elastic = solve(Granularity::Elastic), layer = solve(Granularity::Layer),
                        uniform = solve(Granularity::Uniform), head = solve(Granularity::Head);
    EXPECT_LE(elastic.objective, layer.objective + 1e-9);
    EXPECT_LE(layer.objective, uniform.objective + 1e-9);
    EXPECT_EQ(uniform.distinctRules, 1);
    for (std::size_t g = 0; g < layer.choice.size(); g += 2) EXPECT_EQ(layer.choice[g], layer.choice[g + 1]);
    ASSERT_TRUE(head.hasPlan());
    for (int r : head.choice) EXPECT_EQ(instance.rules[r].beta, 0);
    EXPECT_LE(head.density.at(2048), 0.5);
}

TEST(Search, PinnedRulesOutsideTheGridStayWithTheirHead) {
    SearchInstance instance = handInstance();
    instance.freeRules = 2;
    SearchOptions options;
    options.density = 1;
    options.minDensityShare = 0;
    SearchOutcome outcome = search(instance, options);
    for (int r : outcome.choice) EXPECT_LT(r, 2);
    options.pins = {{.layer = 0, .kvHead = 0, .kind = Pin::Kind::Exact, .rule = {0, 1}}};
    outcome = search(instance, options);
    EXPECT_EQ(outcome.choice, (std::vector<int>{2, 1, 1, 1}));
}

TEST(Search, PlanGivesEveryQueryHeadItsGroupsRule) {
    const SparsePlan plan = toPlan(handInstance(), {0, 1, 2, 1}, 4);
    EXPECT_EQ(plan.rule(LayerIndex(0), HeadIndex(1)), (Rule{128, 0}));
    EXPECT_EQ(plan.rule(LayerIndex(0), HeadIndex(2)), (Rule{256, 0}));
    EXPECT_EQ(plan.rule(LayerIndex(1), HeadIndex(0)), (Rule{0, 1}));
    EXPECT_EQ(plan.density(512), (2 + 4 + 8 + 4) / 32.0);
    EXPECT_THROW(toPlan(handInstance(), {0, 1, 2, 1}, 3), UsageError);
}

TEST(Search, EqualSeedsGiveEqualPlans) {
    const SearchInstance instance = test::randomInstance(11, 6, 4, {2048, 4096, 8192});
    for (int rulesPerLayer : {0, 2}) {
        SearchOptions options;
        options.rulesPerLayer = rulesPerLayer;
        const SearchOutcome first = search(instance, options), second = search(instance, options);
        EXPECT_EQ(first.choice, second.choice);
        EXPECT_EQ(first.lowerBound, second.lowerBound);
        EXPECT_EQ(first.iterations, second.iterations);
    }
}

TEST(Search, BothTakesTheBetterOfTwo) {
    const SearchInstance instance = test::randomInstance(4, 4, 2, {1024, 2048});
    SearchOptions options;
    options.solver = SolverKind::Both;
    const SearchOutcome outcome = search(instance, options);
    ASSERT_EQ(outcome.solvers.size(), 2u);
    EXPECT_EQ(outcome.status, SearchStatus::Optimal);
    for (const SolverReport& report : outcome.solvers) {
        ASSERT_TRUE(report.objective);
        EXPECT_LE(outcome.objective, *report.objective);
        EXPECT_GE(outcome.lowerBound, report.lowerBound);
    }
}

TEST(Search, TimeLimitIsAnEnding) {
    SearchOptions options;
    options.timeLimit = 0.3;
    options.rulesPerLayer = 4;
    options.gapTarget = 0;
    for (SolverKind solver : {SolverKind::Lagrangian, SolverKind::Cbc}) {
        options.solver = solver;
        const SearchOutcome outcome = search(unorderedInstance(), options);
        EXPECT_EQ(outcome.status, SearchStatus::TimeLimit) << toString(solver);
        EXPECT_LT(outcome.seconds, 20);
        EXPECT_LE(outcome.lowerBound, outcome.objective + (outcome.hasPlan() ? 0 : 1e9));
    }
}

TEST_P(BothSolvers, ReturnQuicklyWhenCancelledWithTheBestSoFar) {
    const SearchInstance instance = unorderedInstance();
    SearchOptions options;
    options.rulesPerLayer = 4;
    options.gapTarget = 0;
    options.solver = GetParam();
    std::stop_source source;
    std::chrono::steady_clock::time_point asked;
    std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        asked = std::chrono::steady_clock::now();
        source.request_stop();
    });
    const SearchOutcome outcome = search(instance, options, source.get_token());
    const auto end = std::chrono::steady_clock::now();
    stopper.join();
    EXPECT_EQ(outcome.status, SearchStatus::Cancelled);
    EXPECT_LT(std::chrono::duration<double>(end - asked).count(), 2.0);
    if (outcome.hasPlan()) {
        EXPECT_LE(outcome.lowerBound, outcome.objective);
    }
    std::stop_source already;
    already.request_stop();
    options.starts = {std::vector<int>(instance.groups(), 0)};
    EXPECT_EQ(search(instance, options, already.get_token()).status, SearchStatus::Cancelled);
}

TEST(Search, StartsAreUsed) {
    const SearchInstance instance = handInstance();
    SearchOptions options = handOptions(SolverKind::Lagrangian);
    options.starts = {{0, 0, 2, 1}, {9, 9, 9, 9}, {0}};
    options.timeLimit = 1e-9;
    EXPECT_EQ(search(instance, options).choice, (std::vector<int>{0, 0, 2, 1}));
}

TEST(Search, SolversPrintNothing) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    SearchOptions options;
    options.solver = SolverKind::Both;
    options.rulesPerLayer = 2;
    search(test::randomInstance(4, 4, 3, {1024, 2048}), options);
    options.density = 0.01;
    search(test::randomInstance(4, 4, 3, {1024, 2048}), options);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Search, ExplainsWhichLimitsCollideAndHowMuchTheyMustGive) {
    SearchOptions options = handOptions(SolverKind::Lagrangian);
    options.minDensityShare = 0;
    options.lossLimits[512].upper = 0.3; // the best at density 0.5 is 0.51
    SearchOutcome outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
    EXPECT_NE(outcome.explanation.find("density at 512, loss at 512"), std::string::npos)
        << outcome.explanation;
    EXPECT_NE(outcome.explanation.find("the tightest: "), std::string::npos);
    EXPECT_NE(outcome.explanation.find("it must give 0.210000 nats"), std::string::npos)
        << outcome.explanation;
    // 18 blocks reach a loss of 0.3 or less: 1:0 dense, 1:1 and 0:1 a half each, and 2 more.
    EXPECT_NE(outcome.explanation.find("density at 512 is at least 0.6250"), std::string::npos)
        << outcome.explanation;

    options = handOptions(SolverKind::Lagrangian);
    options.pins = {{.layer = -1, .kvHead = -1, .kind = Pin::Kind::MinSpan, .span = 512}};
    outcome = search(handInstance(), options);
    EXPECT_NE(outcome.explanation.find("density at 512 is at least 1.0000"), std::string::npos);
    EXPECT_NE(outcome.explanation.find("without the pins there is a plan"), std::string::npos)
        << outcome.explanation;

    options.pins = {{.layer = 0, .kvHead = 0, .kind = Pin::Kind::MinSpan, .span = 512},
                    {.layer = 0, .kvHead = -1, .kind = Pin::Kind::MaxSpan, .span = 128}};
    outcome = search(handInstance(), options);
    EXPECT_EQ(outcome.status, SearchStatus::Infeasible);
    EXPECT_NE(outcome.explanation.find("layer 0, KV head 0 without a rule"), std::string::npos);
}

TEST(Search, LeastDensitiesAndDecodeTimesOfTheirOwnHold) {
    const SearchInstance instance = test::randomInstance(5, 3, 2, {1024, 2048}, 12);
    SearchOptions options;
    options.minDensityShareAt[4096] = 0.99;
    const SearchOutcome shared = search(instance, options);
    ASSERT_TRUE(shared.hasPlan());
    EXPECT_GE(shared.density.at(4096), 0.495 - 1e-12);
    options = {};
    options.density.reset();
    // 1 µs a head and 1 ns a token: all six heads dense at 2,048 take 6 · 3.048 µs.
    options.decodeTime = DecodeTimeLimit{6 * 2e-6, {{0, 1e-6}, {1024, 2.024e-6}, {4096, 5.096e-6}}, 0};
    const SearchOutcome timed = search(instance, options);
    ASSERT_TRUE(timed.hasPlan());
    double seconds = 0;
    for (int r : timed.choice)
        seconds += 1e-6 + 1e-9 * static_cast<double>(cacheOf(instance.rules[r], 2048, instance.sink));
    EXPECT_LE(seconds, 12e-6 * (1 + 1e-9));
    EXPECT_GE(seconds, 10e-6); // it uses what it may
    options.decodeTime->seconds = 6e-6;
    EXPECT_NE(search(instance, options).explanation.find("decode time at 2048"), std::string::npos);
}

TEST(Search, NonsenseInstancesAreNamedAndNothingHangs) {
    const auto refused = [](auto&& change) {
        SearchInstance instance = handInstance();
        instance.cacheBlocks.clear();
        change(instance);
        EXPECT_THROW(completeInstance(instance), UsageError);
    };
    refused([](SearchInstance& i) { i.loss[0][1][1] = std::nan(""); });
    refused([](SearchInstance& i) { i.loss[0][1][1] = std::numeric_limits<double>::infinity(); });
    refused([](SearchInstance& i) { i.density[0][0] = -0.1; });
    refused([](SearchInstance& i) { i.density[0][0] = std::nan(""); });
    refused([](SearchInstance& i) { i.layers = 0; });
    refused([](SearchInstance& i) { i.kvHeads = 0; });
    refused([](SearchInstance& i) { i.rules.clear(); });
    refused([](SearchInstance& i) { i.lengths.clear(); });
    refused([](SearchInstance& i) { i.loss.clear(); });
    refused([](SearchInstance& i) { i = {}; });
    SearchInstance one = handInstance();
    one.rules = {{256, 0}};
    one.freeRules = -1;
    one.density = {{0.5}};
    one.cacheBlocks.clear();
    one.loss = {{{0.05}, {0.3}, {1.5}, {0.01}}};
    completeInstance(one);
    for (int rules : {0, 1, 2}) {
        SearchOptions options;
        options.rulesPerLayer = rules;
        EXPECT_EQ(search(one, options).choice, std::vector<int>(4, 0));
        options.density = 0.4;
        EXPECT_EQ(search(one, options).status, SearchStatus::Infeasible);
    }
    SearchInstance flat = handInstance(); // nothing costs anything: any plan within the bounds is optimal
    for (auto& row : flat.loss[0]) row.assign(3, 0.0);
    const SearchOutcome free = search(flat, handOptions(SolverKind::Lagrangian));
    EXPECT_EQ(free.status, SearchStatus::Optimal);
    EXPECT_EQ(free.gap, 0);
    SearchOptions unbounded;
    unbounded.density.reset();
    EXPECT_EQ(search(handInstance(), unbounded).choice, std::vector<int>(4, 2));
}

TEST(Search, RefusesWhatMakesNoSense) {
    const SearchInstance instance = handInstance();
    const auto refused = [&](auto&& change) {
        SearchOptions options;
        change(options);
        EXPECT_THROW(search(instance, options), UsageError);
    };
    refused([](SearchOptions& o) { o.density = 0; });
    refused([](SearchOptions& o) { o.density = std::nan(""); });
    refused([](SearchOptions& o) { o.objectiveLength = 4096; });
    refused([](SearchOptions& o) { o.lossLimits[7].upper = 1; });
    refused([](SearchOptions& o) { o.densityAt[7] = 0.5; });
    refused([](SearchOptions& o) { o.pins = {{.layer = 2}}; });
    refused([](SearchOptions& o) { o.pins = {{.layer = 0, .kvHead = 0, .rule = {1, 1}}}; });
    refused([](SearchOptions& o) { o.kvLimit = KvLimit{}; });
    refused([](SearchOptions& o) { o.timeLimit = 0; });
    refused([](SearchOptions& o) { o.density = -0.5; });
    refused([](SearchOptions& o) { o.minDensityShareAt[512] = 2; });
    refused([](SearchOptions& o) { o.minDensityShareAt[7] = 0.5; });
    refused([](SearchOptions& o) { o.lossLimits[512].upper = std::nan(""); });
    refused([](SearchOptions& o) { o.lossLimits[512].overBest = -0.1; });
    refused([](SearchOptions& o) { o.lossLimits[512] = {.lower = 2, .upper = 1, .overBest = {}}; });
    refused([](SearchOptions& o) { o.decodeTime = DecodeTimeLimit{}; });
    refused([](SearchOptions& o) { o.decodeTime = DecodeTimeLimit{1, {{64, 1}, {64, 2}}, 0}; });
    refused([](SearchOptions& o) { o.decodeTime = DecodeTimeLimit{1, {{64, std::nan("")}}, 0}; });
    EXPECT_THROW(parseSolver("gurobi"), UsageError);
    SearchInstance damaged = handInstance();
    damaged.loss[0][2].pop_back();
    EXPECT_THROW(completeInstance(damaged), UsageError);
}

} // namespace
} // namespace moa
