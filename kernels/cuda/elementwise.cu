// Row-wise kernels: one block a row where rows are reduced, else one thread per eight elements.
#include "moa_kernels/cuda/elementwise.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"

namespace moa::kernels::cuda {

namespace {

constexpr int kThreads = 256;

__device__ float silu(float z) {
    return z / (1.f + exp2Fast(-z * 1.4426950408889634f));
}

template <class T>
__global__ void __launch_bounds__(kThreads) embedRows(const EmbedParams p) {
    waitForPreviousKernel();
    letNextKernelStart();
    const int row = blockIdx.x;
    const T* from = static_cast<const T*>(p.table) + static_cast<std::int64_t>(p.ids[row]) * p.cols;
    T* to = static_cast<T*>(p.out) + row * p.outStride;
    for (int c = threadIdx.x * 8; c < p.cols; c += kThreads * 8)
        *reinterpret_cast<uint4*>(to + c) = *reinterpret_cast<const uint4*>(from + c);
}

template <class T>
__global__ void __launch_bounds__(kThreads) normRows(const RmsNormParams p) {
    __shared__ float scratch[32];
    const T* weight = static_cast<const T*>(p.weight);
    waitForPreviousKernel();
    letNextKernelStart();
    const T* x = static_cast<const T*>(p.x) + blockIdx.x * p.xStride;
    T* out = static_cast<T*>(p.out) + blockIdx.x * p.outStride;
    float squares = 0;
    for (int c = threadIdx.x * 8; c < p.cols; c += kThreads * 8) {
        const Floats8 v = load8(x + c);
#pragma unroll
        for (const float e : v.x) squares += e * e;
    }
    const float factor = rsqrtf(blockSum(squares, scratch) / static_cast<float>(p.cols) + p.eps);
    for (int c = threadIdx.x * 8; c < p.cols; c += kThreads * 8) {
        Floats8 v = load8(x + c); // from the cache: the row was read just now
        const Floats8 w = load8(weight + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) v.x[i] *= factor * w.x[i];
        store8(out + c, v);
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) swiGluRows(const SwiGluParams p) {
    waitForPreviousKernel();
    letNextKernelStart();
    const int c = (blockIdx.x * kThreads + threadIdx.x) * 8;
    if (c >= p.cols) return;
    for (std::int64_t r = blockIdx.y; r < p.rows; r += gridDim.y) {
        Floats8 g = load8(static_cast<const T*>(p.gate) + r * p.gateStride + c);
        const Floats8 u = load8(static_cast<const T*>(p.up) + r * p.upStride + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) g.x[i] = silu(g.x[i]) * u.x[i];
        store8(static_cast<T*>(p.out) + r * p.outStride + c, g);
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) addRows(const AddParams p) {
    const int c = (blockIdx.x * kThreads + threadIdx.x) * 8;
    if (c >= p.cols) return;
    for (std::int64_t r = blockIdx.y; r < p.rows; r += gridDim.y) {
        T* to = static_cast<T*>(p.to) + r * p.toStride + c;
        Floats8 a = load8(to);
        const Floats8 b = load8(static_cast<const T*>(p.from) + r * p.fromStride + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) a.x[i] += b.x[i];
        store8(to, a);
    }
}

/// Rotates the eight pairs (x_c, x_{c + D/2}) from pair `c` on, reading from `from` and writing to `to`.
template <class T>
__device__ void rotate8(const T* from, T* to, int half, int c, const float* cosine, const float* sine,
                        float sign) {
    const Floats8 a = load8(from + c), b = load8(from + half + c);
    Floats8 x, y;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const float cs = cosine[c + i], sn = sign * sine[c + i];
        x.x[i] = a.x[i] * cs - b.x[i] * sn;
        y.x[i] = b.x[i] * cs + a.x[i] * sn;
    }
    store8(to + c, x);
    store8(to + half + c, y);
}

template <class T>
__global__ void __launch_bounds__(kThreads) ropeRows(const RopeParams p) {
    const int half = p.headDim / 2, perHead = half / 8;
    for (std::int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
        const std::int64_t angle = static_cast<std::int64_t>(p.positions[row]) * half;
        for (int i = threadIdx.x; i < p.heads * perHead; i += kThreads) {
            T* head = static_cast<T*>(p.x) + row * p.xStride + i / perHead * p.headDim;
            rotate8(head, head, half, i % perHead * 8, p.cosine + angle, p.sine + angle,
                    p.inverse ? -1.f : 1.f);
        }
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) ropeAppendRows(const RopeAppendParams p) {
    const int half = p.headDim / 2, perHead = half / 8;
    waitForPreviousKernel();
    letNextKernelStart();
    const int sequence = blockIdx.y, position = p.positions[sequence];
    const int item = blockIdx.x * kThreads + threadIdx.x, head = item / perHead, c = item % perHead * 8;
    if (position < 0 || head >= p.heads + 2 * p.kvHeads) return;
    T* from = static_cast<T*>(p.qkv) + sequence * p.stride + static_cast<std::int64_t>(head) * p.headDim;
    const float* cosine = p.cosine + static_cast<std::int64_t>(position) * half;
    const float* sine = p.sine + static_cast<std::int64_t>(position) * half;
    if (head < p.heads) {
        rotate8(from, from, half, c, cosine, sine, 1.f);
        return;
    }
    const bool isKey = head < p.heads + p.kvHeads;
    const int kvHead = head - p.heads - (isKey ? 0 : p.kvHeads);
    const DecodeCache& cache = p.caches[sequence * p.kvHeads + kvHead];
    const int slot = position < cache.sink ? position : cache.sink + (position - cache.sink) % cache.ring;
    T* to = static_cast<T*>(isKey ? cache.k : cache.v) + static_cast<std::int64_t>(slot) * p.headDim;
    if (isKey) {
        rotate8(from, to, half, c, cosine, sine, 1.f);
        return;
    }
    *reinterpret_cast<uint4*>(to + c) = *reinterpret_cast<const uint4*>(from + c);
    *reinterpret_cast<uint4*>(to + half + c) = *reinterpret_cast<const uint4*>(from + half + c);
}

__global__ void advancePositions(std::int32_t* positions, int sequences) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    waitForPreviousKernel();
    letNextKernelStart();
    if (i < sequences && positions[i] >= 0) ++positions[i];
}

__device__ std::uint64_t mix64(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

template <class T>
__global__ void __launch_bounds__(kThreads) fillNormal(const RandomFillParams p) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads * 2;
    for (std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 2; i < p.count;
         i += step) {
        const std::uint64_t bits = mix64(p.seed + static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15ull);
        const float u = (static_cast<float>(bits >> 40) + 1.f) * 0x1p-24f; // (0, 1]
        const float angle = static_cast<float>(bits & 0xffffff) * (0x1p-24f * 6.283185307f);
        const float radius = p.deviation * sqrtf(-2.f * __logf(u));
        T* to = static_cast<T*>(p.out) + i;
        to[0] = fromFloat<T>(radius * __cosf(angle));
        if (i + 1 < p.count) to[1] = fromFloat<T>(radius * __sinf(angle));
    }
}

bool isWidth(int cols) {
    return cols > 0 && cols % 8 == 0;
}

dim3 gridOf(int rows, int cols) {
    return dim3((cols / 8 + kThreads - 1) / kThreads, rows < 65535 ? rows : 65535);
}

} // namespace

cudaError_t launchEmbed(const EmbedParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols)) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(embedRows<T>, dim3(p.rows), dim3(kThreads), 0, stream, p.overlapPrevious, p);
    });
}

