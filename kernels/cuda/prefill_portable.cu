// Prefill attention with mma.sync: eight warps of 16 query rows each share key tiles of 64, double-buffered
// by asynchronous copies. The same kernel serves contiguous keys and keys in runs; a tile never crosses a
// run's end.
#include "kernels/cuda/element.cuh"
#include "kernels/cuda/head_dims.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/prefill_launch.h"
#include "kernels/cuda/prefill_mask.cuh"
#include "kernels/cuda/ptx.cuh"
#include "moa_kernels/cuda/run_attention.h"

#include <cmath>

namespace moa::kernels::cuda {

namespace {

constexpr int kWarps = 8, kThreads = kWarps * 32, kRows = kWarps * 16, kKeys = 64;
constexpr float kLog2e = 1.4426950408889634f;

template <int D>
struct Layout {
    static constexpr int kPitch = 2 * D + 16; // of a row, bytes: no bank conflicts for ldmatrix
    static constexpr int kTileBytes = kKeys * kPitch;
    static constexpr int kBytes =
        4 * kTileBytes; // two stages of keys and values; the queries pass through first
};

/// What one block computes: some rows of one query head.
struct Task {
    const char* q;                   ///< first row
    char* out;                       ///< first row
    float* lse;                      ///< first row; nullable
    std::int64_t qStride, outStride; ///< bytes
    int rows;                        ///< in this block
    int firstPosition, window, sink;
    KeyRun runs[kKeyRuns];
};

__device__ bool taskOf(const PrefillAttentionParams& p, Task& t) {
    const int block = gridDim.x - 1 - blockIdx.x, head = blockIdx.y, sequence = blockIdx.z; // longest first
    const int first = block * kRows, kvHead = head / (p.heads / p.kvHeads);
    const auto at = [&](const HeadRows& r, int h, int token) {
        return static_cast<char*>(r.data) +
               2 * (sequence * r.sequenceStride + h * r.headStride + token * r.tokenStride);
    };
    t.q = at(p.q, head, first);
    t.out = at(p.out, head, first);
    const std::int64_t lseStride = p.lseStride ? p.lseStride : p.queryTokens;
    t.lse = p.lse ? p.lse + (static_cast<std::int64_t>(sequence) * p.heads + head) * lseStride + first : nullptr;
    t.qStride = 2 * p.q.tokenStride, t.outStride = 2 * p.out.tokenStride;
    t.rows = min(kRows, p.queryTokens - first);
    t.firstPosition = p.keyTokens - p.queryTokens + first;
    t.window = p.windows[kvHead], t.sink = p.sink;
    for (int r = 1; r < kKeyRuns; ++r) t.runs[r].count = 0;
    t.runs[0] = {at(p.k, kvHead, 0), at(p.v, kvHead, 0), p.k.tokenStride, 0, p.keyTokens};
    return true;
}

__device__ bool taskOf(const RunAttentionParams& p, Task& t) {
    const int head = blockIdx.y, sequence = blockIdx.z, kvHead = head / (p.heads / p.kvHeads);
    const QueryRows item = p.items[sequence];
    const int first = static_cast<int>(gridDim.x - 1 - blockIdx.x) * kRows, row = item.firstRow + first;
    if (first >= item.count) return false;
    const int column = head * p.headDim;
    t.q = static_cast<const char*>(p.q) + 2 * (row * p.qStride + column);
    t.out = static_cast<char*>(p.out) + 2 * (row * p.outStride + column);
    t.lse = p.lse ? p.lse + head * p.lseStride + row : nullptr;
    t.qStride = 2 * p.qStride, t.outStride = 2 * p.outStride;
    t.rows = min(kRows, item.count - first);
    t.firstPosition = item.firstPosition + first;
    t.window = p.windows[sequence * p.kvHeads + kvHead], t.sink = item.sink;
    for (int r = 0; r < kKeyRuns; ++r) t.runs[r] = p.runs[(sequence * p.kvHeads + kvHead) * kKeyRuns + r];
    return true;
}

/// Walks the tiles that some row of a task sees.
struct Cursor {
    int run = 0, tile = -1; ///< tile within the run
    int position = 0;       ///< of its first key
    int count = 0;          ///< keys in it; 0: at the end

