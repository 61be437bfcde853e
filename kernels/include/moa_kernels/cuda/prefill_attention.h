// Causal attention of many query rows under per-KV-head windows and a sink: tiles that the mask hides are
// neither loaded nor computed. Keys and values have consecutive positions from 0; the queries are the last
// rows of them. Two paths behind one launcher: Hopper (TMA, wgmma, warp specialisation, persistent tiles) and
// mma.sync for 8.x and for shapes the Hopper path does not serve.
#pragma once

#include "moa_kernels/cuda/types.h"

#include <cstddef>

namespace moa::kernels::cuda {

/// A [sequences][tokens][heads][headDim] array by its strides in elements; headDim is contiguous, strides are
/// multiples of 8 and the base is 16-byte aligned.
struct HeadRows {
    void* data = nullptr;
    std::int64_t sequenceStride = 0, tokenStride = 0, headStride = 0;
};

struct PrefillAttentionParams {
    HeadRows q, k, v; ///< q has queryTokens tokens and `heads` heads, k and v keyTokens and `kvHeads`
    HeadRows out;     ///< as q
    float* lse = nullptr; ///< [sequences][heads], by query: natural log of the sum of exponentials; nullable
    std::int64_t lseStride = 0; ///< from head to head; 0: queryTokens
    const std::int32_t* windows = nullptr; ///< [kvHeads] w ≥ 1, in device memory
    int sink = 0;                          ///< tokens
    int sequences = 1, queryTokens = 0, keyTokens = 0;
    int heads = 0, kvHeads = 0, headDim = 0; ///< headDim 64, 96, 128
    float scale = 1;                         ///< of the scores, 1/√D
    void* workspace = nullptr;               ///< prefillWorkspaceBytes()
    Element element = Element::F16;
    bool portable = false; ///< take the mma.sync path on every card
};

std::size_t prefillWorkspaceBytes();
cudaError_t launchPrefillAttention(const PrefillAttentionParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