cudaError_t launchRmsNorm(const RmsNormParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols)) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(normRows<T>, dim3(p.rows), dim3(kThreads), 0, stream, p.overlapPrevious, p);
    });
}

cudaError_t launchSwiGlu(const SwiGluParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols)) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(swiGluRows<T>, gridOf(p.rows, p.cols), dim3(kThreads), 0, stream,
                            p.overlapPrevious, p);
    });
}

cudaError_t launchAdd(const AddParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || !isWidth(p.cols)) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(addRows<T>, gridOf(p.rows, p.cols), dim3(kThreads), 0, stream, false, p);
    });
}

cudaError_t launchRope(const RopeParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || p.heads <= 0 || p.headDim % 16 != 0) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(ropeRows<T>, dim3(p.rows), dim3(kThreads), 0, stream, false, p);
    });
}

cudaError_t launchRopeAppend(const RopeAppendParams& p, cudaStream_t stream) {
    if (p.sequences <= 0 || p.heads <= 0 || p.kvHeads <= 0 || p.headDim % 16 != 0)
        return cudaErrorInvalidValue;
    const int items = (p.heads + 2 * p.kvHeads) * (p.headDim / 16);
    const dim3 grid((items + kThreads - 1) / kThreads, p.sequences);
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(ropeAppendRows<T>, grid, dim3(kThreads), 0, stream, p.overlapPrevious, p);
    });
}

cudaError_t launchAdvance(std::int32_t* positions, int sequences, cudaStream_t stream) {
    if (sequences <= 0) return cudaErrorInvalidValue;
    return launchKernel(advancePositions, dim3((sequences + kThreads - 1) / kThreads), dim3(kThreads), 0,
                        stream, false, positions, sequences);
}

cudaError_t launchRandomFill(const RandomFillParams& p, cudaStream_t stream) {
    if (p.count <= 0) return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(fillNormal<T>, dim3(2048), dim3(kThreads), 0, stream, false, p);
    });
}

} // namespace moa::kernels::cuda