    __device__ void next(const Task& t) {
        const int lastRow = t.firstPosition + t.rows - 1;
        for (; run < kKeyRuns; ++run, tile = -1)
            while (++tile * kKeys < t.runs[run].count) {
                position = t.runs[run].firstPosition + tile * kKeys;
                count = min(kKeys, t.runs[run].count - tile * kKeys);
                const int last = position + count - 1;
                if (position > lastRow) break; // and all that follow in this run
                if (last > t.firstPosition - t.window || position < t.sink) return;
            }
        count = 0;
    }
};

/// `count` of `most` rows to shared memory; zeros for the others.
template <int D>
__device__ void copyRows(const char* from, std::int64_t stride, int count, int most, std::uint32_t to) {
    constexpr int kChunks = D / 8;
    for (int i = threadIdx.x; i < most * kChunks; i += kThreads) {
        const int row = i / kChunks, chunk = i % kChunks;
        const bool valid = row < count;
        copyAsync16(to + row * Layout<D>::kPitch + chunk * 16, from + (valid ? row : 0) * stride + chunk * 16,
                    valid);
    }
}

template <int D>
__device__ void copyTile(const Task& t, const Cursor& c, std::uint32_t stage) {
    if (c.count > 0) {
        const KeyRun& run = t.runs[c.run];
        const std::int64_t from = static_cast<std::int64_t>(c.tile) * kKeys * run.stride * 2;
        copyRows<D>(static_cast<const char*>(run.k) + from, run.stride * 2, c.count, kKeys, stage);
        copyRows<D>(static_cast<const char*>(run.v) + from, run.stride * 2, c.count, kKeys,
                    stage + Layout<D>::kTileBytes);
    }
    commitCopies();
}

/// 16 query rows of one warp; this lane has rows lane / 4 and lane / 4 + 8.
template <class T, int D>
struct Rows {
    std::uint32_t q[D / 16][4];
    float o[D / 8][4] = {};
    float s[kKeys / 8][4];
    float maximum[2] = {-INFINITY, -INFINITY}, sum[2] = {};

    __device__ void scores(std::uint32_t keys, int lane) {
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n) s[n][0] = s[n][1] = s[n][2] = s[n][3] = 0;
        const std::uint32_t from =
            keys + ((lane & 7) + (lane >> 4) * 8) * Layout<D>::kPitch + ((lane >> 3) & 1) * 16;
#pragma unroll
        for (int step = 0; step < D / 16; ++step)
#pragma unroll
            for (int pair = 0; pair < kKeys / 16; ++pair) {
                std::uint32_t b[4];
                loadMatrix4(b, from + pair * 16 * Layout<D>::kPitch + step * 32);
                mma16816<T>(s[2 * pair], q[step], b[0], b[1]);
                mma16816<T>(s[2 * pair + 1], q[step], b[2], b[3]);
            }
    }

    __device__ void mask(int row, int firstKey, int count, int window, int sink, int lane) {
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int index = n * 8 + lane % 4 * 2 + i % 2;
                const bool visible =
                    (index < count) & isVisible(row + i / 2 * 8, firstKey + index, window, sink);
                s[n][i] = visible ? s[n][i] : -INFINITY;
            }
    }

    __device__ void softmax(float scaleLog2) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            float top = maximum[r];
#pragma unroll
            for (int n = 0; n < kKeys / 8; ++n) top = fmaxf(top, fmaxf(s[n][2 * r], s[n][2 * r + 1]));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
            const float base = top == -INFINITY ? 0.f : top * scaleLog2;
            const float shrink = exp2Fast(maximum[r] * scaleLog2 - base);
            maximum[r] = top;
            float added = 0;
#pragma unroll
            for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    float& x = s[n][2 * r + i];
                    x = exp2Fast(x * scaleLog2 - base);
                    added += x;
                }
            sum[r] = sum[r] * shrink + added;
#pragma unroll
            for (int n = 0; n < D / 8; ++n) o[n][2 * r] *= shrink, o[n][2 * r + 1] *= shrink;
        }
    }

    __device__ void accumulate(std::uint32_t values, int lane) {
        const std::uint32_t from = values + (lane & 15) * Layout<D>::kPitch + (lane >> 4) * 16;
#pragma unroll
        for (int step = 0; step < kKeys / 16; ++step) {
            const float(&x)[4] = s[2 * step];
            const float(&y)[4] = s[2 * step + 1];
            const std::uint32_t a[4] = {packPair<T>(x[0], x[1]), packPair<T>(x[2], x[3]),
                                        packPair<T>(y[0], y[1]), packPair<T>(y[2], y[3])};
#pragma unroll
            for (int pair = 0; pair < D / 16; ++pair) {
                std::uint32_t b[4];
                loadMatrix4Transposed(b, from + step * 16 * Layout<D>::kPitch + pair * 32);
                mma16816<T>(o[2 * pair], a, b[0], b[1]);
                mma16816<T>(o[2 * pair + 1], a, b[2], b[3]);
            }
        }
    }

    __device__ void write(const Task& t, float scaleLog2, int row, int lane) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            float total = sum[r];
            total += __shfl_xor_sync(~0u, total, 1);
            total += __shfl_xor_sync(~0u, total, 2);
            const int at = row + 8 * r;
            if (at >= t.rows) continue;
            const float inverse = total > 0 ? 1.f / total : 0.f;
            char* to = t.out + at * t.outStride + lane % 4 * 4;
