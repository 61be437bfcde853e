// Weights in the block types of GGUF files: 32 or 256 values of a row as small integers with shared scales. Products read
// the blocks as they are; single-threaded, callers split rows. Layouts and formulas: ggml (ggml-common.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moa::kernels {

enum class BlockType { Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL };

/// Values in one block: 32, or 256 for the K types.
constexpr int blockValues(BlockType type) {
    return type >= BlockType::Q2_K && type <= BlockType::Q6_K ? 256 : 32;
}
constexpr std::size_t blockBytes(BlockType type) {
    constexpr std::size_t bytes[] = {18, 20, 22, 24, 34, 84, 110, 144, 176, 210, 18};
    return bytes[static_cast<std::size_t>(type)];
}
/// Bytes of a row of `cols` values, a multiple of blockValues().
std::size_t blockRowBytes(BlockType type, std::int64_t cols);

/// `count` values (whole blocks) to float.
void dequantiseBlocks(BlockType type, const std::byte* blocks, std::int64_t count, float* out);

/// Rows of activations as 16-bit integers, every 32 of a row with a scale: products with small integers then need no
/// floats, and lose nothing that weights of 8 bits and fewer could show.
struct QuantisedRows {
    std::int64_t rows = 0, cols = 0; ///< cols: a multiple of 32
    std::vector<std::int16_t> values; ///< [rows][cols]
    std::vector<float> scales;        ///< [rows][cols/32]
    std::vector<float> sums;          ///< [rows][cols/16] of scale · value, for types with a minimum

    /// x [rows][cols], `stride` values apart.
    void assign(const float* x, std::int64_t rowCount, std::int64_t colCount, std::int64_t stride);
};

inline constexpr std::int64_t kMostBlockRows = 8; ///< rows of activations that one pass over the weights serves

/// out[i][r] (+)= Σ_c x[i][c] · W[r][c] for weight rows r < rows; x has at most kMostBlockRows rows.
void blockProduct(BlockType type, const std::byte* weights, std::int64_t rows, const QuantisedRows& x, float* out,
                  std::int64_t outStride, bool accumulate);

} // namespace moa::kernels
