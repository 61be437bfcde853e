// Attention backward on the card against whole N × N rows in double precision: dQ, dK, dV dense and under
// windows, rule costs, influence and maps on easy rows and on those that are hard in float; equal bits from
// two runs.
#include "kernels/reference/reference_costs.h"
#include "moa_kernels/cuda/attention_backward.h"
#include "tests/kernels/cuda/cuda_fixture.h"

#include <functional>

namespace moa::test {
namespace {

using namespace kernels::cuda;

constexpr int kSinks = 5;

struct Layer {
    Element element = Element::F16;
    int headDim = 64, kvHeads = 1, group = 1, n = 0;
    double sharpness = 1; ///< deviation of the queries
    std::uint32_t seed = 1;
    bool portable = false;

    int heads() const { return kvHeads * group; }
};

/// One layer's inputs on the card and in double precision, its forward pass by the reference.
class Inputs {
public:
    using Edit = std::function<void(std::vector<double>& q, std::vector<double>& k, std::vector<double>& dO)>;

    Inputs(const Layer& layer, const reference::Mask& shown, const Edit& edit = {})
        : l(layer), mask(shown), q(rows(l.heads(), 1, l.sharpness)), k(rows(l.kvHeads, 2)),
          v(rows(l.kvHeads, 3)), dO(rows(l.heads(), 4)), out(q.size()),
          lse(static_cast<std::size_t>(l.heads() * l.n)) {
        if (edit) {
            edit(q, k, dO);
            for (auto* values : {&q, &k, &dO})
                for (double& x : *values) x = toDouble(toBits(x, l.element), l.element);
        }
        std::vector<float> lseFloats(lse.size());
        parallelFor(l.heads(), [&](int h) {
            const Head in(*this, h);
            std::vector<double> o(in.q.size());
            reference::attentionForward(in.inputs(), shape(), this->mask, o.data(), lse.data() + h * l.n);
            scatter(o, out, l.heads(), h);
        });
        std::copy(lse.begin(), lse.end(), lseFloats.begin());
        m_lse = std::make_unique<DeviceArray<float>>(lseFloats);
        for (const auto* values : {&q, &k, &v, &dO, &out}) {
            std::vector<Bits> bits;
            for (const double x : *values) bits.push_back(toBits(x, l.element));
            m_arrays.push_back(std::make_unique<DeviceArray<Bits>>(bits));
        }
        m_delta = std::make_unique<DeviceArray<float>>(lse.size() + 1);
        m_windows = std::make_unique<DeviceArray<std::int32_t>>(std::vector<std::int32_t>(
            static_cast<std::size_t>(l.kvHeads),
            static_cast<std::int32_t>(std::min<std::int64_t>(mask.window, 1 << 30))));
    }

    /// One head's columns, contiguous.
    struct Head {
        const Inputs& all;
        std::vector<double> q, k, v, dO;
        Head(const Inputs& inputs, int h)
            : all(inputs), q(inputs.column(inputs.q, inputs.l.heads(), h)),
              k(inputs.column(inputs.k, inputs.l.kvHeads, h / inputs.l.group)),
              v(inputs.column(inputs.v, inputs.l.kvHeads, h / inputs.l.group)),
              dO(inputs.column(inputs.dO, inputs.l.heads(), h)) {}
        reference::HeadInputs inputs() const { return {q.data(), k.data(), v.data()}; }
    };
    reference::HeadShape shape() const {
        return {l.n, l.headDim, 1 / std::sqrt(static_cast<double>(l.headDim))};
    }
    std::vector<double> column(const std::vector<double>& all, int heads, int h) const {
        std::vector<double> one;
        for (int i = 0; i < l.n; ++i) {
            const auto from = all.begin() + (static_cast<std::int64_t>(i) * heads + h) * l.headDim;
            one.insert(one.end(), from, from + l.headDim);
        }
        return one;
    }
    void scatter(const std::vector<double>& one, std::vector<double>& all, int heads, int h) const {
        for (int i = 0; i < l.n; ++i)
            std::copy_n(one.begin() + i * l.headDim, l.headDim,
                        all.begin() + (static_cast<std::int64_t>(i) * heads + h) * l.headDim);
    }

