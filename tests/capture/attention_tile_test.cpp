// Tiles, rows and single weights of captured layers against whole attention matrices in double.
#include "engine/capture/attention_tile.h"
#include "engine/core/error.h"
#include "tests/capture/capture_fixture.h"

#include <atomic>
#include <set>
#include <thread>
#include <unordered_set>

namespace moa::test {
namespace {

constexpr int kBlocks[] = {1, 4, 16, 64, 256, 4096};

/// Every tile of one head, at one resolution.
std::vector<TileKey> allTiles(const CapturedLayer& layer, int kvHead, int queryHead, int block) {
    TileKey key{layer.layer.value, kvHead, queryHead, block, 0, 0};
    const auto tiles = static_cast<int>((layer.n + key.tokens() - 1) / key.tokens());
    std::vector<TileKey> keys;
    for (key.row = 0; key.row < tiles; ++key.row)
        for (key.col = 0; key.col < tiles; ++key.col) keys.push_back(key);
    return keys;
}

void expectTile(const CapturedLayer& layer, const TileKey& key, const reference::PooledCells& truth) {
    SCOPED_TRACE("block " + std::to_string(key.block) + " tile " + std::to_string(key.row) + ", " +
                 std::to_string(key.col));
    TileWorkspace workspace;
    const AttentionTile tile = computeTile(layer, key, workspace).value();
    EXPECT_EQ(tile.rows, std::min<std::int64_t>(64, truth.cells - 64 * key.row));
    EXPECT_EQ(tile.cols, std::min<std::int64_t>(64, truth.cells - 64 * key.col));
    EXPECT_EQ(tile.blank(), key.col > key.row);
    if (tile.blank()) return;
    ASSERT_EQ(tile.mean.size(), 4096u);
    ASSERT_EQ(tile.max.size(), 4096u);
    double worst = 0;
    for (std::int64_t r = 0; r < 64; ++r)
        for (std::int64_t c = 0; c < 64; ++c) {
            const auto at = static_cast<std::size_t>(r * 64 + c);
            const std::int64_t row = 64 * key.row + r, col = 64 * key.col + c;
            const bool inside = row < truth.cells && col < truth.cells;
            const auto cell = static_cast<std::size_t>(row * truth.cells + col);
            worst = std::max({worst,
                              std::abs(static_cast<double>(tile.mean[at]) - (inside ? truth.mean[cell] : 0)),
                              std::abs(static_cast<double>(tile.max[at]) - (inside ? truth.max[cell] : 0))});
        }
    EXPECT_LT(worst, 1e-5);
}

void expectAllTiles(const CapturedLayer& layer) {
    SCOPED_TRACE("n " + std::to_string(layer.n) + " heads " + std::to_string(layer.shape.heads) + " dim " +
                 std::to_string(layer.shape.headDim));
    const int group = layer.shape.groupSize(), kvHead = layer.shape.kvHeads - 1;
    for (const int head : {-1, kvHead * group + group - 1}) {
        const std::vector<double> attention = wholeAttention(layer, kvHead, head);
        for (const int block : kBlocks) {
            const reference::PooledCells truth = reference::poolCells(attention, layer.n, block);
            for (const TileKey& key : allTiles(layer, kvHead, head, block)) expectTile(layer, key, truth);
        }
    }
}

TEST(AttentionTile, EqualsSoftmaxAtEveryResolution) {
    for (const std::int64_t n : {1, 63, 64, 65, 130})
        for (const int group : {1, 2, 4})
            for (const int dim : {24, 32, 64}) expectAllTiles(trueLayer({2 * group, 2, dim}, n, 70));
    expectAllTiles(trueLayer({4, 2, 32}, 1000, 71));
}

TEST(AttentionTile, ShowsTheMaskThatTheModelRanUnder) {
    expectAllTiles(trueLayer({4, 2, 24}, 300, 72, {64, 64}));
    expectAllTiles(trueLayer({2, 1, 24}, 300, 73, {0, 100}));
}

TEST(AttentionTile, KeysOutsideTheLayerAreRefused) {
    const CapturedLayer layer = trueLayer({4, 2, 24}, 130, 74);
    TileWorkspace workspace;
    const auto refused = [&](const TileKey& key) {
        EXPECT_THROW(computeTile(layer, key, workspace), UsageError);
    };
    refused({1, 0, 0, 1, 0, 0});
    refused({0, 2, -1, 1, 0, 0});
    refused({0, -1, -1, 1, 0, 0});
    refused({0, 0, 2, 1, 0, 0});
    refused({0, 0, -2, 1, 0, 0});
    refused({0, 0, 0, 0, 0, 0});
    refused({0, 0, 0, 3, 0, 0});
    refused({0, 0, 0, 8192, 0, 0});
    refused({0, 0, 0, 1, 3, 0});
    refused({0, 0, 0, 1, 0, -1});
    refused({0, 0, 0, 4, 1, 0});
    const TileKey keys[] = {{0, 0, 0, 1, 0, 0}, {0, 0, 0, 1, 3, 0}};
    EXPECT_THROW(computeTiles(layer, keys, 2, {}, [](const TileKey&, const auto&) { FAIL(); }), UsageError);
}

TEST(AttentionTile, SharedWorkGivesTheSameTilesOnceEach) {
    const CapturedLayer layer = trueLayer({4, 2, 32}, 700, 75);
    const std::vector<TileKey> keys = allTiles(layer, 1, -1, 1);
    std::set<TileKey> seen;
    std::atomic<int> inside{0};
    const TileReady onTile = [&](const TileKey& key, const std::shared_ptr<const AttentionTile>& tile) {
        EXPECT_EQ(++inside, 1);
        EXPECT_TRUE(seen.insert(key).second);
        TileWorkspace workspace;
        EXPECT_EQ(tile->mean, computeTile(layer, key, workspace)->mean);
        --inside;
    };
    EXPECT_EQ(computeTiles(layer, keys, 3, {}, onTile), Completion::Done);
    EXPECT_EQ(seen.size(), keys.size());
}

TEST(AttentionTile, StopEndsTheWork) {
    const CapturedLayer layer = trueLayer({2, 1, 32}, 500, 76);
    std::stop_source stop;
    const std::vector<TileKey> keys = allTiles(layer, 0, 0, 1);
    int delivered = 0;
    const TileReady onTile = [&](const TileKey&, const auto&) {
        ++delivered;
        stop.request_stop();
    };
    EXPECT_EQ(computeTiles(layer, keys, 2, stop.get_token(), onTile), Completion::Cancelled);
    EXPECT_LE(delivered, 2);
    TileWorkspace workspace;
    EXPECT_FALSE(computeTile(layer, keys[0], workspace, stop.get_token()));
}

TEST(AttentionTile, AnErrorOfTheReceiverEndsTheWork) {
    const CapturedLayer layer = trueLayer({2, 1, 32}, 500, 77);
    const TileReady fails = [](const TileKey&, const auto&) { throw Error("no room"); };
    EXPECT_THROW(computeTiles(layer, allTiles(layer, 0, 0, 1), 2, {}, fails), Error);
}

TEST(AttentionTile, CoarserTileCoversThisOne) {
    const TileKey key{3, 1, 2, 4, 13, 6};
    EXPECT_EQ(key.at(16), (TileKey{3, 1, 2, 16, 3, 1}));
    EXPECT_LE(key.at(64).firstQuery(), key.firstQuery());
    EXPECT_GE(key.at(64).firstKey() + key.at(64).tokens(), key.firstKey() + key.tokens());
    std::unordered_set<std::size_t> hashes;
    for (int row = 0; row < 40; ++row)
        for (int col = 0; col < 40; ++col) hashes.insert(std::hash<TileKey>()({0, 0, -1, 1, row, col}));
    EXPECT_EQ(hashes.size(), 1600u);
}

TEST(AttentionRows, EqualSoftmax) {
    const CapturedLayer layer = trueLayer({4, 2, 32}, 257, 78, {64, 100}, 6);
    for (const int head : {-1, 2, 3}) {
        const std::vector<double> truth = wholeAttention(layer, 1, head);
        for (const std::int64_t query : {0, 63, 100, 256}) {
            const double* row = truth.data() + query * layer.n;
            const std::vector<float> weights = attentionRow(layer, KvHeadIndex(1), head, query);
            ASSERT_EQ(weights.size(), static_cast<std::size_t>(query + 1));
            double worst = 0;
            for (std::int64_t j = 0; j <= query; ++j)
                worst = std::max(
                    worst, std::abs(static_cast<double>(weights[static_cast<std::size_t>(j)]) - row[j]));
            EXPECT_LT(worst, 1e-6);
            EXPECT_NEAR(attentionAt(layer, KvHeadIndex(1), head, query, query), row[query], 1e-6);
            EXPECT_EQ(attentionAt(layer, KvHeadIndex(1), head, query, query + 1), 0);
            EXPECT_NEAR(rangeMass(layer, KvHeadIndex(1), head, query, 0, layer.n), 1, 1e-5);
            double middle = 0;
            for (std::int64_t j = 10; j < std::min<std::int64_t>(90, query + 1); ++j) middle += row[j];
            EXPECT_NEAR(rangeMass(layer, KvHeadIndex(1), head, query, 10, 90), middle, 1e-5);
        }
    }
    EXPECT_EQ(attentionAt(layer, KvHeadIndex(1), 2, 256, 100), 0) << "hidden by the window";
    EXPECT_EQ(rangeMass(layer, KvHeadIndex(1), 2, 256, 90, 90), 0);
    EXPECT_THROW(attentionRow(layer, KvHeadIndex(1), 2, 257), UsageError);
    EXPECT_THROW(attentionRow(layer, KvHeadIndex(1), 0, 5), UsageError);
    EXPECT_THROW(attentionAt(layer, KvHeadIndex(2), -1, 5, 5), UsageError);
    EXPECT_THROW(rangeMass(layer, KvHeadIndex(0), -1, -1, 0, 5), UsageError);
}

} // namespace
} // namespace moa::test
