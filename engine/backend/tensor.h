// What operations of a device work on: matrices, the shape of attention, the cache of one KV head.
#pragma once

#include "engine/core/model_config.h"

#include <cstddef>
#include <cstdint>

namespace moa {

/// A matrix in device memory: `rows` rows of `cols` values, `stride` values apart.
struct Tensor {
    void* data = nullptr;
    DType dtype = DType::F32;
    std::int64_t rows = 0, cols = 0, stride = 0;

    /// Rows [first, first + count).
    Tensor rowRange(std::int64_t first, std::int64_t count) const {
        Tensor part = *this;
        part.data = static_cast<std::byte*>(data) + first * stride * bytesPerValue(dtype);
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