    AttentionBackwardParams params(bool isDense) const {
        AttentionBackwardParams p;
        p.q = m_arrays[0]->data(), p.k = m_arrays[1]->data(), p.v = m_arrays[2]->data();
        p.dOut = m_arrays[3]->data(), p.out = m_arrays[4]->data();
        p.qStride = p.outStride = p.dOutStride = p.dQStride = l.heads() * l.headDim;
        p.kStride = p.vStride = p.dKStride = p.dVStride = l.kvHeads * l.headDim;
        p.lse = m_lse->data(), p.lseStride = l.n, p.delta = m_delta->data();
        p.windows = isDense ? nullptr : m_windows->data(), p.sink = isDense ? 0 : static_cast<int>(mask.sink);
        p.n = l.n, p.heads = l.heads(), p.kvHeads = l.kvHeads, p.headDim = l.headDim;
        p.scale = static_cast<float>(shape().scale), p.element = l.element, p.portable = l.portable;
        return p;
    }

    Layer l;
    reference::Mask mask;
    std::vector<double> q, k, v, dO, out, lse;

private:
    std::vector<double> rows(int heads, std::uint32_t seed, double deviation = 1) const {
        return RandomRows(static_cast<std::size_t>(l.n * heads * l.headDim), l.element, 10 * l.seed + seed,
                          deviation)
            .values;
    }
    std::vector<std::unique_ptr<DeviceArray<Bits>>> m_arrays; ///< q, k, v, dO, out
    std::unique_ptr<DeviceArray<float>> m_lse, m_delta;
    std::unique_ptr<DeviceArray<std::int32_t>> m_windows;
};

/// What the kernels write, as bits and in double precision.
struct Outputs {
    std::vector<Bits> dQ, dK, dV;
    std::vector<double> cost, costSigned, hist;
    std::vector<float> influence, attention;
    bool operator==(const Outputs&) const = default;
};

Outputs run(const Inputs& in, bool withCosts, int tiles = 0, int mapCells = 0,
            const float* factor = nullptr) {
    const Layer& l = in.l;
    const auto n = static_cast<std::size_t>(l.n), d = static_cast<std::size_t>(l.headDim),
               heads = static_cast<std::size_t>(l.heads());
    DeviceArray<Bits> dQ(n * heads * d), dK(n * static_cast<std::size_t>(l.kvHeads) * d), dV(dK.size());
    AttentionBackwardParams p = in.params(withCosts || in.mask.window >= l.n);
    p.dQ = dQ.data(), p.dK = dK.data(), p.dV = dV.data();
    const std::size_t costs = heads * kSinks * static_cast<std::size_t>(tiles + 1),
                      cells = static_cast<std::size_t>(mapCells * mapCells);
    DeviceArray<double> cost(costs), costSigned(costs),
        hist(heads * kSinks * static_cast<std::size_t>(tiles));
    DeviceArray<float> influence(heads * cells), attention(heads * cells);
    RuleCostParams c{tiles,       mapCells,         factor,           cost.data(), costSigned.data(),
                     hist.data(), influence.data(), attention.data(), nullptr};
    int multiprocessors = 0;
    cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, 0);
    DeviceArray<char> workspace(
        withCosts ? ruleCostWorkspaceBytes(l.n, l.heads(), tiles, mapCells, multiprocessors) : 1);
    c.workspace = workspace.data();
    EXPECT_EQ(launchAttentionBackward(p, withCosts ? &c : nullptr, nullptr), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    Outputs out{dQ.host(), dK.host(), dV.host(), {}, {}, {}, {}, {}};
    if (withCosts)
        out.cost = cost.host(), out.costSigned = costSigned.host(), out.hist = hist.host(),
        out.influence = influence.host(), out.attention = attention.host();
    return out;
}

/// Rounding of P, dS and the gradients themselves; products are exact enough.
double gradientTolerance(Element element) {
    return element == Element::F16 ? 1e-3 : 6e-3;
}

/// CI leaves head dimension 96 out.
bool isCompiled(int headDim) {
    const Inputs in({Element::F16, headDim, 1, 1, 1, 1, 1}, {});
    const DeviceArray<Bits> gradient(static_cast<std::size_t>(headDim));
    AttentionBackwardParams p = in.params(true);
    p.dQ = p.dK = p.dV = gradient.data();
    const bool compiled = launchAttentionBackward(p, nullptr, nullptr) == cudaSuccess;
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    return compiled;
}

/// |E| of query `row` under the mask, e [row + 1]; each key's from the other keys alone, with no
/// cancellation.
void influenceRow(const Inputs& in, const Inputs::Head& h, int row, double* e) {
    const auto count = static_cast<std::size_t>(row + 1), d = static_cast<std::size_t>(in.l.headDim);
    std::vector<double> scores(count), g(count);
    reference::scoreRow(h.inputs(), in.shape(), row, scores.data());
    for (std::size_t j = 0; j < count; ++j)
        for (std::size_t c = 0; c < d; ++c)
            g[j] += h.dO[static_cast<std::size_t>(row) * d + c] * h.v[j * d + c];
    for (std::size_t j = 0; j < count; ++j) {
        if (!in.mask.visible(row, static_cast<std::int64_t>(j))) continue;
        double most = -INFINITY, mass = 0, sum = 0;
        const auto counts = [&](std::size_t x) {
            return x != j && in.mask.visible(row, static_cast<std::int64_t>(x));
        };
        for (std::size_t x = 0; x < count; ++x)
            if (counts(x)) most = std::max(most, scores[x]);
        for (std::size_t x = 0; x < count; ++x)
            if (counts(x)) mass += std::exp(scores[x] - most), sum += std::exp(scores[x] - most) * g[x];
        const double others = mass > 0 ? std::exp(most - scores[j]) * mass : 0;
        e[j] = std::abs(g[j] - (mass > 0 ? sum / mass : 0)) / (1 + others);
    }
}

class AttentionBackward : public CudaTest {
protected:
    static void expectGradients(const Inputs& in, const Outputs& seen, double tolerance) {
        const Layer& l = in.l;
        std::vector<double> dQ(in.q.size()), dK(in.k.size()), dV(in.v.size());
        parallelFor(l.kvHeads, [&](int g) {
            std::vector<double> k(static_cast<std::size_t>(l.n * l.headDim)), v(k.size());
            for (int h = g * l.group; h < (g + 1) * l.group; ++h) {
                const Inputs::Head head(in, h);
                std::vector<double> q(k.size()), ownK(k.size()), ownV(k.size());
                reference::attentionBackward(head.inputs(), head.dO.data(), in.shape(), in.mask, q.data(),
                                             ownK.data(), ownV.data());
                in.scatter(q, dQ, l.heads(), h);
                for (std::size_t i = 0; i < k.size(); ++i) k[i] += ownK[i], v[i] += ownV[i];
            }
            in.scatter(k, dK, l.kvHeads, g);
            in.scatter(v, dV, l.kvHeads, g);
        });
        if (l.n > 1) {
            EXPECT_LT(normalisedError(toDoubles(seen.dQ, l.element), dQ), tolerance) << "dQ";
            EXPECT_LT(normalisedError(toDoubles(seen.dK, l.element), dK), tolerance) << "dK";
        }
        EXPECT_LT(normalisedError(toDoubles(seen.dV, l.element), dV), tolerance) << "dV";
    }

