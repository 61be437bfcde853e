// Statistics and thumbnails of captured heads against whole rows in double.
#include "engine/capture/head_statistics.h"
#include "engine/core/error.h"
#include "tests/capture/capture_fixture.h"

#include <set>

namespace moa::test {
namespace {

double worstDifference(std::span<const double> ours, std::span<const double> truth) {
    EXPECT_EQ(ours.size(), truth.size());
    double worst = 0;
    for (std::size_t i = 0; i < std::min(ours.size(), truth.size()); ++i)
        worst = std::max(worst, std::abs(ours[i] - truth[i]));
    return worst;
}

void expectThumbnail(const HeadStatistics& s, const std::vector<double>& attention) {
    const reference::PooledCells truth =
        reference::poolCells(attention, s.tokens, s.thumbnailBlock, s.rowStep);
    ASSERT_LE(truth.cells, TileKey::kCells);
    EXPECT_TRUE(s.thumbnailBlock == 1 || 2 * truth.cells > TileKey::kCells) << "as fine as fits";
    EXPECT_EQ(s.thumbnail.rows, truth.cells);
    EXPECT_EQ(s.thumbnail.cols, truth.cells);
    for (std::int64_t r = 0; r < truth.cells; ++r)
        for (std::int64_t c = 0; c < truth.cells; ++c) {
            const auto at = static_cast<std::size_t>(r * TileKey::kCells + c);
            const auto cell = static_cast<std::size_t>(r * truth.cells + c);
            EXPECT_NEAR(static_cast<double>(s.thumbnail.mean[at]), truth.mean[cell], 1e-5) << r << ", " << c;
            EXPECT_NEAR(static_cast<double>(s.thumbnail.max[at]), truth.max[cell], 1e-5) << r << ", " << c;
        }
}

void expectStatistics(const CapturedLayer& layer, HeadIndex head, std::int64_t rowStep) {
    SCOPED_TRACE("n " + std::to_string(layer.n) + " head " + std::to_string(head.value) + " step " +
                 std::to_string(rowStep));
    TileWorkspace workspace;
    const HeadStatistics s = computeHeadStatistics(layer, head, workspace, rowStep).value();
    const std::vector<double> attention =
        wholeAttention(layer, head.value / layer.shape.groupSize(), head.value);
    const reference::RowMeans truth = reference::rowMeans(attention, layer.n, rowStep);
    EXPECT_EQ(s.tokens, layer.n);
    EXPECT_EQ(s.rowStep, rowStep);
    EXPECT_EQ(s.rows, (layer.n + rowStep - 1) / rowStep);
    EXPECT_NEAR(s.entropy, truth.entropy, 2e-5 * std::max(1.0, truth.entropy));
    EXPECT_NEAR(s.meanDistance, truth.distance, 2e-5 * std::max(1.0, truth.distance));
    EXPECT_NEAR(s.sinkMass, truth.massOnSink[1], 1e-5);
    EXPECT_LT(worstDifference(s.massOnSink, truth.massOnSink), 1e-5);
    EXPECT_LT(worstDifference(s.massAtDistance, truth.massAtDistance), 1e-5);
    for (std::int64_t k = 0; k <= kMaxSinkBlocks; ++k) {
        EXPECT_NEAR(s.massKept(k * kBlock, s.buckets() * kBlock), 1, 1e-5) << "everything, sink " << k;
        for (std::int64_t b = 0; b <= s.buckets(); b += 1 + s.buckets() / 16) {
            double kept = 0; // by the mask itself
            for (std::int64_t i = 0; i < layer.n; i += rowStep)
                for (std::int64_t j = 0; j <= i; ++j)
                    if (j < k * kBlock || i - j < b * kBlock)
                        kept += attention[static_cast<std::size_t>(i * layer.n + j)];
            EXPECT_NEAR(s.massKept(k * kBlock, b * kBlock), kept / static_cast<double>(s.rows), 1e-5);
        }
    }
    expectThumbnail(s, attention);
}

TEST(HeadStatistics, EqualThoseOfWholeRows) {
    for (const std::int64_t n : {1, 63, 64, 65, 130})
        for (const int dim : {24, 64}) expectStatistics(trueLayer({4, 2, dim}, n, 80), HeadIndex(3), 1);
    expectStatistics(trueLayer({2, 2, 32}, 1000, 81), HeadIndex(1), 1);
    expectStatistics(trueLayer({2, 1, 24}, 400, 82, {64, 64}), HeadIndex(0), 1);
}

TEST(HeadStatistics, LongTextsAreSampledInRows) {
    const CapturedLayer layer = trueLayer({1, 1, 24}, 4100, 83); // thumbnail of 128 × 128 cells
    expectStatistics(layer, HeadIndex(0), 2);
    EXPECT_EQ(defaultRowStep(8192), 1);
    EXPECT_EQ(defaultRowStep(8193), 2);
    EXPECT_EQ(defaultRowStep(131072), 16);
}

TEST(HeadStatistics, LookupsAndHeadsThatMakeNoSenseAreRefused) {
    const CapturedLayer layer = trueLayer({4, 2, 24}, 130, 84);
    TileWorkspace workspace;
    const HeadStatistics s = computeHeadStatistics(layer, HeadIndex(0), workspace).value();
    for (const auto& [sink, window] : {std::pair{320, 64}, {-64, 64}, {10, 64}, {64, 100}, {64, -64}})
        EXPECT_THROW(s.massKept(sink, window), UsageError);
    EXPECT_NO_THROW(s.massKept(256, WindowMap::kFullWindow));
    for (const int head : {-1, 4})
        EXPECT_THROW(computeHeadStatistics(layer, HeadIndex(head), workspace), UsageError);
    for (const int step : {-1, 2, 3})
        EXPECT_THROW(computeHeadStatistics(layer, HeadIndex(0), workspace, step), UsageError);
}

TEST(HeadStatistics, HeadsOfALayerArriveOnceEachUntilTheStop) {
    const CapturedLayer layer = trueLayer({8, 2, 24}, 200, 85);
    std::vector<HeadIndex> heads;
    for (int h = 7; h >= 0; --h) heads.push_back(HeadIndex(h));
    std::set<HeadIndex> seen;
    const StatisticsReady onHead = [&](HeadIndex head, const std::shared_ptr<const HeadStatistics>& s) {
        EXPECT_EQ(s->head, head);
        EXPECT_EQ(s->layer, layer.layer);
        seen.insert(head);
    };
    EXPECT_EQ(computeHeadStatistics(layer, heads, 2, 0, {}, onHead), Completion::Done);
    EXPECT_EQ(seen.size(), 8u);
    std::stop_source stop;
    int delivered = 0;
    const StatisticsReady stopping = [&](HeadIndex head, const auto&) {
        EXPECT_EQ(head, HeadIndex(7)) << "in the order given";
        ++delivered;
        stop.request_stop();
    };
    EXPECT_EQ(computeHeadStatistics(layer, heads, 1, 0, stop.get_token(), stopping), Completion::Cancelled);
    EXPECT_EQ(delivered, 1);
}

} // namespace
} // namespace moa::test
