// What the passes of attention backward share: tiles in shared memory, products of 16 rows a warp, and the
// slow, safe treatment of rows whose float sums have lost their precision.
#pragma once

#include "kernels/cuda/backward_products.cuh"
#include "kernels/cuda/prefill_mask.cuh"
#include "kernels/cuda/vector.cuh"
#include "moa_kernels/cuda/attention_backward.h"

#include <cmath>

namespace moa::kernels::cuda {

inline constexpr float kLog2e = 1.4426950408889634f;

/// `count` of `Rows` rows of D elements to shared memory, zeros for the others; `stride` in bytes.
template <class P, int D, int Rows>
__device__ void copyBackwardRows(const char* from, std::int64_t stride, int count, std::uint32_t to) {
    constexpr int kChunks = D / 8;
    for (int i = threadIdx.x; i < Rows * kChunks; i += kBackwardThreads) {
        const int row = i / kChunks, chunk = i % kChunks;
        const bool valid = row < count;
        copyAsync16(to + P::template chunk<Rows>(row, chunk), from + (valid ? row : 0) * stride + chunk * 16,
                    valid);
    }
}

/// Start of the block's arrays in shared memory, aligned for every layout; kBackwardSlack bytes more are
/// asked for.
inline constexpr int kBackwardSlack = 1024;
__device__ inline unsigned char* alignedShared(unsigned char* raw) {
    return raw + (1024 - sharedAddress(raw) % 1024) % 1024;
}

/// Gradients leave as elements; sums over thousands of rows may exceed what FP16 holds.
template <class T>
__device__ inline std::uint32_t packGradient(float x, float y) {
    constexpr float kMost = 65504.f;
    if constexpr (std::is_same_v<T, __half>)
        return packPair<T>(fminf(fmaxf(x, -kMost), kMost), fminf(fmaxf(y, -kMost), kMost));
    else
        return packPair<T>(x, y);
}

/// This lane's two rows of 16, times `factor`, to rows `stride` bytes apart; `rows` of them exist.
template <class T, int D>
__device__ void writeGradient(const float (&o)[D / 8][4], float factor, char* to, std::int64_t stride,
                              int rows, int lane) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int row = lane / 4 + 8 * half;
        if (row >= rows) continue;
        char* at = to + row * stride + lane % 4 * 4;
#pragma unroll
        for (int n = 0; n < D / 8; ++n)
            *reinterpret_cast<std::uint32_t*>(at + n * 16) =
                packGradient<T>(o[n][2 * half] * factor, o[n][2 * half + 1] * factor);
    }
}

/// Rows of one query head and its KV head in global memory; strides in bytes.
struct HeadInMemory {
    const char *q, *dOut, *k, *v;
    std::int64_t qStride, dOutStride, kStride, vStride;
    const float *lse, *delta;
    int n, window, sink;
    float scale;

    __device__ HeadInMemory(const AttentionBackwardParams& p, int head)
        : qStride(2 * p.qStride), dOutStride(2 * p.dOutStride), kStride(2 * p.kStride),
          vStride(2 * p.vStride), lse(p.lse + head * p.lseStride),
          delta(p.delta + static_cast<std::int64_t>(head) * p.n), n(p.n), sink(p.sink), scale(p.scale) {
        const int kvHead = head / (p.heads / p.kvHeads);
        const std::int64_t column = 2ll * head * p.headDim, kvColumn = 2ll * kvHead * p.headDim;
        q = static_cast<const char*>(p.q) + column, dOut = static_cast<const char*>(p.dOut) + column;
        k = static_cast<const char*>(p.k) + kvColumn, v = static_cast<const char*>(p.v) + kvColumn;
        window = p.windows ? p.windows[kvHead] : 1 << 30;
    }
    /// Some of the rows first … last sees some of the keys of that tile.
    __device__ bool seesTile(int tile, int first, int last) const {
        const int key = tile * kBackwardTile;
        return key <= last && (key < sink || first - (key + kBackwardTile - 1) < window);
    }
};

/// Σ w·g / Σ w over keys of row `row` that lie in [0, sinkEnd) or [from, row], but for key `without`, with
/// weights w relative to the largest of them, so that nothing underflows; 0 without any. The whole warp takes
/// part.
template <class T, int D>
__device__ __noinline__ float exactMeanGradient(const HeadInMemory& h, int row, int sinkEnd, int from,
                                                int without) {
    const T* q = reinterpret_cast<const T*>(h.q + row * h.qStride);
    const T* dOut = reinterpret_cast<const T*>(h.dOut + row * h.dOutStride);
    float most = -INFINITY, mass = 0, sum = 0;
    for (int key = threadIdx.x % 32; key <= row; key += 32) {
        if ((key >= sinkEnd && key < from) || key == without) continue;
        if (key >= h.sink && row - key >= h.window) continue;
        const T* k = reinterpret_cast<const T*>(h.k + key * h.kStride);
        const T* v = reinterpret_cast<const T*>(h.v + key * h.vStride);
        float score = 0, g = 0;
        for (int d = 0; d < D; ++d) {
            score += toFloat(q[d]) * toFloat(k[d]);
            g += toFloat(dOut[d]) * toFloat(v[d]);
        }
        score *= h.scale * kLog2e;
        const float top = fmaxf(most, score), shrink = exp2f(most - top), w = exp2f(score - top);
        mass = mass * shrink + w, sum = sum * shrink + w * g, most = top;
    }
    const float top = warpMax(most);
    if (top == -INFINITY) return 0;
    const float shrink = most == -INFINITY ? 0.f : exp2f(most - top);
    return warpSum(sum * shrink) / warpSum(mass * shrink);
}

/// Below these masses float sums have lost their relative precision; exactMeanGradient() serves.
inline constexpr float kLostMass = 1e-25f, kWeakMass = 1e-30f;
/// A weight above this is its row's only one, whatever its rounding.
inline constexpr float kDominant = 0.51f;

/// |E| of a weight of at most ½ (docs/method.md), from A·(g − δ): its size over 1 − A.
__device__ inline float influenceOf(float weightTimesExcess, float weight) {
    float inverse;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(1.f - weight));
    return fabsf(weightTimesExcess * inverse);
}

} // namespace moa::kernels::cuda
