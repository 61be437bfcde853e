// Products with weights in blocks against double-precision sums over the dequantised weights, every type, odd sizes.
#include "moa_kernels/blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

namespace moa::kernels {
namespace {

constexpr BlockType kTypes[] = {BlockType::Q4_0, BlockType::Q4_1, BlockType::Q5_0, BlockType::Q5_1,
                                BlockType::Q8_0, BlockType::Q2_K, BlockType::Q3_K, BlockType::Q4_K,
                                BlockType::Q5_K, BlockType::Q6_K, BlockType::IQ4_NL};

/// Where a block keeps its half-precision scales.
std::vector<std::size_t> halvesOf(BlockType type) {
    switch (type) {
    case BlockType::Q4_1:
    case BlockType::Q5_1:
    case BlockType::Q4_K:
    case BlockType::Q5_K: return {0, 2};
    case BlockType::Q2_K: return {80, 82};
    case BlockType::Q3_K: return {108};
    case BlockType::Q6_K: return {208};
    default: return {0};
    }
}

/// Random bytes are valid blocks once their scales are ordinary halves: 2⁻⁶ to 2⁻⁵, of either sign.
std::vector<std::byte> randomBlocks(BlockType type, std::int64_t values, std::mt19937& random) {
    std::vector<std::byte> bytes(blockRowBytes(type, values));
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    for (std::size_t block = 0; block < bytes.size(); block += blockBytes(type))
        for (const std::size_t at : halvesOf(type)) {
            const auto half = static_cast<std::uint16_t>((random() & 0x83ff) | (9 << 10));
            std::memcpy(bytes.data() + block + at, &half, sizeof half);
        }
    return bytes;
}

TEST(Blocks, ProductsAreThoseOfTheDequantisedWeights) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (const BlockType type : kTypes)
        for (const std::int64_t rows : {1, 3, 8}) {
            SCOPED_TRACE(std::to_string(static_cast<int>(type)) + ", rows " + std::to_string(rows));
            const std::int64_t cols = 3 * blockValues(type), outs = 7, stride = cols + 5;
            const auto weights = randomBlocks(type, outs * cols, random);
            std::vector<float> w(static_cast<std::size_t>(outs * cols)), x(static_cast<std::size_t>(rows * stride));
            dequantiseBlocks(type, weights.data(), outs * cols, w.data());
            for (float& v : x) v = normal(random);
            std::fill_n(x.begin(), 32, 0.0f); // a group of nothing
            QuantisedRows q;
            q.assign(x.data(), rows, cols, stride);
            std::vector<float> out(static_cast<std::size_t>(rows * (outs + 2)), 1.5f);
            for (const bool accumulate : {false, true})
                blockProduct(type, weights.data(), outs, q, out.data(), outs + 2, accumulate);
            for (std::int64_t i = 0; i < rows; ++i)
                for (std::int64_t r = 0; r < outs; ++r) {
                    double sum = 0, size = 0;
                    for (std::int64_t c = 0; c < cols; ++c) {
                        const double product = double(w[std::size_t(r * cols + c)]) * double(x[std::size_t(i * stride + c)]);
                        sum += product;
                        size += std::abs(product);
                    }
                    EXPECT_NEAR(out[std::size_t(i * (outs + 2) + r)], 2 * sum, 2e-4 * size) << i << ", " << r;
                }
            EXPECT_EQ(out[std::size_t(outs)], 1.5f); // beside the rows asked for
        }
}

TEST(Blocks, RowsOfBlocksAreWhatTheirTypesSay) {
    EXPECT_EQ(blockRowBytes(BlockType::Q4_K, 512), 288u);
    EXPECT_EQ(blockRowBytes(BlockType::Q8_0, 96), 102u);
}

} // namespace
} // namespace moa::kernels
