// Refinement on the embedded model with estimates that are wrong on purpose: the head that carries retrieval
// (layer 5, KV head 0) is said to matter least. Measuring must find out, on samples it does not judge by.
#include "engine/compare/refine.h"
#include "engine/core/error.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

constexpr int kLength = 512;

SearchInstance misleadingInstance() {
    SearchInstance instance;
    instance.layers = 6;
    instance.kvHeads = 4;
    instance.rules = {{128, 0}, {0, 0.5}, {0, 1}};
    instance.lengths = {kLength};
    instance.density = {{0.25, 0.5, 1}};
    auto& table = instance.loss.emplace_back();
    for (int g = 0; g < instance.groups(); ++g) {
        const double size = g == 20 ? 0.010 : 0.011 + 0.0002 * g;
        table.push_back({size, 0.6 * size, 0});
    }
    completeInstance(instance);
    return instance;
}

SearchOptions halfDensity() {
    SearchOptions options;
    options.density = 0.5;
    options.seed = 5;
    return options;
}

CalibrationSet samples() {
    return {tinyModel(), kSource + "/resources/texts", {"lines"}, 7};
}

TEST(Refine, FindsTheHeadThatTheEstimatesMissed) {
    const SearchInstance instance = misleadingInstance();
    CalibrationSet set = samples();
    RefineOptions refine;
    refine.candidates = 5;
    refine.swaps = 2;
    refine.spread = 0.8;
    refine.samples = 3;
    refine.judgeSamples = 3;
    refine.firstSample = 2;
    std::int64_t reports = 0;
    const RefineOutcome outcome =
        refinePlan(tinyModel(), set, instance, halfDensity(), refine, {}, [&](const Progress& p) {
            ++reports;
            EXPECT_LE(p.done, p.total);
        });
    EXPECT_EQ(outcome.completion, Completion::Done);
    ASSERT_GE(outcome.plans.size(), 4u);
    EXPECT_EQ(outcome.plans[0].choice[20], 0) << "the estimates must mislead";
    EXPECT_EQ(outcome.plans[0].origin, RefinedPlan::Origin::Estimate);
    for (const RefinedPlan& plan : outcome.plans) {
        EXPECT_TRUE(meetsLimits(instance, halfDensity(), plan.choice));
        if (plan.origin == RefinedPlan::Origin::Candidate) {
            EXPECT_GE(plan.estimated, outcome.plans[0].estimated - 1e-12);
        }
    }
    ASSERT_NE(outcome.winner, 0u);
    EXPECT_GT(outcome.plans[outcome.winner].choice[20], 0);
    ASSERT_TRUE(outcome.judgement.has_value());
    EXPECT_EQ(outcome.judgement->samples, 3);
    EXPECT_GT(outcome.judgement->gained, 0.05);
    EXPECT_NEAR(outcome.judgement->before - outcome.judgement->after, outcome.judgement->gained, 1e-12);
    EXPECT_FALSE(outcome.layerFactors.empty());
    EXPECT_GT(reports, 20);
}

TEST(Refine, OneCandidateIsTheEstimateItself) {
    const SearchInstance instance = misleadingInstance();
    CalibrationSet set = samples();
    RefineOptions refine;
    refine.candidates = 1;
    refine.swaps = 0;
    refine.samples = refine.judgeSamples = 1;
    const RefineOutcome outcome = refinePlan(tinyModel(), set, instance, halfDensity(), refine);
    ASSERT_EQ(outcome.plans.size(), 1u);
    EXPECT_EQ(outcome.winner, 0u);
    EXPECT_EQ(outcome.judgement->gained, 0);
}

TEST(Refine, CancelledKeepsWhatWasMeasuredAndNonsenseIsRefused) {
    const SearchInstance instance = misleadingInstance();
    CalibrationSet set = samples();
    std::stop_source source;
    RefineOptions refine;
    refine.samples = 1;
    const RefineOutcome outcome = refinePlan(tinyModel(), set, instance, halfDensity(), refine,
                                             source.get_token(), [&](const Progress& p) {
                                                 if (p.done == 4) source.request_stop();
                                             });
    EXPECT_EQ(outcome.completion, Completion::Cancelled);
    EXPECT_FALSE(outcome.judgement.has_value());
    EXPECT_EQ(outcome.winner, 0u);
    refine.samples = 0;
    EXPECT_THROW(refinePlan(tinyModel(), set, instance, halfDensity(), refine), UsageError);
    refine.samples = 1;
    SearchOptions impossible = halfDensity();
    impossible.density = 0.1;
    EXPECT_THROW(refinePlan(tinyModel(), set, instance, impossible, refine), UsageError);
    SearchInstance other = instance;
    other.layers = 3, other.kvHeads = 8;
    EXPECT_THROW(refinePlan(tinyModel(), set, other, halfDensity(), refine), UsageError);
}

TEST(Refine, FactorsRecoverWhatALayerReallyCosts) {
    // Layer 1 costs three times what it is estimated, layer 0 as much.
    const std::vector<std::vector<double>> estimated = {
        {1, 0.2}, {0.2, 1}, {0.8, 0.9}, {0.1, 0.4}, {0.9, 0.1}};
    std::vector<double> measured;
    for (const auto& e : estimated) measured.push_back(e[0] + 3 * e[1]);
    const std::vector<double> factors = fitLayerFactors(estimated, measured);
    ASSERT_EQ(factors.size(), 2u);
    EXPECT_LT(factors[0], 1.5);
    EXPECT_GT(factors[1], 2.4);
    EXPECT_LE(factors[1], 5);
    EXPECT_EQ(fitLayerFactors({{1, 1}}, {100}), (std::vector<double>{5, 5}));
    EXPECT_THROW(fitLayerFactors({}, {}), UsageError);
}

} // namespace
} // namespace moa::test