    /// |seen − truth| of every entry relative to `scale` and, for entries that matter, to themselves.
    static void expectNear(const std::vector<double>& seen, const std::vector<double>& truth,
                           double tolerance, const char* what) {
        ASSERT_EQ(seen.size(), truth.size()) << what;
        double most = 0, worst = 0;
        for (std::size_t i = 0; i < truth.size(); ++i) {
            ASSERT_TRUE(std::isfinite(seen[i])) << what << " " << i;
            most = std::max(most, std::abs(truth[i]));
            worst = std::max(worst, std::abs(seen[i] - truth[i]));
        }
        EXPECT_LE(worst, tolerance * most) << what;
    }

    static void expectCosts(const Inputs& in, double tolerance, int tiles = 0, int mapCells = 0) {
        const Layer& l = in.l;
        const int own = (l.n + 63) / 64;
        if (tiles == 0) tiles = own, mapCells = own;
        SCOPED_TRACE("n " + std::to_string(l.n) + ", headDim " + std::to_string(l.headDim) + ", sharpness " +
                     std::to_string(l.sharpness));
        const Outputs seen = run(in, true, tiles, mapCells);
        expectGradients(in, seen, std::max(tolerance, gradientTolerance(l.element)));
        std::vector<reference::RuleCosts> truth(static_cast<std::size_t>(l.heads()));
        parallelFor(l.heads(), [&](int h) {
            const Inputs::Head head(in, h);
            truth[static_cast<std::size_t>(h)] =
                reference::ruleCosts(head.inputs(), head.dO.data(), in.shape());
        });
        for (int h = 0; h < l.heads(); ++h) {
            SCOPED_TRACE("head " + std::to_string(h));
            const reference::RuleCosts& t = truth[static_cast<std::size_t>(h)];
            const auto part = [&](const auto& all) {
                const std::size_t size = all.size() / truth.size();
                return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(size) * h,
                                           all.begin() + static_cast<std::ptrdiff_t>(size) * (h + 1));
            };
            std::vector<double> cost, costSigned, hist,
                influence(static_cast<std::size_t>(mapCells * mapCells)), attention(influence.size());
            for (int k = 0; k < kSinks; ++k)
                for (int b = 0; b <= tiles; ++b) {
                    cost.push_back(b <= own ? t.costAt(k, b) : 0),
                        costSigned.push_back(b <= own ? t.signedAt(k, b) : 0);
                    if (b < tiles) hist.push_back(b < own ? t.histAt(k, b) : 0);
                }
            for (int i = 0; i < own; ++i)
                for (int j = 0; j <= i; ++j) {
                    const auto cell =
                        static_cast<std::size_t>(i * mapCells / tiles * mapCells + j * mapCells / tiles);
                    influence[cell] += t.influenceMap[static_cast<std::size_t>(i * own + j)];
                    attention[cell] += t.attentionMap[static_cast<std::size_t>(i * own + j)];
                }
            expectNear(part(seen.cost), cost, tolerance, "cost");
            // Rows of both signs cancel; what may differ is what their sizes allow.
            const double size = *std::max_element(cost.begin(), cost.end());
            const auto sums = part(seen.costSigned);
            for (std::size_t i = 0; i < sums.size(); ++i)
                ASSERT_NEAR(sums[i], costSigned[i], tolerance * size + 1e-30) << "signed " << i;
            expectNear(part(seen.hist), hist, tolerance, "hist");
            expectNear(part(seen.influence), influence, tolerance, "influence");
            expectNear(part(seen.attention), attention, tolerance, "attention");
            // A window that loses little must not drown in the rounding of one that loses much.
            const auto costs = part(seen.cost);
            for (std::size_t i = 0; i < costs.size(); ++i)
                EXPECT_LE(std::abs(costs[i] - cost[i]), 5 * tolerance * cost[i] + 1e-13 * size)
                    << "cost " << i; // the reference subtracts
        }
    }
};

TEST_F(AttentionBackward, GradientsAtOddShapesAndUnderWindows) {
    for (const Element element : {Element::F16, Element::BF16})
        for (const int headDim : {64, 96, 128})
            for (const int n : {1, 63, 64, 65, 129, 200, 700})
                for (const reference::Mask& mask :
                     {reference::Mask{}, {64, 64}, {0, 100}, {128, 1}, {256, 192}}) {
                    if (headDim == 96 && !isCompiled(headDim)) continue;
                    Inputs in({element, headDim, 2, 2, n, 1.5, static_cast<std::uint32_t>(n)}, mask);
                    for (const bool portable : {false, true}) {
                        in.l.portable = portable;
                        SCOPED_TRACE("headDim " + std::to_string(headDim) + ", n " + std::to_string(n) +
                                     ", window " + std::to_string(mask.window) +
                                     (portable ? ", portable" : ""));
                        expectGradients(in, run(in, false), gradientTolerance(element));
                    }
                }
}

TEST_F(AttentionBackward, CostsEqualTheReferenceAtOddShapes) {
    for (const bool portable : {false, true}) {
        for (const int headDim : {64, 128})
            for (const int n : {1, 63, 64, 65, 129, 200, 331, 700})
                expectCosts(
                    Inputs({Element::F16, headDim, 2, 2, n, 1.5, static_cast<std::uint32_t>(n), portable},
                           {}),
                    1e-3);
        expectCosts(Inputs({Element::BF16, 128, 1, 2, 500, 1.5, 9, portable}, {}), 1e-2);
    }
}

/// More blocks of rows than parts: several add to one, in order.
TEST_F(AttentionBackward, LongTextsSumManyPartsInOrder) {
    const Inputs in({Element::F16, 64, 1, 1, 9000, 1.5, 21}, {});
    const int tiles = (9000 + 63) / 64;
    const Outputs seen = run(in, true, tiles, 128);
    EXPECT_EQ(run(in, true, tiles, 128), seen);
    const std::vector<std::pair<int, int>> choices{{0, 1}, {1, 20}, {4, 7}, {2, 100}};
    parallelFor(static_cast<int>(choices.size()), [&](int i) {
        const auto [k, b] = choices[static_cast<std::size_t>(i)];
        const Inputs::Head head(in, 0);
        std::vector<double> c(9000);
        reference::windowLosses(head.inputs(), head.dO.data(), in.shape(), reference::Mask{64 * k, 64 * b},
                                c.data());
        double sum = 0, size = 0;
        for (const double x : c) sum += x, size += std::abs(x);
        const auto at = static_cast<std::size_t>(k * (tiles + 1) + b);
        EXPECT_NEAR(seen.cost[at], size, 1e-3 * size) << k << " " << b;
        EXPECT_NEAR(seen.costSigned[at], sum, 1e-3 * size) << k << " " << b;
    });
}

TEST_F(AttentionBackward, WeightsNextToOne) {
    for (const double sharpness : {8.0, 20.0})
        expectCosts(Inputs({Element::F16, 64, 1, 2, 331, sharpness, 31}, {}), 3e-3);
}

TEST_F(AttentionBackward, RowsThatAreAllOneKey) {
    // Scores hundreds apart: other weights, and whole windows, underflow in float.
    expectCosts(Inputs({Element::F16, 64, 1, 1, 331, 300, 32}, {}), 3e-3);
}

TEST_F(AttentionBackward, WindowsAroundTheLimitOfFloat) {
    // The far keys win by 40 … 110: visible masses from 1e-17 to nothing, across both limits of the kernel.
    const Layer l{Element::F16, 64, 1, 1, 500, 1, 33};
    const Inputs in(l, {}, [&](std::vector<double>& q, std::vector<double>& k, std::vector<double>&) {
        for (int i = 0; i < l.n; ++i) {
            q[static_cast<std::size_t>(i * 64)] = (40 + 70.0 * i / l.n) * 8 / 10;
            k[static_cast<std::size_t>(i * 64)] = i == 70 ? 10 : 0;
        }
    });
    expectCosts(in, 2e-3);
}

TEST_F(AttentionBackward, ShorterThanItsLengthAndScaled) {
    const Inputs in({Element::F16, 64, 1, 2, 200, 1.5, 34}, {});
    expectCosts(in, 1e-3, 10, 5);
    const DeviceArray<float> factor(std::vector<float>{0.25f, 0.f});
    const Outputs whole = run(in, true, 10, 5), scaled = run(in, true, 10, 5, factor.data());
    for (std::size_t i = 0; i < whole.cost.size(); ++i) EXPECT_EQ(scaled.cost[i], whole.cost[i] / 4);
    for (std::size_t i = 0; i < whole.hist.size(); ++i) EXPECT_EQ(scaled.hist[i], whole.hist[i] / 4);
    for (std::size_t i = 0; i < whole.influence.size(); ++i)
        EXPECT_EQ(scaled.influence[i], whole.influence[i] / 4);
    EXPECT_EQ(scaled.attention, whole.attention);
    EXPECT_EQ(scaled.dQ, whole.dQ);
}

TEST_F(AttentionBackward, RowsWithoutGradientCostNothing) {
    const Layer l{Element::F16, 64, 1, 1, 300, 1.5, 35};
    const auto zeroUntil = [&](int row) {
        return [&l, row](std::vector<double>&, std::vector<double>&, std::vector<double>& dO) {
            std::fill_n(dO.begin(), row * l.headDim, 0.0);
        };
    };
    expectCosts(Inputs(l, {}, zeroUntil(140)), 1e-3);
    const Outputs none = run(Inputs(l, {}, zeroUntil(300)), true, 5, 5);
    for (const auto* values : {&none.cost, &none.costSigned, &none.hist})
        for (const double x : *values) EXPECT_EQ(x, 0);
    EXPECT_NEAR(none.attention[0], 64, 1e-2); // attention needs no loss
}

TEST_F(AttentionBackward, InfluenceInCellsOfAnySize) {
    for (const reference::Mask& mask : {reference::Mask{}, {64, 100}})
        for (const double sharpness : {1.5, 20.0}) {
            const Inputs in({Element::F16, 64, 2, 2, 300, sharpness, 41}, mask);
            const int head = 3;
            const Inputs::Head h(in, head);
            std::vector<double> e(300 * 300);
            for (int i = 0; i < 300; ++i) influenceRow(in, h, i, e.data() + i * 300);
            for (const int block : {1, 4, 16, 64}) {
                const int side = (300 + block - 1) / block;
                DeviceArray<float> cells(std::vector<float>(static_cast<std::size_t>(side * side)));
                InfluenceCellsParams p;
                p.pass = in.params(false), p.head = head, p.block = block, p.cells = cells.data();
                ASSERT_EQ(launchInfluenceCells(p, nullptr), cudaSuccess);
                ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
                std::vector<double> truth(cells.size());
                for (int i = 0; i < 300; ++i)
                    for (int j = 0; j <= i; ++j)
                        truth[static_cast<std::size_t>(i / block * side + j / block)] +=
                            e[static_cast<std::size_t>(i * 300 + j)];
                const auto host = cells.host();
                EXPECT_LT(normalisedError({host.begin(), host.end()}, truth), 2e-3)
                    << "block " << block << ", window " << mask.window << ", sharpness " << sharpness;
            }
        }
}

TEST_F(AttentionBackward, WhatItDoesNotServe) {
    const Inputs in({Element::F16, 64, 1, 1, 100, 1, 51}, {64, 64});
    AttentionBackwardParams p = in.params(true);
    p.headDim = 80;
    EXPECT_EQ(launchAttentionBackward(p, nullptr, nullptr), cudaErrorInvalidValue);
    p = in.params(false);
    const RuleCostParams costs{2, 2, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
    EXPECT_EQ(launchAttentionBackward(p, &costs, nullptr), cudaErrorInvalidValue); // costs under a window
    p = in.params(true);
    const RuleCostParams tooShort{1, 1, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
    EXPECT_EQ(launchAttentionBackward(p, &tooShort, nullptr), cudaErrorInvalidValue);
    InfluenceCellsParams cells;
    cells.pass = p, cells.block = 48;
    EXPECT_EQ(launchInfluenceCells(cells, nullptr), cudaErrorInvalidValue);
}

} // namespace
} // namespace moa::test
