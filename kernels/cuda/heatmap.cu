// Pooled attention: every block computes one 128 × 128 tile of weights with mma.sync, exp(score − lse), and
// pools it. Cells of 16 tokens and more are reduced in registers and across warps; finer ones pass through
// shared memory.
#include "kernels/cuda/head_dims.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/prefill_mask.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"
#include "moa_kernels/cuda/heatmap.h"

#include <cmath>

namespace moa::kernels::cuda {

namespace {

constexpr int kTile = 128, kWarps = 8, kThreads = kWarps * 32;
constexpr int kFineBlock = 8; // cells up to this size go through shared memory
constexpr int kWeightPitch = kTile + 4;
constexpr float kLog2e = 1.4426950408889634f;

template <int D>
struct Layout {
    static constexpr int kPitch = 2 * D + 16;
    static constexpr int kBytes = 2 * kTile * kPitch;
    static constexpr int kFineBytes = kTile * kWeightPitch * 4 > kBytes ? kTile* kWeightPitch * 4 : kBytes;
};

/// Pairs with key ≤ query of queries i0 … i1 − 1 and keys j0 … j1 − 1.
__device__ inline std::int64_t causalPairs(int i0, int i1, int j0, int j1) {
    // Query i has min(i + 1, j1) − j0 of them, none below j0.
    const int from = max(i0, j0), full = max(from, min(i1, j1 - 1)); // from `full` on every key counts
    if (from >= i1) return 0;
    const std::int64_t rising = full - from, first = from + 1 - j0;
    return rising * first + rising * (rising - 1) / 2 + static_cast<std::int64_t>(i1 - full) * (j1 - j0);
}

__device__ inline std::int64_t pairsOfCell(const HeatmapParams& p, int row, int col) {
    const int i0 = p.firstQuery + row * p.block, j0 = p.firstKey + col * p.block;
    return causalPairs(i0, min(i0 + p.block, p.tokens), j0, min(j0 + p.block, p.tokens));
}

template <int D>
__device__ void copyRows(const void* from, std::int64_t stride, int first, int tokens, std::uint32_t to) {
    constexpr int kChunks = D / 8;
    for (int i = threadIdx.x; i < kTile * kChunks; i += kThreads) {
        const int row = i / kChunks, chunk = i % kChunks;
        const bool valid = first + row < tokens;
        const std::int64_t at = ((valid ? first + row : 0) * stride + chunk * 8) * 2;
        copyAsync16(to + row * Layout<D>::kPitch + chunk * 16, static_cast<const char*>(from) + at, valid);
    }
}

/// Weights of this warp's 16 queries and all 128 keys, averaged over the heads; this lane has rows lane / 4
/// and + 8.
template <class T, int D>
__device__ void computeWeights(const HeatmapParams& p, int firstQuery, int firstKey, std::uint32_t shared,
                               float (&weights)[kTile / 8][4]) {
    using L = Layout<D>;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, row = firstQuery + warp * 16 + lane / 4;
    const std::uint32_t keys = shared + kTile * L::kPitch;
    const std::uint32_t b0 = keys + ((lane & 7) + (lane >> 4) * 8) * L::kPitch + ((lane >> 3) & 1) * 16;
    const std::uint32_t a0 = shared + (warp * 16 + (lane & 15)) * L::kPitch + (lane >> 4) * 16;
    const bool masked = firstQuery + kTile > p.tokens || hidesAny(firstKey, firstKey + kTile - 1, firstQuery,
                                                                  firstQuery + kTile - 1, p.window, p.sink);
    copyRows<D>(p.k, p.kTokenStride, firstKey, p.tokens, keys);
#pragma unroll
    for (int n = 0; n < kTile / 8; ++n) weights[n][0] = weights[n][1] = weights[n][2] = weights[n][3] = 0;
    for (int head = 0; head < p.heads; ++head) {
        if (head > 0) __syncthreads(); // all warps have left the queries before
        copyRows<D>(static_cast<const T*>(p.q) + head * p.qHeadStride, p.qTokenStride, firstQuery, p.tokens,
                    shared);
        commitCopies();
        waitCopies<0>();
        __syncthreads();
        std::uint32_t a[D / 16][4];
#pragma unroll
        for (int step = 0; step < D / 16; ++step) loadMatrix4(a[step], a0 + step * 32);
        float base[2];
#pragma unroll
        for (int r = 0; r < 2; ++r)
            base[r] = row + 8 * r < p.tokens ? p.lse[head * p.lseStride + row + 8 * r] * kLog2e : 0.f;
#pragma unroll
        for (int pair = 0; pair < kTile / 16; ++pair) {
            float s[2][4] = {};
#pragma unroll
            for (int step = 0; step < D / 16; ++step) {
                std::uint32_t b[4];
                loadMatrix4(b, b0 + pair * 16 * L::kPitch + step * 32);
                mma16816<T>(s[0], a[step], b[0], b[1]);
                mma16816<T>(s[1], a[step], b[2], b[3]);
            }
#pragma unroll
            for (int i = 0; i < 8; ++i) {
                const int key = firstKey + pair * 16 + i / 4 * 8 + lane % 4 * 2 + i % 2,
                          query = row + i % 4 / 2 * 8;
                const float w = exp2Fast(s[i / 4][i % 4] * (p.scale * kLog2e) - base[i % 4 / 2]);
                const bool counts = !masked | ((query < p.tokens) & isVisible(query, key, p.window, p.sink));
                weights[2 * pair + i / 4][i % 4] += counts ? w : 0.f;
            }
        }
    }
    const float share = 1.f / static_cast<float>(p.heads);
#pragma unroll
    for (int n = 0; n < kTile / 8; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) weights[n][i] *= share;
}

/// Whether the tile shows anything: some pair is visible.
__device__ inline bool showsAnything(const HeatmapParams& p, int firstQuery, int firstKey) {
    const int lastQuery = min(firstQuery + kTile, p.tokens) - 1,
              lastKey = min(firstKey + kTile, p.tokens) - 1;
    if (lastQuery < firstQuery || lastKey < firstKey || firstKey > lastQuery) return false;
    return firstKey < p.sink || firstQuery - lastKey < p.window;
}

/// Cells of 16 tokens and more; Columns: n-blocks of eight keys that one cell (or the whole tile) spans.
template <class T, int D, int Columns>
__global__ void __launch_bounds__(kThreads, 2) poolCoarse(const HeatmapParams p) {
    extern __shared__ __align__(128) unsigned char raw[];
    constexpr int kUnits = kTile / 8 / Columns; // cells along the keys
    __shared__ float sums[kWarps][kUnits], maxima[kWarps][kUnits];
    const int tileRow = blockIdx.y, tileCol = blockIdx.x;
    const int firstQuery = p.firstQuery + tileRow * kTile, firstKey = p.firstKey + tileCol * kTile;
    if (!showsAnything(p, firstQuery, firstKey)) return;
    float weights[kTile / 8][4];
    computeWeights<T, D>(p, firstQuery, firstKey, sharedAddress(raw), weights);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
    for (int unit = 0; unit < kUnits; ++unit) {
        float sum = 0, most = 0;
#pragma unroll
        for (int n = unit * Columns; n < (unit + 1) * Columns; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) sum += weights[n][i], most = fmaxf(most, weights[n][i]);
        sum = warpSum(sum), most = warpMax(most);
        if (lane == 0) sums[warp][unit] = sum, maxima[warp][unit] = most;
    }
    __syncthreads();
    const int warpsPerCell = min(p.block, kTile) / 16, cellRows = kWarps / warpsPerCell;
    if (threadIdx.x >= cellRows * kUnits) return;
    const int unit = threadIdx.x % kUnits, cellRow = threadIdx.x / kUnits;
    float sum = 0, most = 0;
    for (int w = cellRow * warpsPerCell; w < (cellRow + 1) * warpsPerCell; ++w)
        sum += sums[w][unit], most = fmaxf(most, maxima[w][unit]);
    const int row = (tileRow * kTile + cellRow * 16 * warpsPerCell) / p.block;
    const int col = (tileCol * kTile + unit * 8 * Columns) / p.block;
    if (row >= p.rows || col >= p.cols) return;
    const std::int64_t pairs = pairsOfCell(p, row, col), at = static_cast<std::int64_t>(row) * p.cols + col;
    if (pairs == 0) return;
    const float mean = sum / static_cast<float>(pairs);
    if (p.block <= kTile) {
        p.mean[at] = mean, p.max[at] = most;
    } else { // the cell spans several tiles; weights are not negative, so their bits order like integers
        atomicAdd(p.mean + at, mean);
        atomicMax(reinterpret_cast<int*>(p.max) + at, __float_as_int(most));
    }
}

/// Cells of at most eight tokens.
template <class T, int D>
__global__ void __launch_bounds__(kThreads, 2) poolFine(const HeatmapParams p) {
    extern __shared__ __align__(128) unsigned char raw[];
    const int tileRow = blockIdx.y, tileCol = blockIdx.x;
    const int firstQuery = p.firstQuery + tileRow * kTile, firstKey = p.firstKey + tileCol * kTile;
    if (!showsAnything(p, firstQuery, firstKey)) return;
    float weights[kTile / 8][4];
    computeWeights<T, D>(p, firstQuery, firstKey, sharedAddress(raw), weights);
    __syncthreads(); // queries and keys make room for the weights
    auto* tile = reinterpret_cast<float*>(raw);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
    for (int n = 0; n < kTile / 8; ++n)
#pragma unroll
        for (int r = 0; r < 2; ++r)
            *reinterpret_cast<float2*>(tile + (warp * 16 + lane / 4 + 8 * r) * kWeightPitch + n * 8 +
                                       lane % 4 * 2) = make_float2(weights[n][2 * r], weights[n][2 * r + 1]);
    __syncthreads();
    const int cells = kTile / p.block;
    for (int cell = threadIdx.x; cell < cells * cells; cell += kThreads) {
        const int cellRow = cell / cells, cellCol = cell % cells;
        const int row = tileRow * cells + cellRow, col = tileCol * cells + cellCol;
        if (row >= p.rows || col >= p.cols) continue;
        const std::int64_t pairs = pairsOfCell(p, row, col),
                           at = static_cast<std::int64_t>(row) * p.cols + col;
        if (pairs == 0) continue;
        float sum = 0, most = 0;
        for (int i = 0; i < p.block; ++i)
            for (int j = 0; j < p.block; ++j) {
                const float w = tile[(cellRow * p.block + i) * kWeightPitch + cellCol * p.block + j];
                sum += w, most = fmaxf(most, w);
            }
        p.mean[at] = sum / static_cast<float>(pairs), p.max[at] = most;
    }
}

template <class T, int D>
cudaError_t launchFor(const HeatmapParams& p, cudaStream_t stream) {
    const auto tiles = [&](int cells) {
        return static_cast<unsigned>((static_cast<std::int64_t>(cells) * p.block + kTile - 1) / kTile);
    };
    const dim3 grid(tiles(p.cols), tiles(p.rows));
    const auto launch = [&](auto* kernel, std::size_t bytes) {
        if (const auto e = allowSharedMemory(kernel, bytes); e != cudaSuccess) return e;
        return launchKernel(kernel, grid, dim3(kThreads), bytes, stream, false, p);
    };
    if (p.block <= kFineBlock) return launch(poolFine<T, D>, Layout<D>::kFineBytes);
    switch (p.block) {
    case 16:
        return launch(poolCoarse<T, D, 2>, Layout<D>::kBytes);
    case 32:
        return launch(poolCoarse<T, D, 4>, Layout<D>::kBytes);
    case 64:
        return launch(poolCoarse<T, D, 8>, Layout<D>::kBytes);
    default:
        return launch(poolCoarse<T, D, 16>, Layout<D>::kBytes);
    }
}

} // namespace

cudaError_t launchHeatmap(const HeatmapParams& p, cudaStream_t stream) {
    const bool shaped = p.tokens > 0 && p.heads > 0 && p.block > 0 && (p.block & (p.block - 1)) == 0 &&
                        p.rows > 0 && p.cols > 0 && p.firstQuery >= 0 && p.firstKey >= 0 &&
                        p.firstQuery % p.block == 0 && p.firstKey % p.block == 0;
    // A cell of 128 tokens and more is a whole number of tiles only where tiles begin with cells, as they do.
    if (!shaped || static_cast<std::int64_t>(p.rows) * p.block > (std::int64_t(1) << 23))
        return cudaErrorInvalidValue;
    const std::size_t bytes =
        static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.cols) * sizeof(float);
    if (const auto e = cudaMemsetAsync(p.mean, 0, bytes, stream); e != cudaSuccess) return e;
    if (const auto e = cudaMemsetAsync(p.max, 0, bytes, stream); e != cudaSuccess) return e;
    return withElement(p.element, [&]<class T>(T) {
        return withHeadDim(p.headDim,
                           [&]<int D>(std::integral_constant<int, D>) { return launchFor<T, D>(p, stream); });
    });
}

} // namespace moa::kernels::cuda
