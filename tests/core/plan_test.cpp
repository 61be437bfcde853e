// The worked examples of docs/method.md, and the edges of cache geometry.
#include "engine/core/plan.h"

#include <gtest/gtest.h>

namespace moa {
namespace {

TEST(PlanGeometry, WorkedExamples) {
    EXPECT_EQ(cacheOf({0, 0.5}, 300, 64), 192);   // S = 150
    EXPECT_EQ(cacheOf({0, 0.125}, 300, 64), 128); // S = 37, one sink block and one window block at least
    EXPECT_EQ(cacheOf({0, 1}, 300, 64), 320);
    EXPECT_EQ(denseCache(300, 64), 320);
}

TEST(PlanGeometry, CacheNeverExceedsDenseNorFallsBelowOneWindowBlock) {
    for (int sink = 0; sink <= 256; sink += 64)
        for (std::int64_t n : {1, 63, 64, 65, 127, 128, 129, 1000, 4096})
            for (double beta : {-1.0, 0.0, 0.3, 1.0, 2.0})
                for (double alpha : {-5000.0, 0.0, 1.0, 777.0, 1e9}) {
                    const auto c = cacheOf({alpha, beta}, n, sink);
                    EXPECT_EQ(c % kBlock, 0);
                    EXPECT_GE(c, sink + kBlock);
                    EXPECT_LE(c, denseCache(n, sink));
                }
}

TEST(PlanGeometry, SpanFloorSurvivesBinaryRounding) {
    EXPECT_EQ(spanOf({0.1 + 0.2, 0.7}, 1), 1); // 0.30000000000000004 + 0.7
    EXPECT_EQ(spanOf({-1.5, 0}, 10), -2);
    EXPECT_EQ(spanOf({0, 0.3}, 10), 3); // 2.9999999999999996 in binary
}

TEST(PlanGeometry, KvHeadTakesTheLargestOfItsQueryHeads) {
    SparsePlan plan = uniformPlan(1, 4, 2, {128, 0});
    plan.rule(LayerIndex(0), HeadIndex(1)) = {512, 0};
    EXPECT_EQ(plan.cache(LayerIndex(0), KvHeadIndex(0), 1024), 512);
    EXPECT_EQ(plan.cache(LayerIndex(0), KvHeadIndex(1), 1024), 128);
    EXPECT_DOUBLE_EQ(plan.density(1024), (512.0 + 128.0) / 2048.0);
    EXPECT_EQ(plan.kvBytes(1024, 64, 2), (512 + 128) * 2 * 64 * 2);
    EXPECT_EQ(windowsAt(plan, 1024).window(LayerIndex(0), KvHeadIndex(0)), 448);
    EXPECT_DOUBLE_EQ(plan.meanSpan(256), (256.0 + 128.0) / 2);
}

} // namespace
} // namespace moa
