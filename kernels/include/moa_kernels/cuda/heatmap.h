// Attention of one head, or the mean of several that share a KV head, pooled into cells of block × block
// tokens, from queries, keys and row log-sum-exp: any rectangle, from a whole long text down to single
// tokens, and no n × n array.
#pragma once

#include "moa_kernels/cuda/types.h"

namespace moa::kernels::cuda {

struct HeatmapParams {
    const void* q = nullptr; ///< [heads][tokens], rows of headDim by the two strides, in elements
    std::int64_t qHeadStride = 0, qTokenStride = 0;
    const void* k = nullptr; ///< [tokens] rows of the KV head
    std::int64_t kTokenStride = 0;
    const float* lse = nullptr;       ///< [heads][tokens] natural log of the sum of exponentials
    std::int64_t lseStride = 0;       ///< from head to head
    int heads = 1;                    ///< query heads to average
    int tokens = 0, headDim = 0;      ///< headDim 64, 96, 128
    int window = 0, sink = 0;         ///< the mask, tokens; window ≥ tokens: everything
    float scale = 1;                  ///< of the scores, 1/√D
    int block = 64;                   ///< tokens a cell, a power of two
    int firstQuery = 0, firstKey = 0; ///< of cell (0, 0); multiples of `block`
    int rows = 0, cols = 0;           ///< cells
    float* mean =
        nullptr; ///< out [rows][cols], over the cell's pairs with key ≤ query < tokens; 0 without any
    float* max = nullptr; ///< out [rows][cols]
    Element element = Element::F16;
};
cudaError_t launchHeatmap(const HeatmapParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
