// Block sums of attention and influence against whole rows in double, at any block size and under masks.
#include "tests/kernels/backward_fixture.h"

namespace moa::kernels::test {
namespace {

class BlockSums : public PerTarget {};
MOA_EVERY_TARGET(BlockSums);

/// A and E [n][n] under a mask by definition: E_ij is what hiding key j alone does to dO_i·O_i, a key hidden
/// from a row that sees nothing else is −g·A.
struct WholeMatrices {
    Doubles a, e;

    WholeMatrices(const RandomHead& head, const reference::Mask& mask)
        : a(static_cast<std::size_t>(head.n * head.n)), e(a.size()) {
        const auto n = static_cast<std::size_t>(head.n), dim = static_cast<std::size_t>(head.dim);
        Doubles scores(n), weights(n), g(n);
        for (std::size_t i = 0; i < n; ++i) {
            const auto row = static_cast<std::int64_t>(i);
            reference::scoreRow(head.inputs(), head.shape, row, scores.data());
            reference::softmaxRow(scores.data(), row, mask, weights.data());
            std::copy_n(weights.begin(), i + 1, a.begin() + static_cast<std::ptrdiff_t>(i * n));
            for (std::size_t j = 0; j <= i; ++j) {
                g[j] = 0;
                for (std::size_t d = 0; d < dim; ++d) g[j] += head.dO64[i * dim + d] * head.v64[j * dim + d];
            }
            for (std::size_t j = 0; j <= i; ++j)
                if (mask.visible(row, static_cast<std::int64_t>(j)))
                    e[i * n + j] = influence(scores, weights, g, mask, i, j);
        }
    }

    static double influence(const Doubles& scores, const Doubles& weights, const Doubles& g,
                            const reference::Mask& mask, std::size_t i, std::size_t j) {
        const auto others = [&](auto&& visit) {
            for (std::size_t k = 0; k <= i; ++k)
                if (k != j && mask.visible(static_cast<std::int64_t>(i), static_cast<std::int64_t>(k)))
                    visit(k);
        };
        double most = -INFINITY, mass = 0, sum = 0;
        others([&](std::size_t k) { most = std::max(most, scores[k]); });
        others([&](std::size_t k) {
            mass += std::exp(scores[k] - most);
            sum += std::exp(scores[k] - most) * g[k];
        });
        if (mass == 0) return -g[j] * weights[j];
        return weights[j] * (sum / mass - g[j]); // = (Σ_others A g) / (Σ_others A) − Σ A g
    }
};

Doubles pooled(const Doubles& matrix, std::int64_t n, std::int64_t block) {
    const std::int64_t cells = (n + block - 1) / block;
    Doubles out(static_cast<std::size_t>(cells * cells));
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j)
            out[static_cast<std::size_t>(i / block * cells + j / block)] +=
                std::abs(matrix[static_cast<std::size_t>(i * n + j)]);
    return out;
}

/// The kernel's cells of the rows [firstRow, firstRow + rowCount).
Doubles kernelCells(const RandomHead& head, const reference::Mask& mask, bool influence, std::int64_t block,
                    std::int64_t firstRow, std::int64_t rowCount) {
    Guarded<float> out(head.q.size()), lse(static_cast<std::size_t>(head.n));
    head.forward(mask.sink, mask.window, out.data(), lse.data());
    Guarded<double> sums(
        static_cast<std::size_t>((rowCount + block - 1) / block * ((head.n + block - 1) / block)));
    Guarded<float> workspace(blockSumWorkspaceFloats(head.dim));
    BlockSumParams p;
    p.q = head.q.data();
    p.qStride = head.dim;
    p.k = head.k.data();
    if (influence) {
        p.v = head.v.data();
        p.out = out.data();
        p.dOut = head.dO.data();
        p.outStride = head.dim;
    }
    p.lse = lse.data();
    p.n = head.n;
    p.sink = mask.sink;
    p.window = mask.window;
    p.headDim = head.dim;
    p.scale = head.scale();
    p.block = block;
    p.firstRow = firstRow;
    p.rowCount = rowCount;
    p.sums = sums.data();
    p.workspace = workspace.data();
    attentionBlockSums(p);
    return {sums.values().begin(), sums.values().end()};
}

void expectSums(const RandomHead& head, const reference::Mask& mask, std::span<const std::int64_t> blocks,
                double tolerance) {
    const WholeMatrices whole(head, mask);
    for (const std::int64_t block : blocks) {
        SCOPED_TRACE("n " + std::to_string(head.n) + " sink " + std::to_string(mask.sink) + " window " +
                     std::to_string(mask.window) + " block " + std::to_string(block));
        const Doubles a = kernelCells(head, mask, false, block, 0, head.n);
        EXPECT_LT(normalisedError(a, pooled(whole.a, head.n, block)), tolerance);
        double total = 0;
        for (const double x : a) total += x;
        EXPECT_NEAR(total, static_cast<double>(head.n), tolerance * static_cast<double>(head.n));
        EXPECT_LT(
            normalisedError(kernelCells(head, mask, true, block, 0, head.n), pooled(whole.e, head.n, block)),
            tolerance);
    }
}

constexpr std::int64_t kBlocks[] = {1, 3, 63, 64, 65, 100, 128, 1000};
const reference::Mask kMasks[] = {{0, kEverything}, {64, 64}, {0, 100}, {0, 1}, {5, 37}, {256, 64}};

TEST_P(BlockSums, EqualTheWholeMatrices) {
    for (const std::int64_t n : {1, 63, 65, 131})
        for (const reference::Mask& mask : kMasks)
            expectSums(RandomHead(n, 48, 1.5, 400 + static_cast<unsigned>(n)), mask, kBlocks, 2e-5);
}

TEST_P(BlockSums, SureRowsAndRowsThatAreAllOneKey) {
    for (const double sharpness : {20.0, 400.0})
        for (const reference::Mask& mask : {kMasks[0], kMasks[2]})
            expectSums(RandomHead(131, 16, sharpness, 41), mask, std::span(kBlocks).first(4), 5e-4);
}

TEST_P(BlockSums, AnyCutOfTheRowsGivesTheSameCells) {
    const RandomHead head(230, 16, 1.5, 42);
    for (const bool influence : {false, true})
        for (const std::int64_t block : {1, 50, 64}) {
            const Doubles all = kernelCells(head, {64, 64}, influence, block, 0, head.n);
            Doubles pieces;
            for (std::int64_t row = 0; row < head.n; row += 2 * block) {
                const Doubles part =
                    kernelCells(head, {64, 64}, influence, block, row, std::min(2 * block, head.n - row));
                pieces.insert(pieces.end(), part.begin(), part.end());
            }
            EXPECT_LT(normalisedError(pieces, all), 1e-6);
        }
}

TEST_P(BlockSums, RowsWithoutGradientHaveNoInfluence) {
    RandomHead head(200, 16, 1.5, 43);
    std::fill(head.dO.begin(), head.dO.begin() + 190 * head.dim, 0.0f);
    head.widenAll();
    const Doubles cells = kernelCells(head, {}, true, 1, 0, head.n);
    EXPECT_TRUE(std::all_of(cells.begin(), cells.begin() + 190 * 200, [](double x) { return x == 0; }));
    EXPECT_LT(normalisedError(cells, pooled(WholeMatrices(head, {}).e, 200, 1)), 2e-5);
}

} // namespace
} // namespace moa::kernels::test
