// Backward of one layer's attention over one whole text, and from the same products what every window would
// cost: rule costs, influence by distance and pooled maps (docs/method.md, "What a rule costs"). Tiles
// recompute P from queries, keys and log-sum-exp; memory is O(n). Sums are taken in a fixed order: two runs
// give equal bits. mma.sync: Ampere and later.
#pragma once

#include "moa_kernels/cuda/types.h"

#include <cstddef>

namespace moa::kernels::cuda {

/// Rows of n tokens at positions 0 … n−1; strides in elements, multiples of 8; rows are 16-byte aligned.
struct AttentionBackwardParams {
    const void* q = nullptr;    ///< [n] rows of heads · headDim
    const void* out = nullptr;  ///< forward output, the same shape
    const void* dOut = nullptr; ///< ∂ℓ/∂out
    const void* k = nullptr;    ///< [n] rows of kvHeads · headDim
    const void* v = nullptr;
    std::int64_t qStride = 0, outStride = 0, dOutStride = 0, kStride = 0, vStride = 0;
    const float* lse = nullptr; ///< [heads], stride lseStride, by token
    std::int64_t lseStride = 0;
    float* delta = nullptr; ///< workspace, heads · n + 1 values: dO·O of every row, and a counter
    void* dQ = nullptr;     ///< as q, written
    void* dK = nullptr;     ///< as k, written: the sum over the query heads of a KV head
    void* dV = nullptr;
    std::int64_t dQStride = 0, dKStride = 0, dVStride = 0;
    const std::int32_t* windows = nullptr; ///< [kvHeads] w ≥ 1, in device memory; null: everything is visible
    int sink = 0;                          ///< tokens
    int n = 0, heads = 0, kvHeads = 0, headDim = 0; ///< headDim 64, 96, 128
    float scale = 1;                                ///< of the scores, 1/√D
    Element element = Element::F16;
    bool portable = false; ///< take the mma.sync path on every card
};

/// What a backward pass under a mask that shows everything tells about every query head. All are written.
struct RuleCostParams {
    int tiles = 0;    ///< T ≥ ceil(n/64)
    int mapCells = 0; ///< m; block (I, J) adds to cell (I·m/T, J·m/T)
    const float* factor =
        nullptr; ///< one value in device memory that costs and influence are multiplied by; nullable
    double* cost = nullptr;        ///< [heads][5][T+1] Σ_i |C_i|
    double* costSigned = nullptr;  ///< [heads][5][T+1] Σ_i C_i
    double* hist = nullptr;        ///< [heads][5][T] Σ|E|
    float* influenceMap = nullptr; ///< [heads][m][m] Σ|E|
    float* attentionMap = nullptr; ///< [heads][m][m] ΣA
    void* workspace = nullptr;     ///< ruleCostWorkspaceBytes(), 256-byte aligned
};

/// `multiprocessors`: of the device that runs the kernel.
std::size_t ruleCostWorkspaceBytes(int n, int heads, int tiles, int mapCells, int multiprocessors);
/// `costs` may be null; with it `windows` must be null.
cudaError_t launchAttentionBackward(const AttentionBackwardParams& params, const RuleCostParams* costs,
                                    cudaStream_t stream);

/// Published influence of one query head under its mask, summed into cells of block × block tokens.
struct InfluenceCellsParams {
    AttentionBackwardParams pass;  ///< dQ, dK, dV are not used; delta is written
    int head = 0;                  ///< query head
    int block = 64;                ///< tokens a cell, a power of two up to 64
    const float* factor = nullptr; ///< as in RuleCostParams
    float* cells = nullptr; ///< [c][c], c = ceil(n / block); the causal half is added to: zero it before
};
cudaError_t launchInfluenceCells(const InfluenceCellsParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
