// What operations of a device work on: matrices, the shape of attention, the cache of one KV head.
#pragma once

#include "engine/core/model_config.h"
#include "moa_kernels/blocks.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace moa {

/// A matrix in device memory: `rows` rows of `cols` values, `stride` values apart.
struct Tensor {
    void* data = nullptr;
    DType dtype = DType::F32;
    std::int64_t rows = 0, cols = 0, stride = 0;
    std::optional<kernels::BlockType> blocks{}; ///< weights in blocks, rows without gaps; `dtype` says nothing then

    std::int64_t rowBytes() const {
        return blocks ? static_cast<std::int64_t>(kernels::blockRowBytes(*blocks, cols)) : stride * bytesPerValue(dtype);
    }
    /// Rows [first, first + count).
    Tensor rowRange(std::int64_t first, std::int64_t count) const {
        Tensor part = *this;
        part.data = static_cast<std::byte*>(data) + first * rowBytes();
        part.rows = count;
        return part;
    }
};

/// Number of query heads, KV heads and their size.
struct AttentionShape {
    int heads = 0, kvHeads = 0, headDim = 0;
    int groupSize() const { return heads / kvHeads; }
    float scale() const;
};

/// Keys and values held for one KV head: `sink` pinned slots, then a ring of `ring` slots; token p ≥ sink is in
/// slot sink + (p − sink) mod ring. Rows are headDim values.
struct KvHeadCache {
    void* k = nullptr; ///< [sink + ring][headDim]
    void* v = nullptr;
    std::int64_t sink = 0, ring = 0;
    std::int64_t ringFirst = 0; ///< lowest position ≥ sink that the ring still holds
};

} // namespace moa
