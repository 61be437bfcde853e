// Activation-only backward passes of the row-wise layers, and the loss they begin with. The gradient of the
// residual stream is kept in single precision; products read a copy of it in elements, scaled by a power of
// two, because FP16 holds little below 1e-7. A `factor` in device memory undoes that scale where gradients
// come back.
#pragma once

#include "moa_kernels/cuda/types.h"

namespace moa::kernels::cuda {

/// out = s · x with s the power of two that brings the largest |x| to [1, 2); factor[0] = 1/s, NaN where
/// some x is no finite number.
struct NarrowParams {
    const float* x = nullptr; ///< [rows], stride xStride values
    std::int64_t xStride = 0;
    void* out = nullptr; ///< [rows], stride outStride elements
    std::int64_t outStride = 0;
    float* factor = nullptr; ///< [2]; the second is workspace
    int rows = 0, cols = 0;  ///< cols a multiple of 8
    Element element = Element::F16;
};
cudaError_t launchNarrow(const NarrowParams& params, cudaStream_t stream);

/// dX += factor · ∂/∂x of RMSNorm, given dOut.
struct RmsNormBackwardParams {
    const void* x = nullptr; ///< [rows], stride xStride elements
    std::int64_t xStride = 0;
    const void* weight = nullptr; ///< [cols]
    const void* dOut = nullptr;   ///< [rows], stride dOutStride
    std::int64_t dOutStride = 0;
    float* dX = nullptr; ///< [rows], stride dXStride values
    std::int64_t dXStride = 0;
    const float* factor = nullptr; ///< nullable
    int rows = 0, cols = 0;        ///< cols a multiple of 8
    float eps = 1e-5f;
    Element element = Element::F16;
};
cudaError_t launchRmsNormBackward(const RmsNormBackwardParams& params, cudaStream_t stream);

/// gate ← ∂gate, up ← ∂up of silu(gate) · up, given dOut.
struct SwiGluBackwardParams {
    void* gate = nullptr; ///< [rows], stride gateStride elements
    void* up = nullptr;   ///< [rows], stride upStride
    const void* dOut = nullptr;
    std::int64_t gateStride = 0, upStride = 0, dOutStride = 0;
    int rows = 0, cols = 0;
    Element element = Element::F16;
};
cudaError_t launchSwiGluBackward(const SwiGluBackwardParams& params, cudaStream_t stream);

/// losses[r] = −log softmax(logits[r])[targets[r]]; dLogits[r] = scale · (softmax − one-hot).
struct CrossEntropyParams {
    const float* logits = nullptr;         ///< [rows][vocab]
    const std::int32_t* targets = nullptr; ///< [rows], in device memory
    void* dLogits = nullptr;               ///< [rows][vocab] elements
    float* losses = nullptr;               ///< [rows] nats
    int rows = 0, vocab = 0;
    float scale = 1;
    Element element = Element::F16;
};
cudaError_t launchCrossEntropy(const CrossEntropyParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
