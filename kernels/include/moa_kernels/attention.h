// CPU attention kernels on plain pointers: forward tiles, single-token decode, backward with rule costs, block
// sums of attention and influence.
// Single-threaded building blocks: callers cut the work into tiles and bring the workspace; nothing here
// allocates, locks or throws. Mask: key j is visible to query i iff j ≤ i and (j < sink or i − j < window).
#pragma once

#include <cstddef>
#include <cstdint>

namespace moa::kernels {

inline constexpr int kTile = 64; ///< query rows and keys per tile
inline constexpr int kSinkChoices = 5; ///< sinks of 0 … 4 tiles are charged

/// A run of keys and values with consecutive positions, one KV head. Rows are `headDim` floats, contiguous.
struct KeySegment {
    const float* k = nullptr; ///< [count][headDim]
    const float* v = nullptr; ///< [count][headDim]
    std::int64_t firstPosition = 0;
    std::int64_t count = 0;
};

/// Segments ascend in position; a key not in any segment is not held, hence hidden.
struct KeySet {
    const KeySegment* segments = nullptr;
    int segmentCount = 0;
    std::int64_t sink = 0;   ///< tokens
    std::int64_t window = 0; ///< tokens, ≥ 1
};

/// One tile of at most 64 query rows of one query head.
struct ForwardTileParams {
    const float* q = nullptr; ///< [rows] rows, stride `qStride` floats
    std::int64_t qStride = 0;
    std::int64_t firstPosition = 0; ///< position of row 0; rows are consecutive
    int rows = 0;                   ///< 1 … 64
    KeySet keys;
    int headDim = 0;
    float scale = 1;        ///< of the scores, 1/√D
    float* out = nullptr;   ///< [rows], stride `outStride` floats
    std::int64_t outStride = 0;
    float* lse = nullptr;   ///< [rows] log Σ exp(score), nullable
    float* workspace = nullptr; ///< forwardWorkspaceFloats(headDim), 64-byte aligned
};

std::size_t forwardWorkspaceFloats(int headDim);
/// Running-softmax attention over the visible key blocks; hidden blocks are not touched.
void attentionForwardTile(const ForwardTileParams& params);

/// One token of one sequence: all query heads of one KV head.
struct DecodeParams {
    const float* q = nullptr; ///< [group][headDim], contiguous
    int group = 1;            ///< query heads sharing the KV head
    std::int64_t position = 0;
    KeySet keys;
    int headDim = 0;
    float scale = 1;
    float* out = nullptr;       ///< [group][headDim]
    float* workspace = nullptr; ///< decodeWorkspaceFloats(group, held keys)
};

std::size_t decodeWorkspaceFloats(int group, std::int64_t keys);
void attentionDecode(const DecodeParams& params);

/// Sums that the backward pass collects for one query head of one sample (docs/method.md, "What is stored").
/// All arrays are added to. T may exceed ceil(n/64): a sample may be shorter than the length it stands for.
struct RuleCostSums {
    std::int64_t tiles = 0;       ///< T
    double* cost = nullptr;       ///< [5][T+1] Σ_i |C_i|
    double* costSigned = nullptr; ///< [5][T+1] Σ_i C_i
    double* hist = nullptr;       ///< [5][T] Σ|E|
    float* influenceMap = nullptr; ///< [mapCells][mapCells] Σ|E|
    float* attentionMap = nullptr; ///< [mapCells][mapCells] ΣA
    int mapCells = 0;              ///< block (I, J) adds to cell (I·m/T, J·m/T)
};

/// Backward of one query head over a whole sample of n tokens at positions 0 … n−1, or the part of it that
/// flows through a run of query rows: parts add up to the whole, to the bit when taken in ascending order.
struct BackwardHeadParams {
    const float* q = nullptr; ///< [n] rows, stride qStride
    std::int64_t qStride = 0;
    const float* k = nullptr; ///< [n][headDim]
    const float* v = nullptr; ///< [n][headDim]
    const float* out = nullptr; ///< forward output, stride outStride
    const float* dOut = nullptr; ///< ∂ℓ/∂out, stride outStride
    std::int64_t outStride = 0;
    const float* lse = nullptr; ///< [n]
    std::int64_t n = 0;
    std::int64_t firstRow = 0, rowCount = 0; ///< the query rows; firstRow is a multiple of 64
    std::int64_t sink = 0, window = 0;
    int headDim = 0;
    float scale = 1;
    float* dQ = nullptr; ///< [n], stride qStride, the run's rows are written
    float* dK = nullptr; ///< [n][paddedDim], added to
    float* dV = nullptr; ///< [n][paddedDim], added to
    const RuleCostSums* sums = nullptr; ///< nullable; only with a mask that shows everything
    float* workspace = nullptr;         ///< backwardWorkspaceFloats(headDim, n), 64-byte aligned
};

/// headDim rounded up to a multiple of 16: row stride of dK and dV.
constexpr int paddedDim(int headDim) { return (headDim + 15) / 16 * 16; }
std::size_t backwardWorkspaceFloats(int headDim, std::int64_t n);
/// dQ, dK, dV and, where asked, the rule costs C_i(w), influence |E| and attention sums. Tiles recompute
/// P = exp(S − lse); memory is O(n).
void attentionBackwardHead(const BackwardHeadParams& params);

/// Attention (or influence) of a run of one query head's rows, summed into block × block cells. Cell (I, J) holds
/// rows [I·block, (I+1)·block) and keys likewise; the last one may be partial.
struct BlockSumParams {
    const float* q = nullptr; ///< [n] rows, stride qStride
    std::int64_t qStride = 0;
    const float* k = nullptr;   ///< [n][headDim]
    const float* v = nullptr;   ///< [n][headDim]; influence only
    const float* out = nullptr; ///< forward output, stride outStride; influence only
    const float* dOut = nullptr; ///< ∂ℓ/∂out, stride outStride; null: attention
    std::int64_t outStride = 0;
    const float* lse = nullptr; ///< [n]
    std::int64_t n = 0;
    std::int64_t sink = 0, window = 0;
    int headDim = 0;
    float scale = 1;
    std::int64_t block = 64;                ///< ≥ 1, tokens
    std::int64_t firstRow = 0, rowCount = 0; ///< the rows to sum; firstRow is a multiple of `block`
    double* sums = nullptr;     ///< [ceil(rowCount/block)][ceil(n/block)], added to; row 0 is cell firstRow/block
    float* workspace = nullptr; ///< blockSumWorkspaceFloats(headDim), 64-byte aligned
};

std::size_t blockSumWorkspaceFloats(int headDim);
/// ΣA per cell when dOut is null, else Σ|E| (published influence under the given mask; docs/method.md). P is
/// recomputed from lse tile by tile, so the n × n array exists only where block is 1 and in the cells themselves.
void attentionBlockSums(const BlockSumParams& params);

} // namespace moa::kernels
