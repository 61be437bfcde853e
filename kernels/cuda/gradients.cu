// Row-wise backward kernels: one block a row where rows are reduced, else one thread per eight values.
#include "moa_kernels/cuda/gradients.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"

#include <cmath>

namespace moa::kernels::cuda {

namespace {

constexpr int kThreads = 256;
constexpr float kLog2e = 1.4426950408889634f, kMostHalf = 65504.f;

/// Eight gradients as elements; what FP16 cannot hold becomes the most that it can.
template <class T>
__device__ void storeGradient(T* to, Floats8 v) {
    if constexpr (std::is_same_v<T, __half>)
#pragma unroll
        for (float& x : v.x) x = fminf(fmaxf(x, -kMostHalf), kMostHalf);
    store8(to, v);
}

__device__ Floats8 loadFloats(const float* from) {
    const float4 a = *reinterpret_cast<const float4*>(from), b = *reinterpret_cast<const float4*>(from + 4);
    return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
}

/// Largest |x| as its bits, whose order is that of the values; not-a-number is the largest of all.
__global__ void __launch_bounds__(kThreads) largestSize(const NarrowParams p) {
    __shared__ unsigned most;
    if (threadIdx.x == 0) most = 0;
    __syncthreads();
    unsigned own = 0;
    for (std::int64_t row = blockIdx.x; row < p.rows; row += gridDim.x)
        for (int c = threadIdx.x * 4; c < p.cols; c += kThreads * 4) {
            const uint4 x = *reinterpret_cast<const uint4*>(p.x + row * p.xStride + c);
            own = max(max(own, max(x.x & 0x7fffffffu, x.y & 0x7fffffffu)),
                      max(x.z & 0x7fffffffu, x.w & 0x7fffffffu));
        }
    own = __reduce_max_sync(~0u, own);
    if (threadIdx.x % 32 == 0) atomicMax(&most, own);
    __syncthreads();
    if (threadIdx.x == 0) atomicMax(reinterpret_cast<unsigned*>(p.factor + 1), most);
}

template <class T>
__global__ void __launch_bounds__(kThreads) narrowRows(const NarrowParams p) {
    const float most = p.factor[1];
    const int exponent = most > 0 && most < INFINITY ? max(ilogbf(most), -100) : 0;
    const float scale = ldexpf(1.f, -exponent);
    const int c = (blockIdx.x * kThreads + threadIdx.x) * 8;
    if (blockIdx.x == 0 && blockIdx.y == 0 && threadIdx.x == 0)
        p.factor[0] = most < INFINITY ? ldexpf(1.f, exponent) : NAN; // no number passes for one
    if (c >= p.cols) return;
    for (std::int64_t r = blockIdx.y; r < p.rows; r += gridDim.y) {
        Floats8 v = loadFloats(p.x + r * p.xStride + c);
#pragma unroll
        for (float& x : v.x) x *= scale;
        store8(static_cast<T*>(p.out) + r * p.outStride + c, v);
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) rmsNormBackwardRows(const RmsNormBackwardParams p) {
    __shared__ float scratch[32];
    const T* weight = static_cast<const T*>(p.weight);
    const T* x = static_cast<const T*>(p.x) + blockIdx.x * p.xStride;
    const T* dOut = static_cast<const T*>(p.dOut) + blockIdx.x * p.dOutStride;
    float* dX = p.dX + blockIdx.x * p.dXStride;
    float squares = 0, products = 0;
    for (int c = threadIdx.x * 8; c < p.cols; c += kThreads * 8) {
        const Floats8 v = load8(x + c), w = load8(weight + c), d = load8(dOut + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) squares += v.x[i] * v.x[i], products += v.x[i] * w.x[i] * d.x[i];
    }
    const float cols = static_cast<float>(p.cols);
    const float root = rsqrtf(blockSum(squares, scratch) / cols + p.eps);
    const float pull = blockSum(products, scratch) / cols * root * root;
    const float factor = (p.factor ? *p.factor : 1.f) * root;
    for (int c = threadIdx.x * 8; c < p.cols; c += kThreads * 8) {
        const Floats8 v = load8(x + c), w = load8(weight + c), d = load8(dOut + c);
        Floats8 to = loadFloats(dX + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) to.x[i] += factor * (w.x[i] * d.x[i] - v.x[i] * pull);
        *reinterpret_cast<float4*>(dX + c) = {to.x[0], to.x[1], to.x[2], to.x[3]};
        *reinterpret_cast<float4*>(dX + c + 4) = {to.x[4], to.x[5], to.x[6], to.x[7]};
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) swiGluBackwardRows(const SwiGluBackwardParams p) {
    const int c = (blockIdx.x * kThreads + threadIdx.x) * 8;
    if (c >= p.cols) return;
    for (std::int64_t r = blockIdx.y; r < p.rows; r += gridDim.y) {
        T* gate = static_cast<T*>(p.gate) + r * p.gateStride + c;
        T* up = static_cast<T*>(p.up) + r * p.upStride + c;
        Floats8 g = load8(gate), u = load8(up);
        const Floats8 d = load8(static_cast<const T*>(p.dOut) + r * p.dOutStride + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            const float z = g.x[i], sigmoid = 1.f / (1.f + exp2Fast(-z * kLog2e));
            g.x[i] = d.x[i] * u.x[i] * sigmoid * (1.f + z * (1.f - sigmoid));
            u.x[i] = d.x[i] * z * sigmoid;
        }
        storeGradient(gate, g);
        storeGradient(up, u);
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) crossEntropyRows(const CrossEntropyParams p) {
    __shared__ float scratch[32];
    __shared__ float most;
    const float* logits = p.logits + static_cast<std::int64_t>(blockIdx.x) * p.vocab;
    T* gradient = static_cast<T*>(p.dLogits) + static_cast<std::int64_t>(blockIdx.x) * p.vocab;
    const int target = p.targets[blockIdx.x];
    float top = -INFINITY;
    for (int i = threadIdx.x; i < p.vocab; i += kThreads) top = fmaxf(top, logits[i]);
    top = warpMax(top);
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = top;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int w = 0; w < kThreads / 32; ++w) top = fmaxf(top, scratch[w]);
        most = top;
    }
    __syncthreads();
    top = most;
    float others = 0; // of all but the target: a sure answer would cancel to nothing in p − 1
    for (int i = threadIdx.x; i < p.vocab; i += kThreads)
        if (i != target) others += expf(logits[i] - top);
    others = blockSum(others, scratch);
    const float own = expf(logits[target] - top), total = own + others, factor = p.scale / total;
    for (int i = threadIdx.x; i < p.vocab; i += kThreads)
        gradient[i] = fromFloat<T>(i == target ? -others * factor : expf(logits[i] - top) * factor);
    // log(total) − (target − top), which is next to nothing for a sure answer.
    if (threadIdx.x == 0)
        p.losses[blockIdx.x] = own > 0.1f ? log1pf(others / own) : logf(total) - (logits[target] - top);
}

bool isWidth(int cols) {
    return cols > 0 && cols % 8 == 0;
}

dim3 gridOf(int rows, int cols) {
    return dim3((cols / 8 + kThreads - 1) / kThreads, rows < 65535 ? rows : 65535);
}

} // namespace

cudaError_t launchNarrow(const NarrowParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols) || !p.factor) return cudaErrorInvalidValue;
    if (const auto e = cudaMemsetAsync(p.factor + 1, 0, sizeof(float), stream); e != cudaSuccess) return e;
    const dim3 grid(p.rows < 2048 ? p.rows : 2048);
    if (const auto e = launchKernel(largestSize, grid, dim3(kThreads), 0, stream, false, p); e != cudaSuccess)
        return e;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(narrowRows<T>, gridOf(p.rows, p.cols), dim3(kThreads), 0, stream, false, p);
    });
}

cudaError_t launchRmsNormBackward(const RmsNormBackwardParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols)) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(rmsNormBackwardRows<T>, dim3(p.rows), dim3(kThreads), 0, stream, false, p);
    });
}

cudaError_t launchSwiGluBackward(const SwiGluBackwardParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols)) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(swiGluBackwardRows<T>, gridOf(p.rows, p.cols), dim3(kThreads), 0, stream, false,
                            p);
    });
}

cudaError_t launchCrossEntropy(const CrossEntropyParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || p.vocab <= 0) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(crossEntropyRows<T>, dim3(p.rows), dim3(kThreads), 0, stream, false, p);
    });
}

} // namespace moa::kernels::cuda
