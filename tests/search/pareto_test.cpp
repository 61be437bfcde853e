// The Pareto set: its number of solves, that nothing in it is dominated, and the density sweep.
#include "engine/core/error.h"
#include "engine/search/pareto.h"
#include "tests/search/instances.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace moa {
namespace {

TEST(Pareto, ThreeLengthsTake51SolvesAndNoPointIsDominated) {
    const SearchInstance instance = test::randomInstance(7, 6, 4, {1024, 2048, 4096});
    SearchOptions options;
    options.gapTarget = 3e-2;
    std::int64_t reports = 0, total = 0;
    const ParetoSet set = paretoSet(instance, options, 5, {}, [&](const Progress& p) {
        ++reports;
        total = p.total;
    });
    EXPECT_EQ(set.completion, Completion::Done);
    EXPECT_FALSE(set.outOfTime);
    EXPECT_EQ(set.solves, 51);
    EXPECT_EQ(reports, 51);
    EXPECT_EQ(total, 51);
    ASSERT_GE(set.points.size(), 3u);
    std::printf("pareto: %d of %d solves feasible, %zu points kept\n", set.feasible, set.solves,
                set.points.size());
    for (const ParetoPoint& a : set.points) {
        for (const auto& [n, d] : a.outcome.density) {
            EXPECT_LE(d, 0.5);
            EXPECT_GE(d, 0.45 - 1e-9);
        }
        for (const auto& [n, limit] : a.lossLimits) {
            EXPECT_GE(a.outcome.loss.at(n), *limit.lower - 1e-6);
            EXPECT_LE(a.outcome.loss.at(n), *limit.upper + 1e-6);
        }
        for (const ParetoPoint& b : set.points) {
            if (&a == &b) continue;
            bool worseSomewhere = false;
            for (const auto& [n, loss] : a.outcome.loss)
                worseSomewhere = worseSomewhere || b.outcome.loss.at(n) > loss;
            EXPECT_TRUE(worseSomewhere);
        }
    }
}

TEST(Pareto, OneLengthIsOnePlanAndInfeasibleIsExplained) {
    const SearchInstance instance = test::randomInstance(7, 3, 2, {1024}, 16);
    SearchOptions options;
    EXPECT_EQ(paretoSet(instance, options).solves, 1);
    options.density = 0.01;
    const ParetoSet none = paretoSet(instance, options);
    EXPECT_TRUE(none.points.empty());
    EXPECT_EQ(none.infeasible.status, SearchStatus::Infeasible);
    EXPECT_FALSE(none.infeasible.explanation.empty());
    EXPECT_THROW(paretoSet(instance, options, 1), UsageError);
}

TEST(Pareto, CancelledKeepsWhatItHas) {
    const SearchInstance instance = test::randomInstance(7, 4, 2, {1024, 2048, 4096});
    std::stop_source source;
    const ParetoSet set = paretoSet(instance, {}, 5, source.get_token(), [&](const Progress& p) {
        if (p.done == 2) source.request_stop();
    });
    EXPECT_EQ(set.completion, Completion::Cancelled);
    EXPECT_LE(set.solves, 3);
    EXPECT_FALSE(set.points.empty());
}

TEST(Sweep, MoreDensityNeverCostsMore) {
    const SearchInstance instance = test::randomInstance(9, 4, 3, {1024, 2048});
    SearchOptions options;
    options.minDensityShare = 0; // with a lower limit a denser plan may be forced into worse rules
    const std::vector<SearchOutcome> outcomes =
        sweepDensity(instance, options, {0.01, 0.3, 0.4, 0.5, 0.6, 0.8});
    ASSERT_EQ(outcomes.size(), 6u);
    EXPECT_EQ(outcomes[0].status, SearchStatus::Infeasible);
    for (std::size_t i = 2; i < outcomes.size(); ++i)
        EXPECT_LE(outcomes[i].objective, outcomes[i - 1].objective * (1 + 1e-5) + 1e-12);
}

} // namespace
} // namespace moa
