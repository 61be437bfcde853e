// CPU kernels that look at attention: pooled tiles at any resolution, and the statistics of a head's rows,
// both recomputed from Q, K and row log-sum-exp. Single-threaded building blocks over runs of at most 64
// query rows; nothing here allocates, locks or throws. Mask as in moa_kernels/attention.h.
#pragma once

#include "moa_kernels/attention.h"

#include <cstddef>
#include <cstdint>

namespace moa::kernels {

/// Up to 64 query rows of query heads that share a KV head; row r is at position firstRow + r·rowStep.
struct AttentionRows {
    const float* q = nullptr; ///< [n] rows, stride qStride; the heads' queries headDim apart
    std::int64_t qStride = 0;
    const float* lse = nullptr; ///< [heads][n], stride lseStride
    std::int64_t lseStride = 0;
    int heads = 1;            ///< weights are their mean
    const float* k = nullptr; ///< [n] rows, stride kStride
    std::int64_t kStride = 0;
    std::int64_t n = 0;
    int headDim = 0;
    float scale = 1;
    std::int64_t sink = 0, window = 0;
    std::int64_t firstRow = 0, rowStep = 1;
    int rows = 0;               ///< 1 … 64; the last one is before n
    float* workspace = nullptr; ///< attentionTileWorkspaceFloats(heads, headDim), 64-byte aligned
};

std::size_t attentionTileWorkspaceFloats(int heads, int headDim);

/// Cells of a tile that the rows fall into. Column c holds keys [firstKey + c·block, firstKey + (c+1)·block).
struct TileCells {
    std::int64_t block = 1;    ///< a power of two
    std::int64_t firstKey = 0; ///< a multiple of block, and of 64
    int cols = 0;              ///< cells wanted; those past n stay as they are
    float* sum = nullptr;      ///< [rows of cells][stride], added to; row 0 is the cell of firstRow
    float* max = nullptr;      ///< likewise, raised to the largest weight
    std::int64_t stride = 0;
};

/// Adds the rows' attention to their cells. rowStep 1, firstRow a multiple of 64; with a block over 64 all
/// rows fall into one cell row. Keys after the last row cost nothing.
void attentionTileRows(const AttentionRows& rows, const TileCells& cells);

/// Sums over the rows of one query head (heads is 1); all but tileMax are added to. T = ceil(n/64).
struct RowStatistics {
    double entropy = 0;             ///< Σ −A ln A, nats
    double distance = 0;            ///< Σ A·(i − j), tokens
    double* distanceMass = nullptr; ///< [5][T] Σ A at ⌊(i − j)/64⌋ = t, of keys in tile 0, 1, 2, 3 and beyond
    double* tileSum = nullptr; ///< [T] Σ A by key tile
    float* tileMax = nullptr;  ///< [T] raised to the largest A by key tile
};

void attentionRowStatistics(const AttentionRows& rows, RowStatistics& statistics);

} // namespace moa::kernels
