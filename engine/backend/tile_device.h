// Pooled attention on a card, beside the model's own work: what views of captured attention ask for, frame by frame.
#pragma once

#include "engine/core/model_config.h"

#include <cstdint>
#include <span>

namespace moa {

/// One KV head of a captured text and the query heads that share it, in host memory.
struct CapturedHead {
    std::uint64_t id = 0; ///< of the contents: equal ids are uploaded once
    DType dtype = DType::F16; ///< F16 or BF16: every value is exact in it
    const float* q = nullptr; ///< [n] rows of heads · headDim, qStride apart; positions applied
    const float* k = nullptr; ///< [n] rows of headDim, kStride apart
    const float* lse = nullptr; ///< [heads], lseStride apart, of n
    std::int64_t qStride = 0, kStride = 0, lseStride = 0, n = 0;
    int heads = 0, headDim = 0;
    std::int64_t window = 0, sink = 0; ///< of the mask, tokens
    float scale = 1;
};

/// rows × cols cells of block × block tokens from (firstQuery, firstKey) on, both multiples of `block`, a power of two.
struct CellRange {
    int block = 1;
    std::int64_t firstQuery = 0, firstKey = 0;
    int rows = 0, cols = 0;
};

/// Weights of a range, [rows][cols], in memory of the device object: valid until its next call.
struct CellValues {
    std::span<const float> mean; ///< over a cell's pairs with key ≤ query
    std::span<const float> max;
};

/// Any thread, one call at a time.
class TileDevice {
public:
    virtual ~TileDevice() = default;
    /// Of query heads [firstHead, firstHead + heads) of the group, averaged. Throws MemoryError.
    virtual CellValues cells(const CapturedHead& head, int firstHead, int heads, const CellRange& range) = 0;
};

} // namespace moa
