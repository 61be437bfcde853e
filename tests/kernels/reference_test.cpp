// The double-precision truth held to first principles: finite differences, hiding keys for real, identities.
#include "kernels/reference/reference_costs.h"
#include "kernels/reference/reference_layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

namespace moa::reference {
namespace {

using Values = std::vector<double>;

Values randomValues(std::int64_t count, unsigned seed, double gain = 1) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal(0, gain);
    Values out(count);
    for (double& x : out) x = normal(generator);
    return out;
}

double dotProduct(const Values& a, const Values& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double largestDifference(const Values& a, const Values& b) {
    EXPECT_EQ(a.size(), b.size());
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
    return worst;
}

/// Central differences of `loss` by every entry of `x`.
Values numericGradient(Values& x, const std::function<double()>& loss) {
    constexpr double step = 1e-5;
    Values gradient(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double kept = x[i];
        x[i] = kept + step;
        const double above = loss();
        x[i] = kept - step;
        const double below = loss();
        x[i] = kept;
        gradient[i] = (above - below) / (2 * step);
    }
    return gradient;
}

/// A random head with a random gradient of its output.
struct Head {
    HeadShape shape;
    Values q, k, v, dO;

    Head(std::int64_t n, std::int64_t d, double sharpness, unsigned seed)
        : shape{n, d, 1 / std::sqrt(double(d))}, q(randomValues(n * d, seed, sharpness)),
          k(randomValues(n * d, seed + 1)), v(randomValues(n * d, seed + 2)),
          dO(randomValues(n * d, seed + 3)) {}

    HeadInputs inputs() const { return {q.data(), k.data(), v.data()}; }

    Values output(const Mask& mask, Values* lse = nullptr) const {
        Values o(shape.n * shape.d), rowLse(shape.n);
        attentionForward(inputs(), shape, mask, o.data(), rowLse.data());
        if (lse) *lse = rowLse;
        return o;
    }

    /// dO_i . o_i
    double rowLoss(const Values& o, std::int64_t i) const {
        return std::inner_product(o.begin() + i * shape.d, o.begin() + (i + 1) * shape.d,
                                  dO.begin() + i * shape.d, 0.0);
    }

    /// Output of row i with key `hidden` left out of the softmax, found by building that smaller sequence.
    double rowLossWithout(std::int64_t i, std::int64_t hidden) const {
        Values scores(shape.n), kept, value(shape.d);
        scoreRow(inputs(), shape, i, scores.data());
        double largest = -1e300, sum = 0;
        for (std::int64_t j = 0; j <= i; ++j) {
            if (j != hidden) largest = std::max(largest, scores[j]);
        }
        for (std::int64_t j = 0; j <= i; ++j) {
            if (j == hidden) continue;
            const double weight = std::exp(scores[j] - largest);
            sum += weight;
            for (std::int64_t c = 0; c < shape.d; ++c) value[c] += weight * v[j * shape.d + c];
        }
        double loss = 0;
        for (std::int64_t c = 0; c < shape.d; ++c) loss += dO[i * shape.d + c] * value[c] / sum;
        return loss;
    }
};

const Mask kMasks[] = {{}, {0, 1}, {0, 5}, {3, 4}, {64, 64}, {2, Mask::kEverything}};

TEST(ReferenceMask, WorkedExampleOfTheMethodPage) {
    const Mask mask{64, 128};
    std::vector<std::int64_t> seen;
    for (std::int64_t j = 0; j < 400; ++j) {
        if (mask.visible(300, j)) seen.push_back(j);
    }
    ASSERT_EQ(seen.size(), 64u + 128u);
    EXPECT_EQ(seen[63], 63);
    EXPECT_EQ(seen[64], 173);
    EXPECT_EQ(seen.back(), 300);
}

TEST(ReferenceAttention, WindowOfOneTokenCopiesItsValue) {
    const Head head(9, 4, 1, 1);
    Values lse;
    EXPECT_LT(largestDifference(head.output({0, 1}, &lse), head.v), 1e-15);
    Values scores(9);
    scoreRow(head.inputs(), head.shape, 8, scores.data());
    EXPECT_NEAR(lse[8], scores[8], 1e-14);
}

TEST(ReferenceAttention, WindowThatCoversEverythingIsDenseToTheBit) {
    const Head head(70, 4, 1, 2);
    EXPECT_EQ(head.output({}), head.output({0, 70}));
    EXPECT_EQ(head.output({}), head.output({6, 64}));
    EXPECT_NE(head.output({}), head.output({5, 64}));
}

TEST(ReferenceAttention, BackwardMatchesFiniteDifferences) {
    for (const Mask& mask : kMasks) {
        Head head(13, 6, 2, 3);
        const std::size_t size = head.q.size();
        Values dq(size, 99), dk(size, 99), dv(size, 99);
        attentionBackward(head.inputs(), head.dO.data(), head.shape, mask, dq.data(), dk.data(), dv.data());
        const auto loss = [&] { return dotProduct(head.output(mask), head.dO); };
        EXPECT_LT(largestDifference(dq, numericGradient(head.q, loss)), 1e-8);
        EXPECT_LT(largestDifference(dk, numericGradient(head.k, loss)), 1e-8);
        EXPECT_LT(largestDifference(dv, numericGradient(head.v, loss)), 1e-8);
    }
}

TEST(ReferenceCosts, WindowLossIsTheChangeOfTheOutput) {
    const Head head(200, 8, 2, 4);
    const Values dense = head.output({});
    for (const Mask& mask : {Mask{0, 64}, Mask{64, 64}, Mask{128, 64}, Mask{10, 33}}) {
        const Values masked = head.output(mask);
        Values c(200);
        windowLosses(head.inputs(), head.dO.data(), head.shape, mask, c.data());
        for (std::int64_t i = 0; i < 200; ++i) {
            EXPECT_NEAR(c[i], head.rowLoss(masked, i) - head.rowLoss(dense, i), 1e-12);
        }
    }
}

TEST(ReferenceCosts, SumsTheRowsAndIsZeroWhereNothingIsHidden) {
    const Head head(200, 8, 2, 5);
    const RuleCosts costs = ruleCosts(head.inputs(), head.dO.data(), head.shape);
    ASSERT_EQ(costs.windows, 4);
    for (int k = 0; k < kSinkBlocks; ++k) {
        for (std::int64_t b = 0; b <= 4; ++b) {
            double rows = 0, signedRows = 0;
            Values c(200);
            if (b > 0) windowLosses(head.inputs(), head.dO.data(), head.shape, {64 * k, 64 * b}, c.data());
            for (double x : c) {
                rows += std::abs(x);
                signedRows += x;
            }
            EXPECT_NEAR(costs.costAt(k, b), rows, 1e-12);
            EXPECT_NEAR(costs.signedAt(k, b), signedRows, 1e-12);
            const bool everything = b == 0 || 64 * (k + b) >= 200;
            EXPECT_EQ(costs.costAt(k, b) == 0, everything) << "sink " << k << " window " << b;
        }
    }
}

TEST(ReferenceInfluence, EqualsHidingOneKeyForReal) {
    // The row loss is linear in the output, so the first-order change is the whole change.
    const Head head(40, 6, 1.5, 6);
    const Values dense = head.output({});
    Values e(40 * 40);
    publishedInfluence(head.inputs(), head.dO.data(), head.shape, e.data());
    for (std::int64_t i = 1; i < 40; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
            EXPECT_NEAR(e[i * 40 + j], head.rowLossWithout(i, j) - head.rowLoss(dense, i), 1e-11);
        }
        for (std::int64_t j = i + 1; j < 40; ++j) EXPECT_EQ(e[i * 40 + j], 0);
    }
    EXPECT_NEAR(e[0], -head.rowLoss(dense, 0), 1e-12);
}

TEST(ReferenceInfluence, SurvivesARowThatIsAllOneKey) {
    // Scores apart by hundreds: A of the largest is 1 to the last bit, 1 - A is 0, its influence is not.
    const Head head(20, 6, 400, 7);
    const Values dense = head.output({});
    Values e(20 * 20), scores(20), a(20);
    publishedInfluence(head.inputs(), head.dO.data(), head.shape, e.data());
    int saturated = 0;
    for (std::int64_t i = 1; i < 20; ++i) {
        scoreRow(head.inputs(), head.shape, i, scores.data());
        softmaxRow(scores.data(), i, {}, a.data());
        const std::int64_t top = std::max_element(a.begin(), a.begin() + i + 1) - a.begin();
        saturated += a[top] == 1.0;
        const double hidden = head.rowLossWithout(i, top) - head.rowLoss(dense, i);
        EXPECT_NEAR(e[i * 20 + top], hidden, 1e-9 * std::max(1.0, std::abs(hidden)));
    }
    EXPECT_GT(saturated, 5);
}

TEST(ReferenceInfluence, MapsAndHistogramsAddUp) {
    const std::int64_t n = 150;
    const Head head(n, 8, 2, 8);
    const RuleCosts costs = ruleCosts(head.inputs(), head.dO.data(), head.shape);
    Values e(n * n);
    publishedInfluence(head.inputs(), head.dO.data(), head.shape, e.data());
    Values map(9), hist(kSinkBlocks * 3);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
            map[i / 64 * 3 + j / 64] += std::abs(e[i * n + j]);
            for (int k = 0; k < kSinkBlocks; ++k) {
                if (j >= 64 * k) hist[k * 3 + (i - j) / 64] += std::abs(e[i * n + j]);
            }
        }
    }
    EXPECT_LT(largestDifference(costs.influenceMap, map), 1e-11);
    EXPECT_LT(largestDifference(costs.hist, hist), 1e-11);
    EXPECT_EQ(costs.histAt(3, 0), 0); // no key from 192 on
    EXPECT_NEAR(std::accumulate(costs.attentionMap.begin(), costs.attentionMap.end(), 0.0), double(n), 1e-11);
    EXPECT_NEAR(costs.attentionMap[0], 64, 1e-11);
    EXPECT_EQ(costs.attentionMap[1], 0);
}

