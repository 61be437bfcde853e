// Pooled tiles and row statistics against whole matrices in double, on every SIMD target: odd lengths and
// head sizes, groups, masks, resolutions and row steps.
#include "kernels/reference/reference_tiles.h"
#include "moa_kernels/attention_tile.h"
#include "tests/kernels/kernel_fixture.h"

namespace moa::kernels::test {
namespace {

class AttentionTiles : public PerTarget {};
MOA_EVERY_TARGET(AttentionTiles);

/// Query heads that share one KV head, under a mask, with the reference's log-sum-exp. Rows of queries are
/// [heads][dim], rows of keys lie among others', as in a captured layer.
struct RandomGroup {
    std::int64_t n;
    int dim, heads;
    reference::Mask mask;
    std::int64_t kStride;
    Floats q, k, lse;
    std::vector<Doubles> attention; ///< per head [n][n]

    RandomGroup(std::int64_t rows, int headDim, int headCount, reference::Mask m, double sharpness,
                unsigned seed)
        : n(rows), dim(headDim), heads(headCount), mask(m), kStride(2 * headDim + 3),
          q(randomFloats(rows * headCount * headDim, seed, sharpness)),
          k(randomFloats(rows * kStride, seed + 1)) {
        const reference::HeadShape shape{n, dim, static_cast<double>(scale())};
        Doubles keys;
        for (std::int64_t j = 0; j < n; ++j)
            for (int d = 0; d < dim; ++d)
                keys.push_back(static_cast<double>(k[static_cast<std::size_t>(j * kStride + d)]));
        Doubles scores(static_cast<std::size_t>(n)), weights(scores);
        for (int h = 0; h < heads; ++h) {
            Doubles queries;
            for (std::int64_t i = 0; i < n; ++i)
                for (int d = 0; d < dim; ++d)
                    queries.push_back(
                        static_cast<double>(q[static_cast<std::size_t>((i * heads + h) * dim + d)]));
            const reference::HeadInputs in{queries.data(), keys.data(), nullptr};
            attention.push_back(reference::wholeAttention(in, shape, mask));
            for (std::int64_t i = 0; i < n; ++i) {
                reference::scoreRow(in, shape, i, scores.data());
                lse.push_back(
                    static_cast<float>(reference::softmaxRow(scores.data(), i, mask, weights.data())));
            }
        }
    }

    float scale() const { return 1.0f / std::sqrt(static_cast<float>(dim)); }

    Doubles meanAttention() const {
        Doubles mean(attention[0].size());
        for (const Doubles& a : attention)
            for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += a[i] / heads;
        return mean;
    }

    AttentionRows rows(float* workspace) const {
        AttentionRows rows;
        rows.q = q.data();
        rows.qStride = std::int64_t(heads) * dim;
        rows.lse = lse.data();
        rows.lseStride = n;
        rows.heads = heads;
        rows.k = k.data();
        rows.kStride = kStride;
        rows.n = n;
        rows.headDim = dim;
        rows.scale = scale();
        rows.sink = mask.sink;
        rows.window = mask.window;
        rows.workspace = workspace;
        return rows;
    }
};

/// The whole head in cells, run by run, as sums and maxima.
struct KernelCells {
    std::int64_t cells;
    Guarded<float> sum, max;

