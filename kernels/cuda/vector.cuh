// Eight 16-bit elements as one 16-byte access.
#pragma once

#include "kernels/cuda/element.cuh"

namespace moa::kernels::cuda {

struct Floats8 {
    float x[8];
};

template <class T>
__device__ inline Floats8 unpack8(const uint4& bits) {
    const float2 a = unpackPair<T>(bits.x), b = unpackPair<T>(bits.y), c = unpackPair<T>(bits.z),
                 d = unpackPair<T>(bits.w);
    return {{a.x, a.y, b.x, b.y, c.x, c.y, d.x, d.y}};
}

template <class T>
__device__ inline uint4 pack8(const Floats8& v) {
    return {packPair<T>(v.x[0], v.x[1]), packPair<T>(v.x[2], v.x[3]), packPair<T>(v.x[4], v.x[5]),
            packPair<T>(v.x[6], v.x[7])};
}

template <class T>
__device__ inline Floats8 load8(const T* from) {
    return unpack8<T>(*reinterpret_cast<const uint4*>(from));
}

template <class T>
__device__ inline void store8(T* to, const Floats8& v) {
    *reinterpret_cast<uint4*>(to) = pack8<T>(v);
}

__device__ inline float warpSum(float x) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

__device__ inline float warpMax(float x) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, step));
    return x;
}

/// Sum over a block of at most 1,024 threads, the same in each; `scratch` [32] may be used again after a
/// barrier.
__device__ inline float blockSum(float x, float* scratch) {
    x = warpSum(x);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = (blockDim.x + 31) / 32;
    if (lane == 0) scratch[warp] = x;
    __syncthreads();
    const float sum = warpSum(lane < warps ? scratch[lane] : 0.f);
    __syncthreads();
    return sum;
}

} // namespace moa::kernels::cuda
