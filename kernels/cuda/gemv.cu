// y = W x: one block a multiprocessor holds x in shared memory; every warp streams pairs of rows of W through
// its own ring of asynchronous copies, as decode attention does with keys.
#include "moa_kernels/cuda/gemv.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"

namespace moa::kernels::cuda {

namespace {

constexpr int kStep = 32 * 8; // elements a warp reads of a row at once
constexpr int kUnroll = 4;
constexpr int kChunk = kUnroll * kStep; // elements of a row in one stage; a stage holds two rows' chunks
constexpr int kStageBytes = 2 * kChunk * 2;
constexpr int kRingBytes =
    96 * 1024;                // of all warps: another block with as much fits beside it and may start early
constexpr int kMostWarps = 8; // more would leave fewer than three stages to each

/// Rows that one warp multiplies at once.
struct Pair {
    const char* a = nullptr;
    const char* b = nullptr;
};

template <class T, GemvEpilogue Epilogue>
__device__ Pair pairOf(const GemvParams& p, int pair) {
    std::int64_t first = 2 * pair, second = first + 1;
    if constexpr (Epilogue == GemvEpilogue::SwiGlu) first = pair, second = pair + p.outCols;
    if constexpr (Epilogue == GemvEpilogue::RopeAppend) { // the two halves of a head that rotate together
        const int half = p.rope.headDim / 2;
        first = pair / half * p.rope.headDim + pair % half, second = first + half;
    }
    const auto* weight = static_cast<const char*>(p.weight);
    return {weight + first * p.inCols * 2, weight + second * p.inCols * 2};
}

/// Until the oldest of `stages` − 1 groups in flight has landed; three or four stages.
__device__ inline void waitStages(int stages) {
    stages == 3 ? waitCopies<1>() : waitCopies<2>(); // the instruction takes a constant
}

/// Issues the copies of elements k … k + kChunk of both rows; zeros behind the end.
__device__ inline void copyChunk(const Pair& rows, int k, int cols, std::uint32_t stage, int lane) {
#pragma unroll
    for (int i = 0; i < kUnroll; ++i) {
        const int at = k + i * kStep + lane * 8;
        const bool valid = at < cols;
        const std::int64_t from = 2 * static_cast<std::int64_t>(valid ? at : 0);
        copyAsync16(stage + (i * kStep + lane * 8) * 2, rows.a + from, valid);
        copyAsync16(stage + (kChunk + i * kStep + lane * 8) * 2, rows.b + from, valid);
    }
}

/// x, normalised where asked, as elements in shared memory, zeros up to a whole chunk.
template <class T>
__device__ void stageInput(const GemvParams& p, T* staged, float* scratch) {
    const T* x = static_cast<const T*>(p.x);
    const int padded = (p.inCols + kChunk - 1) / kChunk * kChunk, step = static_cast<int>(blockDim.x) * 8;
    float squares = 0;
    for (int c = threadIdx.x * 8; c < padded; c += step) {
        const uint4 bits = c < p.inCols ? *reinterpret_cast<const uint4*>(x + c) : uint4{};
        *reinterpret_cast<uint4*>(staged + c) = bits;
        const Floats8 v = unpack8<T>(bits);
#pragma unroll
        for (const float e : v.x) squares += e * e;
    }
    if (p.normWeight) {
        const float factor = rsqrtf(blockSum(squares, scratch) / static_cast<float>(p.inCols) + p.eps);
        for (int c = threadIdx.x * 8; c < p.inCols; c += step) {
            Floats8 v = load8(staged + c);
            const Floats8 w = load8(static_cast<const T*>(p.normWeight) + c);
#pragma unroll
            for (int i = 0; i < 8; ++i) v.x[i] *= factor * w.x[i];
            store8(staged + c, v);
        }
    }
    __syncthreads();
}

/// a and b are columns c and c + D/2 of a query, key or value head.
template <class T>
__device__ void rotateAndWrite(const GemvParams& p, int pair, float a, float b) {
    const RopeAppendParams& r = p.rope;
    const int half = r.headDim / 2, head = pair / half, c = pair % half, position = r.positions[0];
    if (position < 0) return;
    if (head < r.heads + r.kvHeads) {
        const float cosine = r.cosine[static_cast<std::int64_t>(position) * half + c];
        const float sine = r.sine[static_cast<std::int64_t>(position) * half + c];
        const float x = a;
        a = x * cosine - b * sine;
        b = b * cosine + x * sine;
    }
    T* to = static_cast<T*>(p.out) + static_cast<std::int64_t>(head) * r.headDim;
    if (head >= r.heads) {
        const bool isKey = head < r.heads + r.kvHeads;
        const DecodeCache& cache = r.caches[head - r.heads - (isKey ? 0 : r.kvHeads)];
        const int slot = position < cache.sink ? position : cache.sink + (position - cache.sink) % cache.ring;
        to = static_cast<T*>(isKey ? cache.k : cache.v) + static_cast<std::int64_t>(slot) * r.headDim;
    }
    to[c] = fromFloat<T>(a);
    to[c + half] = fromFloat<T>(b);
}

template <class T, GemvEpilogue Epilogue>
__device__ void writePair(const GemvParams& p, int pair, float a, float b) {
    if constexpr (Epilogue == GemvEpilogue::StoreFloat) {
        *reinterpret_cast<float2*>(static_cast<float*>(p.out) + 2 * pair) = make_float2(a, b);
    } else if constexpr (Epilogue == GemvEpilogue::SwiGlu) {
        const float gate = a / (1.f + exp2Fast(-a * 1.4426950408889634f));
        static_cast<T*>(p.out)[pair] = fromFloat<T>(gate * b);
    } else if constexpr (Epilogue == GemvEpilogue::RopeAppend) {
        rotateAndWrite<T>(p, pair, a, b);
    } else {
        auto* to = reinterpret_cast<std::uint32_t*>(static_cast<T*>(p.out) + 2 * pair);
        if constexpr (Epilogue == GemvEpilogue::Add) {
            const float2 before = unpackPair<T>(*to);
            a += before.x, b += before.y;
        }
        *to = packPair<T>(a, b);
    }
}

/// Warp w of the grid has the pairs w, w + warps, …; its ring of stages runs ahead across them.
template <class T, GemvEpilogue Epilogue>
__global__ void __launch_bounds__(kMostWarps * 32) gemv(const GemvParams p) {
    extern __shared__ __align__(16) unsigned char shared[];
    __shared__ float scratch[32];
    const int lane = threadIdx.x % 32, warps = blockDim.x / 32, allWarps = gridDim.x * warps;
    const int warp =
        threadIdx.x / 32 * gridDim.x + blockIdx.x; // neighbours read neighbouring rows at the same time
    const int stages = kRingBytes / kStageBytes / warps;
    const int chunks = (p.inCols + kChunk - 1) / kChunk;
    unsigned char* ring = shared + threadIdx.x / 32 * stages * kStageBytes;
    T* x = reinterpret_cast<T*>(shared + warps * stages * kStageBytes);
    const int pairs = Epilogue == GemvEpilogue::SwiGlu ? p.outCols : p.outCols / 2;

    int aheadPair = warp, aheadChunk = 0, aheadStage = 0;
    const auto copyNext = [&] {
        if (aheadPair < pairs) {
            copyChunk(pairOf<T, Epilogue>(p, aheadPair), aheadChunk * kChunk, p.inCols,
                      sharedAddress(ring + aheadStage * kStageBytes), lane);
            if (++aheadChunk == chunks) aheadChunk = 0, aheadPair += allWarps;
            if (++aheadStage == stages) aheadStage = 0;
        }
        commitCopies();
    };
    for (int i = 0; i < stages - 1; ++i) copyNext(); // weights depend on no kernel
    waitForPreviousKernel();
    letNextKernelStart();
    stageInput<T>(p, x, scratch);

    int stage = 0;
    for (int pair = warp; pair < pairs; pair += allWarps) {
        float a = 0, b = 0;
        for (int chunk = 0; chunk < chunks; ++chunk) {
            waitStages(stages);
            __syncwarp();
            copyNext();
            const T* rows = reinterpret_cast<const T*>(ring + stage * kStageBytes);
            if (++stage == stages) stage = 0;
#pragma unroll
            for (int i = 0; i < kUnroll; ++i) {
                const int at = i * kStep + lane * 8;
                const Floats8 v = load8(x + chunk * kChunk + at), wa = load8(rows + at),
                              wb = load8(rows + kChunk + at);
#pragma unroll
                for (int j = 0; j < 8; ++j) a += v.x[j] * wa.x[j], b += v.x[j] * wb.x[j];
            }
        }
        a = warpSum(a), b = warpSum(b);
        if (lane == 0) writePair<T, Epilogue>(p, pair, a, b);
    }
}

/// Warps a block, so that the last round of pairs is as full as can be.
int warpsFor(int pairs, int multiprocessors) {
    int best = 6;
    double least = 1e30;
    for (int warps = 6; warps <= kMostWarps; ++warps) {
        const int all = warps * multiprocessors;
        const double rounds = (pairs + all - 1) / all * static_cast<double>(all) / pairs;
        if (rounds < least - 0.005) least = rounds, best = warps;
    }
    return best;
}

template <class T, GemvEpilogue Epilogue>
cudaError_t launchFor(const GemvParams& p, cudaStream_t stream) {
    const int pairs = Epilogue == GemvEpilogue::SwiGlu ? p.outCols : p.outCols / 2;
    int device = 0, multiprocessors = 0;
    if (const auto e = cudaGetDevice(&device); e != cudaSuccess) return e;
    if (const auto e = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
        e != cudaSuccess)
        return e;
    const int warps = warpsFor(pairs, multiprocessors);
    const std::size_t padded = static_cast<std::size_t>((p.inCols + kChunk - 1) / kChunk) * kChunk;
    const std::size_t bytes =
        static_cast<std::size_t>(kRingBytes / kStageBytes / warps * warps) * kStageBytes + padded * sizeof(T);
    if (const auto e = allowSharedMemory(gemv<T, Epilogue>, bytes); e != cudaSuccess) return e;
    return launchKernel(gemv<T, Epilogue>, dim3(multiprocessors), dim3(warps * 32), bytes, stream,
                        p.overlapPrevious, p);
}

} // namespace

cudaError_t launchGemv(const GemvParams& p, cudaStream_t stream) {
    if (p.inCols <= 0 || p.inCols % 8 != 0 || p.inCols > 32768 || p.outCols <= 0 || p.outCols % 2 != 0)
        return cudaErrorInvalidValue;
    const RopeAppendParams& r = p.rope;
    if (p.epilogue == GemvEpilogue::RopeAppend && (r.sequences != 1 || r.headDim <= 0 || r.headDim % 2 != 0 ||
                                                   p.outCols != (r.heads + 2 * r.kvHeads) * r.headDim))
        return cudaErrorInvalidValue;
    return withElement(p.element, [&]<class T>(T) {
        switch (p.epilogue) {
        case GemvEpilogue::Store:
            return launchFor<T, GemvEpilogue::Store>(p, stream);
        case GemvEpilogue::StoreFloat:
            return launchFor<T, GemvEpilogue::StoreFloat>(p, stream);
        case GemvEpilogue::Add:
            return launchFor<T, GemvEpilogue::Add>(p, stream);
        case GemvEpilogue::SwiGlu:
            return launchFor<T, GemvEpilogue::SwiGlu>(p, stream);
        case GemvEpilogue::RopeAppend:
            return launchFor<T, GemvEpilogue::RopeAppend>(p, stream);
        }
        return cudaErrorInvalidValue;
    });
}

} // namespace moa::kernels::cuda
