// The tile cache: what it keeps, what it drops first, and what it answers in place of what it lacks.
#include "engine/capture/tile_cache.h"

#include <gtest/gtest.h>

#include <thread>

namespace moa {
namespace {

std::shared_ptr<const AttentionTile> tileOf(float value) {
    AttentionTile tile;
    tile.mean.assign(4096, value);
    tile.max = tile.mean;
    return std::make_shared<const AttentionTile>(std::move(tile));
}

TileKey at(int row, int block = 1) {
    return {0, 0, -1, block, row, 0};
}

constexpr std::uint64_t kTileBytes = 33u << 10; ///< a little more than a tile's 2 × 4,096 floats

TEST(TileCache, KeepsTilesByGenerationAndKey) {
    TileCache cache;
    EXPECT_EQ(cache.get(1, at(0)), nullptr);
    const auto tile = tileOf(0.5f);
    cache.put(1, at(0), tile);
    EXPECT_EQ(cache.get(1, at(0)), tile);
    EXPECT_EQ(cache.get(2, at(0)), nullptr);
    EXPECT_EQ(cache.get(1, at(1)), nullptr);
    EXPECT_GE(cache.bytes(), tile->bytes());
    EXPECT_LE(cache.bytes(), kTileBytes);
    const auto better = tileOf(0.25f);
    cache.put(1, at(0), better);
    EXPECT_EQ(cache.get(1, at(0)), better);
    EXPECT_EQ(cache.size(), 1u);
    cache.clear();
    EXPECT_EQ(cache.bytes(), 0u);
    EXPECT_EQ(cache.get(1, at(0)), nullptr);
}

TEST(TileCache, DropsWhatWasUsedLongestAgo) {
    TileCache cache(3 * kTileBytes);
    for (int row = 0; row < 3; ++row) cache.put(1, at(row), tileOf(1));
    cache.get(1, at(0));
    cache.put(1, at(3), tileOf(1));
    EXPECT_NE(cache.get(1, at(0)), nullptr);
    EXPECT_EQ(cache.get(1, at(1)), nullptr);
    EXPECT_LE(cache.bytes(), cache.limit());
    cache.setLimit(kTileBytes);
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_NE(cache.get(1, at(0)), nullptr) << "used last";
    cache.setLimit(100);
    EXPECT_EQ(cache.bytes(), 0u);
    cache.put(1, at(0), tileOf(1));
    EXPECT_EQ(cache.size(), 0u) << "larger than the limit";
}

TEST(TileCache, AnswersWithTheFinestCoarserTile) {
    TileCache cache;
    EXPECT_EQ(cache.coarser(1, at(9)).second, nullptr);
    const auto far = tileOf(1), near = tileOf(2);
    cache.put(1, at(0, 256), far);
    cache.put(1, at(9), tileOf(3));
    EXPECT_EQ(cache.coarser(1, at(9)), (std::pair{at(0, 256), far}));
    cache.put(1, at(2, 4), near);
    cache.put(1, at(1, 4), tileOf(4)); // of other tokens
    EXPECT_EQ(cache.coarser(1, at(9)), (std::pair{at(2, 4), near}));
    EXPECT_EQ(cache.coarser(2, at(9)).second, nullptr);
}

TEST(TileCache, ServesThreads) {
    TileCache cache(20 * kTileBytes);
    const auto work = [&cache](int from) {
        for (int i = 0; i < 500; ++i) {
            const int row = (i * 7 + from) % 60;
            if (const auto tile = cache.get(1, at(row)))
                EXPECT_EQ(tile->mean[0], static_cast<float>(row));
            else
                cache.put(1, at(row), tileOf(static_cast<float>(row)));
        }
    };
    { std::jthread a(work, 0), b(work, 30), c(work, 45); }
    EXPECT_LE(cache.bytes(), cache.limit());
}

} // namespace
} // namespace moa
