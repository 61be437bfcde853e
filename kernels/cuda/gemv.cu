// y = W x: every warp streams two rows of W, eight 16-byte loads in flight a lane, against x in shared memory.
#include "moa_kernels/cuda/gemv.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"

namespace moa::kernels::cuda {

namespace {

constexpr int kWarps = 4, kThreads = kWarps * 32;
constexpr int kUnroll = 4;                   // loads of one row in flight
constexpr int kStep = 32 * 8;                // elements a warp reads of a row at once
constexpr int kBlockElements = kUnroll * kStep;

__device__ inline uint4 loadStreaming(const void* from) {
    uint4 v;
    asm volatile("ld.global.L1::no_allocate.L2::256B.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}

__device__ inline void prefetchL2(const void* line) { asm volatile("prefetch.global.L2 [%0];" ::"l"(line)); }

/// The next kBlockElements of both rows from element `k` on; zeros behind the end.
template <class T>
__device__ void fetch(uint4 (&a)[kUnroll], uint4 (&b)[kUnroll], const T* rowA, const T* rowB, int k, int cols,
                      int lane) {
#pragma unroll
    for (int i = 0; i < kUnroll; ++i) {
        const int at = k + i * kStep + lane * 8;
        a[i] = at < cols ? loadStreaming(rowA + at) : uint4{};
        b[i] = at < cols ? loadStreaming(rowB + at) : uint4{};
    }
}

/// x, normalised where asked, as elements in shared memory.
template <class T>
__device__ void stageInput(const GemvParams& p, T* staged, float* scratch) {
    const T* x = static_cast<const T*>(p.x);
    float squares = 0;
    for (int c = threadIdx.x * 8; c < p.inCols; c += kThreads * 8) {
        const uint4 bits = *reinterpret_cast<const uint4*>(x + c);
        *reinterpret_cast<uint4*>(staged + c) = bits;
        const Floats8 v = unpack8<T>(bits);
#pragma unroll
        for (const float e : v.x) squares += e * e;
    }
    if (p.normWeight) {
        const float factor = rsqrtf(blockSum(squares, scratch) / static_cast<float>(p.inCols) + p.eps);
        for (int c = threadIdx.x * 8; c < p.inCols; c += kThreads * 8) {
            Floats8 v = load8(staged + c);
            const Floats8 w = load8(static_cast<const T*>(p.normWeight) + c);
#pragma unroll
            for (int i = 0; i < 8; ++i) v.x[i] *= factor * w.x[i];
            store8(staged + c, v);
        }
    }
    __syncthreads();
}

template <class T, GemvEpilogue Epilogue>
__global__ void __launch_bounds__(kThreads) gemv(const GemvParams p) {
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ float scratch[32];
    T* x = reinterpret_cast<T*>(shared);
    const int lane = threadIdx.x % 32, pair = blockIdx.x * kWarps + threadIdx.x / 32;
    const int pairs = Epilogue == GemvEpilogue::SwiGlu ? p.outCols : p.outCols / 2;
    const bool busy = pair < pairs;
    const int first = Epilogue == GemvEpilogue::SwiGlu ? pair : 2 * pair;
    const int second = Epilogue == GemvEpilogue::SwiGlu ? pair + p.outCols : 2 * pair + 1;
    const T* rowA = static_cast<const T*>(p.weight) + static_cast<std::int64_t>(busy ? first : 0) * p.inCols;
    const T* rowB = static_cast<const T*>(p.weight) + static_cast<std::int64_t>(busy ? second : 0) * p.inCols;
    uint4 a[kUnroll], b[kUnroll];
    // Weights depend on no kernel: the first go to registers, the others on their way to L2, while the one before ends.
    fetch(a, b, rowA, rowB, 0, p.inCols, lane);
    for (int k = kBlockElements + lane * 64; k < p.inCols; k += 32 * 64) {
        prefetchL2(rowA + k);
        prefetchL2(rowB + k);
    }
    waitForPreviousKernel();
    letNextKernelStart();
    stageInput<T>(p, x, scratch);
    if (!busy) return;
    float sumA = 0, sumB = 0;
    for (int k = 0; k < p.inCols; k += kBlockElements) {
        uint4 nextA[kUnroll], nextB[kUnroll];
        fetch(nextA, nextB, rowA, rowB, k + kBlockElements, p.inCols, lane);
#pragma unroll
        for (int i = 0; i < kUnroll; ++i) {
            const int at = k + i * kStep + lane * 8;
            if (at >= p.inCols) break;
            const Floats8 v = load8(x + at), wa = unpack8<T>(a[i]), wb = unpack8<T>(b[i]);
#pragma unroll
            for (int j = 0; j < 8; ++j) sumA += v.x[j] * wa.x[j], sumB += v.x[j] * wb.x[j];
        }
#pragma unroll
        for (int i = 0; i < kUnroll; ++i) a[i] = nextA[i], b[i] = nextB[i];
    }
    sumA = warpSum(sumA), sumB = warpSum(sumB);
    if (lane != 0) return;
    if constexpr (Epilogue == GemvEpilogue::StoreFloat) {
        *reinterpret_cast<float2*>(static_cast<float*>(p.out) + first) = make_float2(sumA, sumB);
    } else if constexpr (Epilogue == GemvEpilogue::SwiGlu) {
        const float gate = sumA / (1.f + exp2Fast(-sumA * 1.4426950408889634f));
        static_cast<T*>(p.out)[first] = fromFloat<T>(gate * sumB);
    } else {
        auto* to = reinterpret_cast<std::uint32_t*>(static_cast<T*>(p.out) + first);
        if constexpr (Epilogue == GemvEpilogue::Add) {
            const float2 before = unpackPair<T>(*to);
            sumA += before.x, sumB += before.y;
        }
        *to = packPair<T>(sumA, sumB);
    }
}

template <class T, GemvEpilogue Epilogue>
cudaError_t launchFor(const GemvParams& p, cudaStream_t stream) {
    const int pairs = Epilogue == GemvEpilogue::SwiGlu ? p.outCols : p.outCols / 2;
    const std::size_t bytes = static_cast<std::size_t>(p.inCols) * sizeof(T);
    if (bytes > 48 * 1024)
        if (const auto e = allowSharedMemory(gemv<T, Epilogue>, bytes); e != cudaSuccess) return e;
    return launchKernel(gemv<T, Epilogue>, dim3((pairs + kWarps - 1) / kWarps), dim3(kThreads), bytes, stream,
                        p.overlapPrevious, p);
}

} // namespace

cudaError_t launchGemv(const GemvParams& p, cudaStream_t stream) {
    if (p.inCols <= 0 || p.inCols % 8 != 0 || p.inCols > 32768 || p.outCols <= 0 || p.outCols % 2 != 0)
        return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        switch (p.epilogue) {
        case GemvEpilogue::Store: return launchFor<T, GemvEpilogue::Store>(p, stream);
        case GemvEpilogue::StoreFloat: return launchFor<T, GemvEpilogue::StoreFloat>(p, stream);
        case GemvEpilogue::Add: return launchFor<T, GemvEpilogue::Add>(p, stream);
        case GemvEpilogue::SwiGlu: return launchFor<T, GemvEpilogue::SwiGlu>(p, stream);
        }
        return cudaErrorInvalidValue;
    });
}

} // namespace moa::kernels::cuda
