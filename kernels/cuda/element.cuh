// Conversions of the two 16-bit element types, two values at a time.
#pragma once

#include "moa_kernels/cuda/types.h"

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace moa::kernels::cuda {

__device__ inline float toFloat(__half x) {
    return __half2float(x);
}
__device__ inline float toFloat(__nv_bfloat16 x) {
    return __bfloat162float(x);
}

template <class T>
__device__ inline T fromFloat(float x);
template <>
__device__ inline __half fromFloat<__half>(float x) {
    return __float2half_rn(x);
}
template <>
__device__ inline __nv_bfloat16 fromFloat<__nv_bfloat16>(float x) {
    return __float2bfloat16_rn(x);
}

/// Two values as the 32 bits in which they lie in memory, the first in the low half.
template <class T>
__device__ inline std::uint32_t packPair(float x, float y);
template <>
__device__ inline std::uint32_t packPair<__half>(float x, float y) {
    const __half2 pair = __floats2half2_rn(x, y);
    return *reinterpret_cast<const std::uint32_t*>(&pair);
}
template <>
__device__ inline std::uint32_t packPair<__nv_bfloat16>(float x, float y) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(x, y);
    return *reinterpret_cast<const std::uint32_t*>(&pair);
}

template <class T>
__device__ inline float2 unpackPair(std::uint32_t bits);
template <>
__device__ inline float2 unpackPair<__half>(std::uint32_t bits) {
    return __half22float2(*reinterpret_cast<const __half2*>(&bits));
}
template <>
__device__ inline float2 unpackPair<__nv_bfloat16>(std::uint32_t bits) {
    return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&bits));
}

/// Calls f with a value of the C++ type that `element` names.
template <class F>
cudaError_t withElement(Element element, F&& f) {
    return element == Element::F16 ? f(__half{}) : f(__nv_bfloat16{});
}

} // namespace moa::kernels::cuda
