// The products of one row, y = W x: bound by reading W once. What surrounds them in a layer is fused: RMSNorm
// of x before; residual, SwiGLU or RoPE with cache write after. The first weights are fetched before the
// kernel that makes x has ended.
#pragma once

#include "moa_kernels/cuda/elementwise.h"

namespace moa::kernels::cuda {

enum class GemvEpilogue {
    Store,      ///< out[n] = y[n]
    StoreFloat, ///< the same, out in single precision
    Add,        ///< out[n] += y[n]
    SwiGlu,     ///< out[n] = silu(y[n]) · y[n + outCols], W has 2 · outCols rows
    RopeAppend  ///< y is one token's queries, keys and values: rotated queries to out, keys and values to the
                ///< caches
};

struct GemvParams {
    const void* x = nullptr;          ///< [inCols]
    const void* normWeight = nullptr; ///< [inCols]; null: x as it is
    float eps = 1e-5f;
    const void* weight = nullptr; ///< [outCols or 2 · outCols][inCols]
    void* out = nullptr;          ///< [outCols]
    int inCols = 0;               ///< a multiple of 8, at most 32,768
    int outCols = 0;              ///< even
    GemvEpilogue epilogue = GemvEpilogue::Store;
    Element element = Element::F16;
    bool overlapPrevious = false;
    RopeAppendParams
        rope{}; ///< RopeAppend only: caches, positions, table and shape; one sequence, `qkv` unused
};
cudaError_t launchGemv(const GemvParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
