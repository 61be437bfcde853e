// The small kernels around decode attention: planning the shares, and merging the heads that shares cut.
#include "kernels/cuda/decode_shares.cuh"
#include "kernels/cuda/head_dims.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"

#include <cmath>

namespace moa::kernels::cuda {

namespace {

constexpr int kPlanThreads = 1024;
constexpr int kMergeWarps = 4;

/// Inclusive sum over the block's threads.
__device__ int blockInclusiveSum(int value, int* warpSums) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int step = 1; step < 32; step *= 2) {
        const int other = __shfl_up_sync(~0u, value, step);
        if (lane >= step) value += other;
    }
    if (lane == 31) warpSums[warp] = value;
    __syncthreads();
    if (warp == 0) {
        int sum = warpSums[lane];
        for (int step = 1; step < 32; step *= 2) {
            const int other = __shfl_up_sync(~0u, sum, step);
            if (lane >= step) sum += other;
        }
        warpSums[lane] = sum;
    }
    __syncthreads();
    return value + (warp ? warpSums[warp - 1] : 0);
}

/// One block a layer.
__global__ void __launch_bounds__(kPlanThreads) planShares(const DecodePlanParams p) {
    __shared__ int warpSums[32];
    const int entries = p.sequences * p.kvHeads;
    const DecodeCache* caches = p.caches + static_cast<std::int64_t>(blockIdx.x) * entries;
    std::int32_t* starts = p.tileStarts + static_cast<std::int64_t>(blockIdx.x) * (entries + 1);
    std::int32_t* first = p.firstEntry + static_cast<std::int64_t>(blockIdx.x) * p.workers;
    waitForPreviousKernel();
    letNextKernelStart();
    if (threadIdx.x == 0) starts[0] = 0;
    int before = 0;
    for (int base = 0; base < entries; base += kPlanThreads) {
        const int e = base + threadIdx.x;
        int tiles = 0;
        if (e < entries) tiles = entryTiles(caches[e], p.positions[e / p.kvHeads]);
        const int sum = before + blockInclusiveSum(tiles, warpSums);
        if (e < entries) starts[e + 1] = sum;
        before += warpSums[31];
        __syncthreads(); // before the next round writes warpSums; also makes starts visible below
    }
    const int total = before;
    if (total == 0) return;
    const int workers = busyWorkers(total, p.workers);
    for (int e = threadIdx.x; e < entries; e += kPlanThreads) {
        const int end = firstWorkerFrom(starts[e + 1], total, workers);
        for (int w = firstWorkerFrom(starts[e], total, workers); w < end; ++w) first[w] = e;
    }
}

/// One block per (entry, query head of the group); nothing to do where one worker saw the whole entry.
template <class T, int D>
__global__ void __launch_bounds__(kMergeWarps * 32) mergeShares(const DecodeAttentionParams p) {
    constexpr int kColumns = D / 32; // per lane
    __shared__ float sums[kMergeWarps][D];
    __shared__ float maxima[kMergeWarps], weights[kMergeWarps];
    waitForPreviousKernel();
    letNextKernelStart();
    const int entry = blockIdx.x, row = blockIdx.y, group = gridDim.y;
    const int begin = p.tileStarts[entry], end = p.tileStarts[entry + 1], total = p.tileStarts[gridDim.x];
    if (begin == end) return;
    const int workers = busyWorkers(total, p.workers);
    const int next =
        firstWorkerFrom(begin, total, workers); // the first whose share begins at the entry or in it
    const int first = shareBegin(next, total, workers) > begin ? next - 1 : next;
    const int last = firstWorkerFrom(end, total, workers) - 1;
    if (first == last) return;
    const float* partials = static_cast<const float*>(p.workspace);
    const float* lse = partials + static_cast<std::int64_t>(2) * p.workers * group * D;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, count = last - first + 1;
    const auto indexOf = [&](int i) {
        const int slot = partialSlot(first + i, shareBegin(first + i, total, workers) < begin);
        return static_cast<std::int64_t>(slot) * group + row;
    };
    float maximum = -INFINITY, weight = 0, acc[kColumns] = {};
    // Each lane looks up one partial result of its warp; then the warp adds them up, their loads independent.
    for (int base = warp; base < count; base += 32 * kMergeWarps) {
        const int mine = base + lane * kMergeWarps;
        const std::int64_t at = mine < count ? indexOf(mine) : 0;
        const float l = mine < count ? lse[at] : -INFINITY;
        const float top = fmaxf(maximum, warpMax(l));
        if (top == -INFINITY) continue;
        const float keep = exp2f(maximum - top), share = exp2f(l - top);
        weight = weight * keep + warpSum(share);
        maximum = top;
#pragma unroll
        for (int c = 0; c < kColumns; ++c) acc[c] *= keep;
        const int here = min(32, (count - base + kMergeWarps - 1) / kMergeWarps);
#pragma unroll 8
        for (int i = 0; i < here; ++i) {
            const float factor = __shfl_sync(~0u, share, i);
            const float* from = partials + __shfl_sync(~0u, at, i) * D + lane;
#pragma unroll
            for (int c = 0; c < kColumns; ++c) acc[c] += factor * from[c * 32];
        }
    }
#pragma unroll
    for (int c = 0; c < kColumns; ++c) sums[warp][c * 32 + lane] = acc[c];
    if (lane == 0) maxima[warp] = maximum, weights[warp] = weight;
    __syncthreads();
    float top = -INFINITY;
    for (int w = 0; w < kMergeWarps; ++w) top = fmaxf(top, maxima[w]);
    for (int column = threadIdx.x; column < D; column += kMergeWarps * 32) {
        float numerator = 0, denominator = 0;
        for (int w = 0; w < kMergeWarps; ++w) {
            if (maxima[w] == -INFINITY) continue;
            const float share = exp2f(maxima[w] - top);
            numerator += share * sums[w][column];
            denominator += share * weights[w];
        }
        T* to = static_cast<T*>(p.out) + entry / p.kvHeads * p.outStride +
                (static_cast<std::int64_t>(entry % p.kvHeads) * group + row) * D;
        to[column] = fromFloat<T>(denominator > 0 ? numerator / denominator : 0.f);
    }
}

} // namespace

cudaError_t launchDecodePlan(const DecodePlanParams& p, cudaStream_t stream) {
    if (p.layers <= 0 || p.sequences <= 0 || p.kvHeads <= 0 || p.workers <= 0) return cudaErrorInvalidValue;
    return launchKernel(planShares, dim3(p.layers), dim3(kPlanThreads), 0, stream, false, p);
}

cudaError_t launchDecodeMerge(const DecodeAttentionParams& p, cudaStream_t stream) {
    const dim3 grid(p.sequences * p.kvHeads, p.heads / p.kvHeads);
    return withElement(p.element, [&]<class T>(T) {
        const auto launch = [&](auto* kernel) {
            return launchKernel(kernel, grid, dim3(kMergeWarps * 32), 0, stream, p.overlapPrevious, p);
        };
        return withHeadDim(p.headDim,
                           [&]<int D>(std::integral_constant<int, D>) { return launch(mergeShares<T, D>); });
    });
}

} // namespace moa::kernels::cuda