TEST(ReferenceRope, KeepsProductsOfEqualDistance) {
    const Values frequencies = ropeFrequencies(8, {});
    const Values q = randomValues(8, 9), k = randomValues(8, 10);
    const auto product = [&](std::int64_t i, std::int64_t j) {
        Values rotatedQ = q, rotatedK = k;
        rope(rotatedQ.data(), 1, 8, &i, frequencies);
        rope(rotatedK.data(), 1, 8, &j, frequencies);
        return dotProduct(rotatedQ, rotatedK);
    };
    EXPECT_NEAR(product(7, 3), product(1007, 1003), 1e-10);
    EXPECT_GT(std::abs(product(7, 3) - product(7, 4)), 1e-6);
    EXPECT_NEAR(product(5, 5), dotProduct(q, k), 1e-12);
}

TEST(ReferenceRope, RotatesTheFirstPairByThePosition) {
    Values x = {1, 0, 0, 0};
    const std::int64_t position = 2;
    rope(x.data(), 1, 4, &position, ropeFrequencies(4, {}));
    EXPECT_NEAR(x[0], std::cos(2.0), 1e-15);
    EXPECT_NEAR(x[2], std::sin(2.0), 1e-15);
}

TEST(ReferenceRope, BackwardIsTheInverseRotation) {
    const Values frequencies = ropeFrequencies(6, {});
    const std::int64_t positions[] = {0, 5, 700};
    Values x = randomValues(18, 11);
    const Values kept = x;
    rope(x.data(), 3, 6, positions, frequencies);
    EXPECT_GT(largestDifference(x, kept), 0.1);
    ropeBackward(x.data(), 3, 6, positions, frequencies);
    EXPECT_LT(largestDifference(x, kept), 1e-13);
}

