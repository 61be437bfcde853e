// Rule costs, influence histograms and pooled maps against whole N × N rows in double, on easy rows and on
// the ones that are hard in float: weights next to 1, windows whose mass underflows, sinks larger than the
// text.
#include "kernels/reference/reference_costs.h"
#include "tests/kernels/backward_fixture.h"

namespace moa::kernels::test {
namespace {

class RuleCosts : public PerTarget {};
MOA_EVERY_TARGET(RuleCosts);

/// The kernel's sums for one head; T may be larger than the text needs.
struct CostRun {
    std::int64_t tiles;
    int cells;
    Guarded<double> cost, costSigned, hist;
    Guarded<float> influence, attention;

    CostRun(const RandomHead& head, std::int64_t tileCount, int mapCells)
        : tiles(tileCount), cells(mapCells), cost(static_cast<std::size_t>(kSinkChoices * (tiles + 1))),
          costSigned(cost.size()), hist(static_cast<std::size_t>(kSinkChoices * tiles)),
          influence(static_cast<std::size_t>(cells * cells)), attention(influence.size()) {
        const RuleCostSums sums{
            tiles, cost.data(), costSigned.data(), hist.data(), influence.data(), attention.data(), cells};
        BackwardRun run(head, 0, kEverything, &sums);
    }
    explicit CostRun(const RandomHead& head)
        : CostRun(head, (head.n + kTile - 1) / kTile, static_cast<int>((head.n + kTile - 1) / kTile)) {}
};

/// max |ours − truth| relative to `scale`.
double relativeTo(double scale, std::span<const double> ours, const Doubles& truth) {
    EXPECT_EQ(ours.size(), truth.size());
    double worst = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        EXPECT_FALSE(std::isnan(ours[i]));
        worst = std::max(worst, std::abs(ours[i] - truth[i]));
    }
    return worst / scale;
}

/// Every statistic within `tolerance` of the reference; costs relative to the head's largest unsigned cost.
reference::RuleCosts expectCosts(const RandomHead& head, double tolerance) {
    SCOPED_TRACE("n " + std::to_string(head.n) + " dim " + std::to_string(head.dim));
    CostRun run(head);
    const reference::RuleCosts truth = reference::ruleCosts(head.inputs(), head.dO64.data(), head.shape);
    const double most = std::ranges::max(truth.cost), scale = most > 0 ? most : 1;
    EXPECT_LT(relativeTo(scale, run.cost.values(), truth.cost), tolerance);
    EXPECT_LT(relativeTo(scale, run.costSigned.values(), truth.costSigned), tolerance);
    EXPECT_LT(normalisedError(run.hist.values(), truth.hist), tolerance);
    EXPECT_LT(normalisedError(run.influence.values(), truth.influenceMap), tolerance);
    EXPECT_LT(normalisedError(run.attention.values(), truth.attentionMap), tolerance);
    // Small entries count too: a window that loses little must not drown in the rounding of one that loses
    // much.
    for (std::size_t i = 0; i < truth.cost.size(); ++i)
        EXPECT_LT(std::abs(run.cost.values()[i] - truth.cost[i]), 20 * tolerance * truth.cost[i] + 1e-30)
            << i;
    return truth;
}

TEST_P(RuleCosts, EqualTheReferenceAtOddShapes) {
    for (const std::int64_t n : {1, 63, 64, 65, 129, 200, 331, 448})
        for (const int dim : {16, 48, 80})
            expectCosts(RandomHead(n, dim, 1.5, 300 + static_cast<unsigned>(n)), 1e-4);
}

TEST_P(RuleCosts, WeightsNextToOne) {
    for (const double sharpness : {8.0, 20.0}) {
        const RandomHead head(331, 16, sharpness, 31);
        int sure = 0;
        Doubles scores(331), a(331);
        for (std::int64_t i = 1; i < head.n; ++i) {
            reference::scoreRow(head.inputs(), head.shape, i, scores.data());
            reference::softmaxRow(scores.data(), i, {}, a.data());
            sure += *std::max_element(a.begin(), a.begin() + i + 1) > 0.999;
        }
        EXPECT_GT(sure, 20) << "the inputs test nothing";
        expectCosts(head, 5e-4);
    }
}

TEST_P(RuleCosts, RowsThatAreAllOneKey) {
    // Scores hundreds apart: other weights, and whole windows, underflow to 0 in float.
    const RandomHead head(331, 16, 400, 32);
    int lostRows = 0, lostWindows = 0;
    Doubles scores(331);
    for (std::int64_t i = 64; i < head.n; ++i) {
        reference::scoreRow(head.inputs(), head.shape, i, scores.data());
        std::vector<double> row(scores.begin(), scores.begin() + i + 1);
        const double near = *std::max_element(row.end() - 64, row.end());
        std::ranges::nth_element(row, row.begin() + 1, std::greater<>());
        lostRows += row[0] - row[1] > 100;
        lostWindows += row[0] - near > 100;
    }
    EXPECT_GT(lostRows, 50) << "the inputs test nothing";
    EXPECT_GT(lostWindows, 50) << "the inputs test nothing";
    expectCosts(head, 1e-3);
}

TEST_P(RuleCosts, WindowsAroundTheLimitOfFloat) {
    // The far keys win by 40 … 110: visible masses from 1e-17 to nothing, across both limits of the kernel.
    RandomHead head(256, 16, 1, 33);
    const float mark = 10;
    for (std::int64_t i = 0; i < head.n; ++i) {
        const float lead = 40 + 70 * static_cast<float>(i) / 255;
        head.q[static_cast<std::size_t>(i * head.dim)] = lead / (head.scale() * mark);
        head.k[static_cast<std::size_t>(i * head.dim)] = i == 70 ? mark : 0.0f;
    }
    head.widenAll();
    expectCosts(head, 5e-4);
}

TEST_P(RuleCosts, SumsAreAddedAndLongerLengthsPool) {
    // A text of 200 tokens that stands for 640: T = 10, the unused windows stay 0, maps of 5 cells pool 2 × 2
    // tiles.
    const RandomHead head(200, 16, 1.5, 34);
    CostRun run(head, 10, 5);
    const reference::RuleCosts truth = reference::ruleCosts(head.inputs(), head.dO64.data(), head.shape);
    const double scale = std::ranges::max(truth.cost);
    for (int k = 0; k < kSinkChoices; ++k)
        for (std::int64_t b = 0; b <= 10; ++b) {
            const auto at = static_cast<std::size_t>(k * 11 + b);
            EXPECT_NEAR(run.cost.values()[at], b <= 4 ? truth.costAt(k, b) : 0, 1e-4 * scale);
            EXPECT_NEAR(run.costSigned.values()[at], b <= 4 ? truth.signedAt(k, b) : 0, 1e-4 * scale);
            if (b < 10) {
                const double hist = b < 4 ? truth.histAt(k, b) : 0;
                EXPECT_NEAR(run.hist.values()[static_cast<std::size_t>(k * 10 + b)], hist, 1e-3);
            }
        }
    Doubles pooled(25), pooledAttention(25);
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j) {
            pooled[i / 2 * 5 + j / 2] += truth.influenceMap[i * 4 + j];
            pooledAttention[i / 2 * 5 + j / 2] += truth.attentionMap[i * 4 + j];
        }
    EXPECT_LT(normalisedError(run.influence.values(), pooled), 1e-4);
    EXPECT_LT(normalisedError(run.attention.values(), pooledAttention), 1e-5);
}

TEST_P(RuleCosts, RowsWithoutGradientCostNothing) {
    RandomHead head(200, 16, 1.5, 35);
    std::fill(head.dO.begin(), head.dO.begin() + 140 * head.dim, 0.0f);
    head.widenAll();
    expectCosts(head, 1e-4);
    std::ranges::fill(head.dO, 0.0f);
    head.widenAll();
    CostRun run(head);
    for (const auto values : {run.cost.values(), run.costSigned.values(), run.hist.values()})
        EXPECT_TRUE(std::ranges::all_of(values, [](double x) { return x == 0; }));
    EXPECT_NEAR(run.attention.values()[0], 64, 1e-4); // attention needs no loss
}

} // namespace
} // namespace moa::kernels::test
