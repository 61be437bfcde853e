// Appending rows to ring caches; conversions between element types.
#include "moa_kernels/cuda/cache.h"

#include "kernels/cuda/element.cuh"
#include "kernels/cuda/launch.h"

namespace moa::kernels::cuda {

namespace {

constexpr int kThreads = 256;

/// One block a (new row, sequence); 16 bytes a thread and step.
__global__ void __launch_bounds__(kThreads) appendRows(const AppendParams p) {
    const NewRows item = p.items[blockIdx.y];
    const int r = blockIdx.x, position = item.held + r, chunks = p.headDim / 8;
    if (r >= item.count) return;
    for (int i = threadIdx.x; i < 2 * p.kvHeads * chunks; i += kThreads) {
        const bool isKey = i < p.kvHeads * chunks;
        const int within = isKey ? i : i - p.kvHeads * chunks, head = within / chunks,
                  chunk = within % chunks;
        const DecodeCache& cache = p.caches[blockIdx.y * p.kvHeads + head];
        if (position >= cache.sink && item.count - r > cache.ring) continue;
        const int slot = position < cache.sink ? position : cache.sink + (position - cache.sink) % cache.ring;
        const std::int64_t from =
            (item.firstRow + r) * (isKey ? p.kStride : p.vStride) + head * p.headDim + chunk * 8;
        const std::int64_t to = static_cast<std::int64_t>(slot) * p.headDim + chunk * 8;
        *reinterpret_cast<uint4*>(static_cast<char*>(isKey ? cache.k : cache.v) + to * 2) =
            *reinterpret_cast<const uint4*>(static_cast<const char*>(isKey ? p.k : p.v) + from * 2);
    }
}

__device__ inline float load(const void* from, ValueType type, std::int64_t i) {
    switch (type) {
    case ValueType::F32:
        return static_cast<const float*>(from)[i];
    case ValueType::F16:
        return toFloat(static_cast<const __half*>(from)[i]);
    case ValueType::BF16:
        break;
    }
    return toFloat(static_cast<const __nv_bfloat16*>(from)[i]);
}

__device__ inline void store(void* to, ValueType type, std::int64_t i, float x) {
    switch (type) {
    case ValueType::F32:
        static_cast<float*>(to)[i] = x;
        return;
    case ValueType::F16:
        static_cast<__half*>(to)[i] = fromFloat<__half>(x);
        return;
    case ValueType::BF16:
        static_cast<__nv_bfloat16*>(to)[i] = fromFloat<__nv_bfloat16>(x);
        return;
    }
}

__global__ void __launch_bounds__(kThreads) convertValues(const ConvertParams p) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < p.count;
         i += step)
        store(p.to, p.toType, i, load(p.from, p.fromType, i));
}

} // namespace

cudaError_t launchAppend(const AppendParams& p, cudaStream_t stream) {
    if (p.sequences <= 0 || p.sequences > 65535 || p.mostRows <= 0 || p.kvHeads <= 0 || p.headDim <= 0 ||
        p.headDim % 8 != 0)
        return cudaErrorInvalidValue;
    return launchKernel(appendRows, dim3(p.mostRows, p.sequences), dim3(kThreads), 0, stream, false, p);
}

cudaError_t launchConvert(const ConvertParams& p, cudaStream_t stream) {
    if (p.count <= 0) return cudaErrorInvalidValue;
    return launchKernel(convertValues, dim3(1024), dim3(kThreads), 0, stream, false, p);
}

} // namespace moa::kernels::cuda
