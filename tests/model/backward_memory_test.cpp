// What a backward pass decides to keep, on the shapes of known models.
#include "engine/model/backward_memory.h"

#include <gtest/gtest.h>

namespace moa {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t(1) << 30;
constexpr std::uint64_t kWeights = 13'476'831'232, kFree = 66 * kGiB; ///< of a 7B model in 16 bits, beside it on 80 GB

ModelConfig llama7b() {
    ModelConfig c;
    c.layers = 32, c.heads = c.kvHeads = 32, c.headDim = 128;
    c.hidden = 4096, c.intermediate = 11008, c.vocab = 32000;
    return c;
}

BackwardKept kept(std::int64_t tokens, std::uint64_t free = kFree) {
    return whatBackwardKeeps(llama7b(), tokens, DType::F16, kWeights, free);
}

TEST(BackwardMemory, ShortTextsKeepEverything) {
    EXPECT_TRUE(kept(2048).attended);
    EXPECT_EQ(kept(2048).layers, 32);
}

TEST(BackwardMemory, ThePassTakesLessThanTheWeightsWhereItCan) {
    for (const std::int64_t n : {2048, 4096, 8192}) {
        EXPECT_LE(kept(n).bytes, kWeights / 5 * 4) << n;
        EXPECT_TRUE(kept(n).attended) << n;
    }
    EXPECT_GT(kept(8192).layers, 0);
    EXPECT_LT(kept(8192).layers, 32);
    EXPECT_EQ(kept(32768).layers, 0);
}

TEST(BackwardMemory, LongTextsRunAttentionTwice) {
    EXPECT_TRUE(kept(32768).attended);
    EXPECT_FALSE(kept(131072).attended);
    EXPECT_LT(kept(131072).bytes, kFree);
}

TEST(BackwardMemory, AFullCardKeepsNoLayers) {
    const std::uint64_t little = 3 * kGiB + kGiB * 45 / 100;
    EXPECT_EQ(kept(2048, little).layers, 0);
    EXPECT_TRUE(kept(2048, little).attended);
    EXPECT_FALSE(kept(2048, 3 * kGiB).attended);
    EXPECT_FALSE(kept(2048, 0).attended);
}

TEST(BackwardMemory, TheProcessorKeepsAttentionAlone) {
    const BackwardKept k = whatBackwardKeeps(llama7b(), 2048, DType::F32, 2 * kWeights, kFree);
    EXPECT_TRUE(k.attended);
    EXPECT_EQ(k.layers, 0);
}

} // namespace
} // namespace moa
