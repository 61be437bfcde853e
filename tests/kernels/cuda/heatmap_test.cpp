// Pooled attention against whole double-precision rows: every kind of cell size, rectangles, masks, means of
// heads.
#include "moa_kernels/cuda/heatmap.h"
#include "tests/kernels/cuda/cuda_fixture.h"

namespace moa::test {
namespace {

using namespace kernels::cuda;

struct Case {
    int tokens = 500, headDim = 64, heads = 1, window = 1 << 30, sink = 64, block = 32;
    int firstQuery = 0, firstKey = 0, rows = 0, cols = 0;
    Element element = Element::F16;
};

class Heatmap : public CudaTest {
protected:
    /// [heads' mean][tokens][tokens] and each head's lse.
    static void reference(const Case& c, const RandomRows& q, const RandomRows& k,
                          std::vector<double>& weights, std::vector<float>& lse) {
        const auto n = static_cast<std::size_t>(c.tokens);
        weights.assign(n * n, 0);
        lse.resize(n * static_cast<std::size_t>(c.heads));
        parallelFor(c.tokens, [&](int i) {
            reference::Mask mask;
            mask.sink = c.sink, mask.window = c.window;
            std::vector<double> scores(static_cast<std::size_t>(i + 1)), row(scores.size());
            for (int h = 0; h < c.heads; ++h) {
                reference::HeadShape shape{c.tokens, c.headDim, 1 / std::sqrt(c.headDim)};
                reference::scoreRow(
                    {q.values.data() + static_cast<std::size_t>(h) * n * c.headDim, k.values.data(), nullptr},
                    shape, i, scores.data());
                lse[static_cast<std::size_t>(h) * n + static_cast<std::size_t>(i)] =
                    static_cast<float>(reference::softmaxRow(scores.data(), i, mask, row.data()));
                for (std::size_t j = 0; j < row.size(); ++j)
                    weights[static_cast<std::size_t>(i) * n + j] += row[j] / c.heads;
            }
        });
    }

    static void check(const Case& c) {
        const auto count = static_cast<std::size_t>(c.tokens * c.headDim);
        const RandomRows q(count * static_cast<std::size_t>(c.heads), c.element, 1, 2),
            k(count, c.element, 2);
        std::vector<double> weights;
        std::vector<float> lse;
        reference(c, q, k, weights, lse);
        DeviceArray<Bits> dq(q.bits), dk(k.bits);
        DeviceArray<float> dlse(lse), mean(static_cast<std::size_t>(c.rows * c.cols)), max(mean.size());
        HeatmapParams p;
        p.q = dq.data(), p.qHeadStride = c.tokens * c.headDim, p.qTokenStride = c.headDim;
        p.k = dk.data(), p.kTokenStride = c.headDim;
        p.lse = dlse.data(), p.lseStride = c.tokens;
        p.heads = c.heads, p.tokens = c.tokens, p.headDim = c.headDim, p.window = c.window, p.sink = c.sink;
        p.scale = 1.f / std::sqrt(static_cast<float>(c.headDim));
        p.block = c.block, p.firstQuery = c.firstQuery, p.firstKey = c.firstKey, p.rows = c.rows,
        p.cols = c.cols;
        p.mean = mean.data(), p.max = max.data(), p.element = c.element;
        ASSERT_EQ(launchHeatmap(p, nullptr), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        const auto seenMean = mean.host(), seenMax = max.host();
        for (int row = 0; row < c.rows; ++row)
            for (int col = 0; col < c.cols; ++col) {
                double sum = 0, most = 0, pairs = 0;
                for (int i = c.firstQuery + row * c.block;
                     i < std::min(c.tokens, c.firstQuery + (row + 1) * c.block); ++i)
                    for (int j = c.firstKey + col * c.block; j <= i && j < c.firstKey + (col + 1) * c.block;
                         ++j) {
                        const double w =
                            weights[static_cast<std::size_t>(i) * static_cast<std::size_t>(c.tokens) +
                                    static_cast<std::size_t>(j)];
                        sum += w, most = std::max(most, w), pairs += 1;
                    }
                const auto at = static_cast<std::size_t>(row * c.cols + col);
                ASSERT_NEAR(seenMean[at], pairs > 0 ? sum / pairs : 0,
                            1e-3 * (pairs > 0 ? sum / pairs : 0) + 1e-6)
                    << "block " << c.block << ", cell " << row << ", " << col;
                ASSERT_NEAR(seenMax[at], most, 1e-3 * most + 1e-6)
                    << "block " << c.block << ", cell " << row << ", " << col;
            }
    }
};

TEST_F(Heatmap, EveryCellSize) {
    for (const int block : {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024}) {
        Case c;
        c.block = block;
        c.rows = c.cols = (c.tokens + block - 1) / block;
        check(c);
        c.window = 100, c.heads = 3, c.headDim = 128;
        check(c);
    }
}

TEST_F(Heatmap, RectanglesThatStartAnywhereAndReachBeyondTheEnd) {
    for (const int block : {1, 4, 16, 32, 64, 128}) {
        Case c;
        c.block = block;
        c.firstQuery = 256, c.firstKey = 128;
        c.rows = 70, c.cols = 9;
        c.headDim = 96, c.sink = 0, c.window = 200, c.element = Element::BF16;
        check(c);
    }
}

TEST_F(Heatmap, RefusesWhatIsNoPowerOfTwo) {
    HeatmapParams p;
    p.tokens = 100, p.headDim = 64, p.rows = p.cols = 1, p.block = 48;
    EXPECT_EQ(launchHeatmap(p, nullptr), cudaErrorInvalidValue);
}

} // namespace
} // namespace moa::test
