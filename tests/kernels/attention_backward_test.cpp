// dQ, dK, dV of one head against the double-precision reference, dense and under windows.
#include "tests/kernels/backward_fixture.h"

namespace moa::kernels::test {
namespace {

constexpr double kTolerance = 1e-4;

class AttentionBackward : public PerTarget {};
MOA_EVERY_TARGET(AttentionBackward);

void expectGradients(const RandomHead& head, const reference::Mask& mask, double tolerance = kTolerance) {
    SCOPED_TRACE("n " + std::to_string(head.n) + " dim " + std::to_string(head.dim) + " sink " +
                 std::to_string(mask.sink) + " window " + std::to_string(mask.window));
    BackwardRun run(head, mask.sink, mask.window);
    Doubles dq(head.q.size()), dk(dq.size()), dv(dq.size());
    reference::attentionBackward(head.inputs(), head.dO64.data(), head.shape, mask, dq.data(), dk.data(),
                                 dv.data());
    EXPECT_LT(normalisedError(run.dQ.values(), dq), tolerance);
    EXPECT_LT(normalisedError(BackwardRun::unpadded(head, run.dK), dk), tolerance);
    EXPECT_LT(normalisedError(BackwardRun::unpadded(head, run.dV), dv), tolerance);
}

TEST_P(AttentionBackward, EqualsTheReferenceAtOddShapes) {
    for (const std::int64_t n : {1, 2, 63, 64, 65, 200})
        for (const int dim : {16, 40, 48, 64, 80, 96, 128}) {
            const RandomHead head(n, dim, 1.5, 200 + static_cast<unsigned>(n));
            for (const reference::Mask& mask :
                 {reference::Mask{0, kEverything}, {64, 64}, {0, 100}, {0, 1}, {256, 1}})
                expectGradients(head, mask, n == 1 ? 1.0 : kTolerance);
        }
}

TEST_P(AttentionBackward, OneTokenHasNoGradientOfItsScore) {
    const RandomHead head(1, 48, 1.5, 17);
    BackwardRun run(head, 0, kEverything);
    for (const float x : run.dQ.values()) EXPECT_NEAR(x, 0, 1e-6);
    EXPECT_EQ(BackwardRun::unpadded(head, run.dV), head.dO);
}

TEST_P(AttentionBackward, LongerTexts) {
    const RandomHead head(1000, 32, 1.5, 11);
    for (const reference::Mask& mask : {reference::Mask{0, kEverything}, {64, 640}})
        expectGradients(head, mask);
}

TEST_P(AttentionBackward, RowsWithoutGradient) {
    // A loss over the last tokens only: whole tiles of rows without gradient, one cut in the middle, one row
    // inside.
    RandomHead head(300, 48, 1.5, 12);
    std::fill(head.dO.begin(), head.dO.begin() + 150 * head.dim, 0.0f);
    std::fill_n(head.dO.begin() + 170 * head.dim, head.dim, 0.0f);
    head.widenAll();
    for (const reference::Mask& mask : {reference::Mask{0, kEverything}, {64, 64}}) {
        expectGradients(head, mask);
        BackwardRun run(head, mask.sink, mask.window);
        const auto dQ = run.dQ.values();
        EXPECT_TRUE(std::ranges::all_of(dQ.first(static_cast<std::size_t>(128 * head.dim)),
                                        [](float x) { return x == 0; }));
    }
}

TEST_P(AttentionBackward, RunsOfRowsAddUpToTheWholeToTheBit) {
    const RandomHead head(300, 48, 1.5, 14);
    const auto everything = [&](std::int64_t run) {
        Doubles cost(5 * 6), costSigned(cost.size()), hist(5 * 5);
        Floats influence(25), attention(25);
        const RuleCostSums sums{
            5, cost.data(), costSigned.data(), hist.data(), influence.data(), attention.data(), 5};
        BackwardRun pass(head, 0, kEverything, &sums, run);
        for (const auto gradient : {pass.dQ.values(), pass.dK.values(), pass.dV.values()})
            cost.insert(cost.end(), gradient.begin(), gradient.end());
        for (const auto& part : {influence, attention}) cost.insert(cost.end(), part.begin(), part.end());
        for (const auto& part : {costSigned, hist}) cost.insert(cost.end(), part.begin(), part.end());
        return cost;
    };
    const Doubles whole = everything(kEverything);
    EXPECT_EQ(everything(64), whole);
    EXPECT_EQ(everything(192), whole);
}

TEST_P(AttentionBackward, SharpRows) {
    expectGradients(RandomHead(200, 32, 60, 13), {}, 5e-4);
}

} // namespace
} // namespace moa::kernels::test
