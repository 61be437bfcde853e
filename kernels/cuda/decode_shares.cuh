// How a layer's list of 16-key tiles is shared among workers; used by the plan, the attention and the merge.
#pragma once

#include "moa_kernels/cuda/decode_attention.h"

#include <cstdint>

namespace moa::kernels::cuda {

inline constexpr int kDecodeTile = 16;      ///< keys
inline constexpr int kDecodeBlockWarps = 4; ///< workers in a block

/// No share is empty: with fewer tiles than workers, only as many work.
__device__ inline int busyWorkers(int tiles, int workers) {
    return min(tiles, workers);
}

/// First tile of a worker's share of `tiles`.
__device__ inline int shareBegin(int worker, int tiles, int workers) {
    return static_cast<int>(static_cast<std::int64_t>(worker) * tiles / workers);
}

/// The first worker whose share begins at or after `tile`.
__device__ inline int firstWorkerFrom(int tile, int tiles, int workers) {
    return static_cast<int>((static_cast<std::int64_t>(tile) * workers + tiles - 1) / tiles);
}

/// Position of the newest token in the cache when a token at `position` attends.
__device__ inline int newestPosition(const DecodeCache& cache, int position) {
    return cache.freshK ? position - 1 : position;
}

/// Slots of the cache that hold something then.
__device__ inline int heldSlots(const DecodeCache& cache, int position) {
    return min(newestPosition(cache, position) + 1, cache.sink + cache.ring);
}

/// Tiles of an entry; a row that is not in the cache is a tile of its own, the last.
__device__ inline int entryTiles(const DecodeCache& cache, int position) {
    if (position < 0) return 0;
    return (heldSlots(cache, position) + kDecodeTile - 1) / kDecodeTile + (cache.freshK ? 1 : 0);
}

/// A worker leaves at most two partial results: of the entry its share begins in (slot 2 · worker), and of a
/// later one that it cannot finish (slot 2 · worker + 1).
__device__ inline int partialSlot(int worker, bool shareBeginsBeforeEntry) {
    return 2 * worker + (shareBeginsBeforeEntry ? 1 : 0);
}

} // namespace moa::kernels::cuda
