// Attention of one new token per sequence over ring caches of different lengths, one launch for a whole
// batch. The keys of a layer form one long list of 16-key tiles, sequence after sequence, KV head after KV
// head. Every worker (one warp) takes an equal share of that list, so spans and lengths may be as uneven as
// they like; heads cut by a share's edge are merged by log-sum-exp. The shares depend on positions, which
// live in device memory: they are planned on the device, and a captured graph stays valid while sequences
// grow.
#pragma once

#include "moa_kernels/cuda/types.h"

#include <cstddef>

namespace moa::kernels::cuda {

/// Keys and values held for one (sequence, KV head): `sink` pinned slots, then a ring of `ring` slots; token
/// p ≥ sink is in slot sink + (p − sink) mod ring. Rows are headDim elements, contiguous, 16-byte aligned.
struct DecodeCache {
    void* k = nullptr; ///< [sink + ring][headDim]
    void* v = nullptr;
    std::int32_t sink = 0, ring = 0;
    std::int32_t window = 0;    ///< w ≥ 1 of the mask; keys of the ring further back are held but hidden
    std::int32_t ringFirst = 0; ///< lowest position ≥ sink that the ring still holds
    /// The new token's row while it is not in the cache; null: it is, at the slot of its position.
    const void* freshK = nullptr;
    const void* freshV = nullptr;
};

/// Where the shares of the workers begin, for `layers` layers at once.
struct DecodePlanParams {
    const DecodeCache* caches = nullptr;     ///< [layers][sequences · kvHeads]
    const std::int32_t* positions = nullptr; ///< [sequences] position of the new token; −1: an idle sequence
    int layers = 0, sequences = 0, kvHeads = 0;
    int workers = 0;                    ///< decodeWorkers()
    std::int32_t* tileStarts = nullptr; ///< out [layers][sequences · kvHeads + 1], running sums of tiles
    std::int32_t* firstEntry = nullptr; ///< out [layers][workers], entry in which the worker's share begins
};

struct DecodeAttentionParams {
    const void* q = nullptr; ///< [sequences] rows of heads · headDim, stride qStride elements
    std::int64_t qStride = 0;
    void* out = nullptr; ///< [sequences] rows of heads · headDim, stride outStride; idle rows are left alone
    std::int64_t outStride = 0;
    const DecodeCache* caches = nullptr;      ///< [sequences][kvHeads]
    const std::int32_t* positions = nullptr;  ///< [sequences]
    const std::int32_t* tileStarts = nullptr; ///< this layer's row of the plan
    const std::int32_t* firstEntry = nullptr;
    int sequences = 0, heads = 0, kvHeads = 0, headDim = 0; ///< headDim 64, 96, 128; heads / kvHeads ≤ 16
    float scale = 1;                                        ///< of the scores, 1/√D
    int workers = 0;                                        ///< as planned
    void* workspace = nullptr;                              ///< decodeWorkspaceBytes(), 16-byte aligned
    Element element = Element::F16;
    /// Programmatic dependent launch (Hopper): older rows are read while the kernel before, which writes the
    /// newest row and q, still runs. The plan must have been made before that kernel began.
    bool overlapPrevious = false;
};

/// Workers that fill a card of `multiprocessors`.
int decodeWorkers(int multiprocessors);
std::size_t decodeWorkspaceBytes(int workers, int group, int headDim);

cudaError_t launchDecodePlan(const DecodePlanParams& params, cudaStream_t stream);
/// Two kernels: the shares, then the merge of heads that were cut.
cudaError_t launchDecodeAttention(const DecodeAttentionParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