TEST(ReferenceRope, Llama3FrequenciesEqualTransformers) {
    // inv_freq of transformers for tests/reference/golden/tiny-bf16-sharded (head_dim 48), in float32.
    const Values expected = {1.0,
                             0.5759342908859253,
                             0.24266983568668365,
                             0.0958399772644043,
                             0.03304104879498482,
                             0.018347490578889847};
    const RopeSpec spec{10000, RopeScalingKind::Llama3, 8, 1, 4, 32};
    const Values frequencies = ropeFrequencies(48, spec);
    ASSERT_EQ(frequencies.size(), 24u);
    for (std::size_t c = 0; c < expected.size(); ++c) EXPECT_NEAR(frequencies[c] / expected[c], 1, 1e-6);
    EXPECT_NEAR(frequencies[23] / 1.8347494915360585e-05, 1, 1e-6);
    EXPECT_NEAR(ropeFrequencies(48, {10000, RopeScalingKind::Linear, 8})[0], 0.125, 1e-15);
}

TEST(ReferenceLayers, RmsNormHasUnitRmsAndTheRightGradient) {
    const std::int64_t n = 3, h = 7;
    Values x = randomValues(n * h, 12, 3), y(n * h), dx(n * h);
    const Values ones(h, 1.0), weight = randomValues(h, 13), dy = randomValues(n * h, 14);
    rmsNorm(x.data(), ones.data(), n, h, 0, y.data());
    EXPECT_NEAR(dotProduct(y, y), double(n * h), 1e-12);
    for (const double eps : {1e-5, 10.0}) {
        const auto loss = [&] {
            rmsNorm(x.data(), weight.data(), n, h, eps, y.data());
            return dotProduct(y, dy);
        };
        rmsNormBackward(x.data(), weight.data(), dy.data(), n, h, eps, dx.data());
        EXPECT_LT(largestDifference(dx, numericGradient(x, loss)), 1e-8);
    }
}

TEST(ReferenceLayers, SwigluHasTheRightValuesAndGradients) {
    Values gate = randomValues(17, 15, 3), up = randomValues(17, 16), y(17), dGate(17), dUp(17);
    const Values dy = randomValues(17, 17);
    const auto loss = [&] {
        swiglu(gate.data(), up.data(), 17, y.data());
        return dotProduct(y, dy);
    };
    loss();
    EXPECT_NEAR(y[4], gate[4] / (1 + std::exp(-gate[4])) * up[4], 1e-15);
    swigluBackward(gate.data(), up.data(), dy.data(), 17, dGate.data(), dUp.data());
    EXPECT_LT(largestDifference(dGate, numericGradient(gate, loss)), 1e-8);
    EXPECT_LT(largestDifference(dUp, numericGradient(up, loss)), 1e-8);
}

} // namespace
} // namespace moa::reference