    KernelCells(const RandomGroup& group, std::int64_t block)
        : cells((group.n + block - 1) / block), sum(static_cast<std::size_t>(cells * cells)),
          max(sum.size()) {
        Guarded<float> workspace(attentionTileWorkspaceFloats(group.heads, group.dim));
        AttentionRows rows = group.rows(workspace.data());
        TileCells to{block, 0, static_cast<int>(cells), nullptr, nullptr, cells};
        for (rows.firstRow = 0; rows.firstRow < group.n; rows.firstRow += kTile) {
            rows.rows = static_cast<int>(std::min<std::int64_t>(kTile, group.n - rows.firstRow));
            to.sum = sum.data() + rows.firstRow / block * cells;
            to.max = max.data() + rows.firstRow / block * cells;
            attentionTileRows(rows, to);
        }
    }
};

double worstDifference(std::span<const float> ours, std::span<const double> truth) {
    EXPECT_EQ(ours.size(), truth.size());
    double worst = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const double difference = std::abs(static_cast<double>(ours[i]) - truth[i]);
        worst = std::isnan(ours[i]) ? INFINITY : std::max(worst, difference);
    }
    return worst;
}

void expectCells(const RandomGroup& group, std::int64_t block, double tolerance) {
    SCOPED_TRACE("n " + std::to_string(group.n) + " dim " + std::to_string(group.dim) + " heads " +
                 std::to_string(group.heads) + " window " + std::to_string(group.mask.window) + " block " +
                 std::to_string(block));
    const KernelCells ours(group, block);
    const reference::PooledCells truth = reference::poolCells(group.meanAttention(), group.n, block);
    EXPECT_LT(worstDifference(ours.max.values(), truth.max), tolerance);
    Floats means(ours.sum.values().begin(), ours.sum.values().end());
    for (std::int64_t r = 0; r < truth.cells; ++r)
        for (std::int64_t c = 0; c <= r; ++c) {
            const std::int64_t height = std::min(block, group.n - r * block);
            means[static_cast<std::size_t>(r * truth.cells + c)] /=
                static_cast<float>(c == r ? height * (height + 1) / 2 : height * block);
        }
    EXPECT_LT(worstDifference(means, truth.mean), tolerance);
}

constexpr std::int64_t kBlocks[] = {1, 2, 4, 16, 64, 256, 1024};
const reference::Mask kMasks[] = {{0, kEverything}, {64, 64}, {0, 100}, {5, 37}};

TEST_P(AttentionTiles, EqualPooledSoftmaxAtEveryResolution) {
    for (const std::int64_t n : {1, 63, 64, 65, 130})
        for (const int dim : {24, 64})
            for (const int heads : {1, 2, 4})
                for (const reference::Mask& mask : kMasks) {
                    const RandomGroup group(n, dim, heads, mask, 1.5, 500 + static_cast<unsigned>(n));
                    for (const std::int64_t block : kBlocks) expectCells(group, block, 1e-5);
                }
}

TEST_P(AttentionTiles, EqualPooledSoftmaxOfLongerText) {
    for (const int heads : {1, 2}) {
        const RandomGroup group(1000, 32, heads, {64, 256}, 2, 510);
        for (const std::int64_t block : kBlocks) expectCells(group, block, 1e-5);
    }
}

TEST_P(AttentionTiles, SureRowsKeepTheirWeights) {
    const RandomGroup group(200, 32, 1, {0, kEverything}, 30, 511);
    for (const std::int64_t block : kBlocks) expectCells(group, block, 1e-4);
}

TEST_P(AttentionTiles, ColumnsBeforeTheTileAndPastItAreLeftOut) {
    const RandomGroup group(400, 32, 2, {}, 1.5, 512);
    const reference::PooledCells truth = reference::poolCells(group.meanAttention(), group.n, 16);
    Guarded<float> workspace(attentionTileWorkspaceFloats(group.heads, group.dim)), sum(4 * 5), max(4 * 5);
    AttentionRows rows = group.rows(workspace.data());
    rows.firstRow = 320;
    rows.rows = 64;
    attentionTileRows(rows, {16, 128, 5, sum.data(), max.data(), 5});
    for (int r = 0; r < 4; ++r)
        for (int c = 0; c < 5; ++c) {
            const auto cell = static_cast<std::size_t>((20 + r) * truth.cells + 8 + c);
            EXPECT_NEAR(static_cast<double>(sum.values()[static_cast<std::size_t>(r * 5 + c)]) / 256,
                        truth.mean[cell], 1e-5);
            EXPECT_NEAR(static_cast<double>(max.values()[static_cast<std::size_t>(r * 5 + c)]),
                        truth.max[cell], 1e-5);
        }
}

void expectStatistics(const RandomGroup& group, std::int64_t rowStep) {
    SCOPED_TRACE("n " + std::to_string(group.n) + " dim " + std::to_string(group.dim) + " window " +
                 std::to_string(group.mask.window) + " step " + std::to_string(rowStep));
    const std::int64_t tiles = (group.n + kTile - 1) / kTile;
    Guarded<double> mass(static_cast<std::size_t>(kSinkChoices * tiles)),
        tileSum(static_cast<std::size_t>(tiles));
    Guarded<float> tileMax(tileSum.size()), workspace(attentionTileWorkspaceFloats(1, group.dim));
    RowStatistics ours{0, 0, mass.data(), tileSum.data(), tileMax.data()};
    AttentionRows rows = group.rows(workspace.data());
    rows.rowStep = rowStep;
    const std::int64_t count = (group.n + rowStep - 1) / rowStep;
    for (rows.firstRow = 0; rows.firstRow < group.n; rows.firstRow += kTile * rowStep) {
        rows.rows = static_cast<int>(std::min<std::int64_t>(kTile, count - rows.firstRow / rowStep));
        attentionRowStatistics(rows, ours);
    }
    const reference::RowMeans truth = reference::rowMeans(group.attention[0], group.n, rowStep);
    const auto means = static_cast<double>(count);
    EXPECT_NEAR(ours.entropy / means, truth.entropy, 2e-5 * std::max(1.0, truth.entropy));
    EXPECT_NEAR(ours.distance / means, truth.distance, 2e-5 * std::max(1.0, truth.distance));
    const auto t = static_cast<std::size_t>(tiles);
    for (std::size_t k = 0; k < kSinkChoices; ++k)
        for (std::size_t b = 0; b < t; ++b) {
            double beyond = 0; // the kernel's parts are of one key tile each
            for (std::size_t part = k; part < kSinkChoices; ++part) beyond += mass.values()[part * t + b];
            EXPECT_NEAR(beyond / means, truth.massAtDistance[k * t + b], 1e-5);
        }
    for (std::size_t k = 0; k < t && k + 1 < kSinkChoices; ++k)
        EXPECT_NEAR(tileSum.values()[k] / means, truth.massOnSink[k + 1] - truth.massOnSink[k], 1e-5);
    for (std::size_t b = 0; b < t; ++b) {
        double largest = 0;
        for (std::int64_t i = 0; i < group.n; i += rowStep)
            for (std::int64_t j = std::int64_t(b) * kTile;
                 j < std::min<std::int64_t>((std::int64_t(b) + 1) * kTile, i + 1); ++j)
                largest = std::max(largest, group.attention[0][static_cast<std::size_t>(i * group.n + j)]);
        EXPECT_NEAR(static_cast<double>(tileMax.values()[b]), largest, 1e-5);
    }
}

TEST_P(AttentionTiles, StatisticsEqualThoseOfWholeRows) {
    for (const std::int64_t n : {1, 63, 64, 65, 130, 500})
        for (const int dim : {24, 64})
            for (const reference::Mask& mask : kMasks)
                for (const std::int64_t rowStep : {1, 2, 8})
                    expectStatistics(RandomGroup(n, dim, 1, mask, 1.5, 600 + static_cast<unsigned>(n)),
                                     rowStep);
}

} // namespace
} // namespace moa::kernels::test
