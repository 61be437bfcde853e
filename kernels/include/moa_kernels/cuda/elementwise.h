// Row-wise kernels around attention: embedding, RMSNorm, RoPE with cache write, SwiGLU, residual.
// Rows hold elements of the 16-bit type `element`; widths are multiples of 8 and rows are 16-byte aligned.
#pragma once

#include "moa_kernels/cuda/decode_attention.h"
#include "moa_kernels/cuda/types.h"

namespace moa::kernels::cuda {

struct EmbedParams {
    const std::int32_t* ids = nullptr; ///< [rows]
    const void* table = nullptr;       ///< [vocab][cols]
    void* out = nullptr;               ///< [rows][cols], stride outStride elements
    std::int64_t outStride = 0;
    int rows = 0, cols = 0;
    Element element = Element::F16;
    bool overlapPrevious = false;
};
cudaError_t launchEmbed(const EmbedParams& params, cudaStream_t stream);

/// out[r] = x[r] · rsqrt(mean(x[r]²) + eps) ∘ weight; out may be x. Sums in single precision.
struct RmsNormParams {
    const void* x = nullptr; ///< [rows], stride xStride elements
    std::int64_t xStride = 0;
    const void* weight = nullptr; ///< [cols]
    void* out = nullptr;          ///< [rows], stride outStride
    std::int64_t outStride = 0;
    int rows = 0, cols = 0;
    float eps = 1e-5f;
    Element element = Element::F16;
    bool overlapPrevious = false;
};
cudaError_t launchRmsNorm(const RmsNormParams& params, cudaStream_t stream);

/// out = silu(gate) · up; out may be gate.
struct SwiGluParams {
    const void* gate = nullptr; ///< [rows], stride gateStride elements
    const void* up = nullptr;   ///< [rows], stride upStride
    void* out = nullptr;        ///< [rows], stride outStride
    std::int64_t gateStride = 0, upStride = 0, outStride = 0;
    int rows = 0, cols = 0;
    Element element = Element::F16;
    bool overlapPrevious = false;
};
cudaError_t launchSwiGlu(const SwiGluParams& params, cudaStream_t stream);

/// to[r] += from[r].
struct AddParams {
    void* to = nullptr;         ///< [rows], stride toStride elements
    const void* from = nullptr; ///< [rows], stride fromStride
    std::int64_t toStride = 0, fromStride = 0;
    int rows = 0, cols = 0;
    Element element = Element::F16;
};
cudaError_t launchAdd(const AddParams& params, cudaStream_t stream);

/// Rotates heads in place, the halves of each head paired (Llama convention).
struct RopeParams {
    void* x = nullptr; ///< [rows] of heads · headDim, stride xStride elements
    std::int64_t xStride = 0;
    const std::int32_t* positions = nullptr; ///< [rows], in device memory
    const float* cosine = nullptr;           ///< [positions][headDim / 2]
    const float* sine = nullptr;
    int rows = 0, heads = 0, headDim = 0;
    bool inverse = false; ///< rotates back, which is also the gradient
    Element element = Element::F16;
};
cudaError_t launchRope(const RopeParams& params, cudaStream_t stream);

/// One new token per sequence: rotates its queries in place and writes its rotated keys and its values
/// straight into the caches, at the slots of its position. Idle sequences (position −1) are left alone.
struct RopeAppendParams {
    void* qkv = nullptr; ///< [sequences] rows of (heads + 2 kvHeads) · headDim: queries, keys, values
    std::int64_t stride = 0;
    const DecodeCache* caches = nullptr;     ///< [sequences][kvHeads]
    const std::int32_t* positions = nullptr; ///< [sequences]
    const float* cosine = nullptr;           ///< [positions][headDim / 2]
    const float* sine = nullptr;
    int sequences = 0, heads = 0, kvHeads = 0, headDim = 0;
    Element element = Element::F16;
    bool overlapPrevious = false;
};
cudaError_t launchRopeAppend(const RopeAppendParams& params, cudaStream_t stream);

/// positions[i] += 1 where it is not −1: the end of a decode step.
cudaError_t launchAdvance(std::int32_t* positions, int sequences, cudaStream_t stream);

/// Random normal elements of the given standard deviation from a counter: equal seeds give equal values.
struct RandomFillParams {
    void* out = nullptr;
    std::int64_t count = 0; ///< elements
    float deviation = 1;
    std::uint64_t seed = 0;
    Element element = Element::F16;
};
cudaError_t launchRandomFill(const RandomFillParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
