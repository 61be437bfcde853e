// Row-wise CPU kernels around attention: RMSNorm, RoPE, SwiGLU and their backward passes. Single-threaded;
// callers split rows. Rows are contiguous unless a stride is given.
#pragma once

#include <cstdint>

namespace moa::kernels {

/// out[r] = x[r] · rsqrt(mean(x[r]²) + eps) ∘ weight; rows × cols, out may be x.
void rmsNorm(const float* x, const float* weight, float eps, std::int64_t rows, std::int64_t cols, float* out);
/// dX += ∂/∂x of rmsNorm, given dOut.
void rmsNormBackward(const float* x, const float* weight, float eps, const float* dOut, std::int64_t rows,
                     std::int64_t cols, float* dX);
/// gate[i] = silu(gate[i]) · up[i].
void swiGlu(float* gate, const float* up, std::int64_t count);
/// From gate, up (before swiGlu) and dOut: gate ← ∂gate, up ← ∂up.
void swiGluBackward(float* gate, float* up, const float* dOut, std::int64_t count);
/// to[i] += from[i].
void addInPlace(float* to, const float* from, std::int64_t count);
/// Rotates `heads` heads of one row, the halves of each head paired (Llama convention). cosine, sine:
/// [headDim/2]. `inverse` rotates back, which is also the gradient.
void rope(float* row, int heads, int headDim, const float* cosine, const float* sine, bool inverse);

} // namespace moa::kernels