#pragma unroll
            for (int n = 0; n < D / 8; ++n)
                *reinterpret_cast<std::uint32_t*>(to + n * 16) =
                    packPair<T>(o[n][2 * r] * inverse, o[n][2 * r + 1] * inverse);
            if (t.lse && lane % 4 == 0) t.lse[at] = (maximum[r] * scaleLog2 + log2f(total)) / kLog2e;
        }
    }
};

template <class T, int D, class Params>
__global__ void __launch_bounds__(kThreads, 1) attendRows(const Params p) {
    using L = Layout<D>;
    extern __shared__ __align__(128) unsigned char raw[];
    const std::uint32_t shared = sharedAddress(raw);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    Task t;
    if (!taskOf(p, t)) return;

    Rows<T, D> rows;
    copyRows<D>(t.q, t.qStride, t.rows, kRows, shared);
    commitCopies();
    waitCopies<0>();
    __syncthreads();
    const std::uint32_t own = shared + (warp * 16 + (lane & 15)) * L::kPitch + (lane >> 4) * 16;
#pragma unroll
    for (int step = 0; step < D / 16; ++step) loadMatrix4(rows.q[step], own + step * 32);
    __syncthreads();

    const float scaleLog2 = p.scale * kLog2e;
    const int firstRow = t.firstPosition + warp * 16;
    Cursor now, ahead;
    now.next(t);
    copyTile<D>(t, now, shared);
    ahead = now;
    for (int stage = 0; now.count > 0; stage ^= 1) {
        ahead.next(t);
        copyTile<D>(t, ahead, shared + (stage ^ 1) * 2 * L::kTileBytes);
        waitCopies<1>();
        __syncthreads();
        const std::uint32_t keys = shared + stage * 2 * L::kTileBytes;
        rows.scores(keys, lane);
        const int last = now.position + kKeys - 1;
        if (now.count < kKeys || hidesAny(now.position, last, firstRow, firstRow + 15, t.window, t.sink))
            rows.mask(firstRow + lane / 4, now.position, now.count, t.window, t.sink, lane);
        rows.softmax(scaleLog2);
        rows.accumulate(keys + L::kTileBytes, lane);
        __syncthreads(); // all warps have left the tile before it is overwritten
        now = ahead;
    }
    rows.write(t, scaleLog2, warp * 16 + lane / 4, lane);
}

template <class T, int D, class Params>
cudaError_t launchFor(const Params& p, int rows, cudaStream_t stream) {
    if (const auto e = allowSharedMemory(attendRows<T, D, Params>, Layout<D>::kBytes); e != cudaSuccess)
        return e;
    return launchKernel(attendRows<T, D, Params>, dim3((rows + kRows - 1) / kRows, p.heads, p.sequences),
                        dim3(kThreads), Layout<D>::kBytes, stream, false, p);
}

template <class Params>
cudaError_t launchAny(const Params& p, int rows, cudaStream_t stream) {
    return withElement(p.element, [&]<class T>(T) {
        return withHeadDim(p.headDim, [&]<int D>(std::integral_constant<int, D>) {
            return launchFor<T, D>(p, rows, stream);
        });
    });
}

bool isShaped(int sequences, int heads, int kvHeads) {
    return sequences > 0 && sequences < 65536 && heads > 0 && heads < 65536 && kvHeads > 0 &&
           heads % kvHeads == 0;
}

} // namespace

cudaError_t launchPrefillPortable(const PrefillAttentionParams& p, cudaStream_t stream) {
    return launchAny(p, p.queryTokens, stream);
}

cudaError_t launchRunAttention(const RunAttentionParams& p, cudaStream_t stream) {
    if (!isShaped(p.sequences, p.heads, p.kvHeads) || p.mostRows <= 0) return cudaErrorInvalidValue;
    return launchAny(p, p.mostRows, stream);
}

std::size_t prefillWorkspaceBytes() {
    return 128;
}

cudaError_t launchPrefillAttention(const PrefillAttentionParams& p, cudaStream_t stream) {
    if (!isShaped(p.sequences, p.heads, p.kvHeads) || p.queryTokens <= 0 || p.queryTokens > p.keyTokens ||
        p.sink < 0 || !p.windows)
        return cudaErrorInvalidValue;
    int device = 0, major = 0, multiprocessors = 0;
    if (const auto e = cudaGetDevice(&device); e != cudaSuccess) return e;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    const bool hopper = major == 9 && !p.portable && servedByHopper(p) && p.workspace;
    return hopper ? launchPrefillHopper(p, multiprocessors, stream) : launchPrefillPortable(p, stream);
}

} // namespace moa::kernels::cuda
