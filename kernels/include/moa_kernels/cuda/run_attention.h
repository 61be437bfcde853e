// Attention of query rows over keys that lie in up to four runs of consecutive positions: a sink, the one or
// two stretches of a ring, and rows not yet in any cache. mma.sync and asynchronous copies: Ampere and later.
#pragma once

#include "moa_kernels/cuda/prefill_attention.h"

namespace moa::kernels::cuda {

inline constexpr int kKeyRuns = 4;

/// Keys and values with consecutive positions. Rows are `stride` elements apart, headDim of them used.
struct KeyRun {
    const void* k = nullptr;
    const void* v = nullptr;
    std::int64_t stride = 0;
    std::int32_t firstPosition = 0;
    std::int32_t count = 0;
};

/// The query rows of one sequence.
struct QueryRows {
    std::int32_t firstRow = 0; ///< in q and out
    std::int32_t count = 0;
    std::int32_t firstPosition = 0; ///< rows have consecutive positions
    std::int32_t sink = 0;          ///< tokens
};

struct RunAttentionParams {
    const void* q = nullptr; ///< rows of heads · headDim, stride qStride elements
    std::int64_t qStride = 0;
    void* out = nullptr; ///< the same rows, stride outStride
    std::int64_t outStride = 0;
    float* lse = nullptr; ///< [heads], stride lseStride, by row; nullable
    std::int64_t lseStride = 0;
    const QueryRows* items = nullptr;      ///< [sequences], in device memory
    const KeyRun* runs = nullptr;          ///< [sequences][kvHeads][kKeyRuns], ascending in position
    const std::int32_t* windows = nullptr; ///< [sequences][kvHeads] w ≥ 1
    int sequences = 0, heads = 0, kvHeads = 0, headDim = 0; ///< headDim 64, 96, 128
    int mostRows = 0;                                       ///< the largest `count` of the items
    float scale = 1;
    Element element = Element::F16;
};
cudaError_t launchRunAttention(const RunAttentionParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
