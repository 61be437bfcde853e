// Attention backward by keys: dK and dV. Four warps hold 16 keys each and walk the query tiles that see
// them, head after head of their group, so that sums over query heads stay in registers.
#include "kernels/cuda/backward_launch.h"
#include "kernels/cuda/backward_tiles.cuh"
#include "kernels/cuda/launch.h"

namespace moa::kernels::cuda {

namespace {

template <class P>
struct KeyLayout {
    static constexpr int kRowValues = P::kBytes; ///< [stages][lse, delta][64] floats
    static constexpr int kShared = kRowValues + P::kStages * 2 * kBackwardTile * 4 + kBackwardSlack;
};

/// Walks the query tiles of every head of the group that see the block's keys.
struct QueryCursor {
    int head, tile, tiles;

    /// On to the next tile that does; stops with head = endHead.
    __device__ void settle(const HeadInMemory& h, int firstKey, int endHead) {
        for (; head < endHead; ++head, tile = firstKey / kBackwardTile)
            for (; tile < tiles; ++tile)
                if (firstKey < h.sink || tile * kBackwardTile - (firstKey + kBackwardRows - 1) < h.window)
                    return;
    }
};

template <class P, int D>
__device__ void copyQueries(const AttentionBackwardParams& p, const QueryCursor& at, int endHead,
                            std::uint32_t stage, float* values) {
    if (at.head < endHead) {
        const HeadInMemory h(p, at.head);
        const int first = at.tile * kBackwardTile, count = min(kBackwardTile, p.n - first);
        copyBackwardRows<P, D, kBackwardTile>(h.q + first * h.qStride, h.qStride, count, stage);
        copyBackwardRows<P, D, kBackwardTile>(h.dOut + first * h.dOutStride, h.dOutStride, count,
                                              stage + P::kTileBytes);
        const int row = first + threadIdx.x % kBackwardTile;
        if (threadIdx.x < kBackwardTile)
            values[threadIdx.x] = row < p.n ? h.lse[row] * kLog2e : INFINITY;
        else if (threadIdx.x < 2 * kBackwardTile)
            values[threadIdx.x] = row < p.n ? h.delta[row] : 0.f;
    }
    commitCopies();
}

/// This warp's 16 keys against a tile of queries: begins to add to dV and dK.
template <class P, int D>
__device__ void addQueries(float (&dK)[D / 8][4], float (&dV)[D / 8][4], const HeadInMemory& h,
                           std::uint32_t keys, std::uint32_t queries, const float* values, int firstQuery,
                           int firstKey, int lane) {
    float p[8][4], g[8][4];
    P::begin(p, g, keys, queries);
    P::awaitFirst(p);
    const float scaleLog2 = h.scale * kLog2e;
    const bool masked =
        hidesAny(firstKey, firstKey + 15, firstQuery, firstQuery + kBackwardTile - 1, h.window, h.sink);
#pragma unroll
    for (int n = 0; n < 8; ++n) {
        const int column = n * 8 + lane % 4 * 2;
        const float2 lse = *reinterpret_cast<const float2*>(values + column);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const float w = exp2Fast(p[n][i] * scaleLog2 - (i % 2 ? lse.y : lse.x));
            const bool visible = !masked || isVisible(firstQuery + column + i % 2,
                                                      firstKey + lane / 4 + i / 2 * 8, h.window, h.sink);
            p[n][i] = visible ? w : 0.f;
        }
    }
    P::accumulate(dV, p, queries + P::kTileBytes);
    P::template awaitSecond<1>(g, keys, queries);
#pragma unroll
    for (int n = 0; n < 8; ++n) {
        const float2 delta = *reinterpret_cast<const float2*>(values + kBackwardTile + n * 8 + lane % 4 * 2);
#pragma unroll
        for (int i = 0; i < 4; ++i) g[n][i] = p[n][i] * (g[n][i] - (i % 2 ? delta.y : delta.x));
    }
    P::accumulate(dK, g, queries);
}

template <class T, int D, class P>
__device__ void backwardKeyBlock(const AttentionBackwardParams& p) {
    extern __shared__ unsigned char raw[];
    unsigned char* arrays = alignedShared(raw);
    const std::uint32_t keys = sharedAddress(arrays), stages = keys + 2 * P::kRowsBytes;
    float* values = reinterpret_cast<float*>(arrays + KeyLayout<P>::kRowValues);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const GroupedTask task(blockIdx.x, p.kvHeads, (p.n + kBackwardRows - 1) / kBackwardRows);
    const int group = p.heads / p.kvHeads, firstHead = task.head * group, endHead = firstHead + group;
    const int firstKey = task.item * kBackwardRows, count = min(kBackwardRows, p.n - firstKey);
    const HeadInMemory h(p, firstHead);
    copyBackwardRows<P, D, kBackwardRows>(h.k + firstKey * h.kStride, h.kStride, count, keys);
    copyBackwardRows<P, D, kBackwardRows>(h.v + firstKey * h.vStride, h.vStride, count, keys + P::kRowsBytes);

    float dK[D / 8][4] = {}, dV[D / 8][4] = {};
    const int warpKey = firstKey + warp * 16, unitKey = firstKey + warp * 16 / P::kUnit * P::kUnit;
    QueryCursor now{firstHead, firstKey / kBackwardTile, (p.n + kBackwardTile - 1) / kBackwardTile};
    now.settle(h, firstKey, endHead);
    if constexpr (P::kStages == 2) copyQueries<P, D>(p, now, endHead, stages, values);
    for (int stage = 0; now.head < endHead; stage ^= 1) {
        QueryCursor ahead = now;
        ++ahead.tile;
        ahead.settle(h, firstKey, endHead);
        const int own = stage % P::kStages;
        const std::uint32_t queries = stages + own * 2 * P::kTileBytes;
        float* ownValues = values + own * 2 * kBackwardTile;
        if constexpr (P::kStages == 2) {
            copyQueries<P, D>(p, ahead, endHead, stages + (own ^ 1) * 2 * P::kTileBytes,
                              values + (own ^ 1) * 2 * kBackwardTile);
            waitCopies<1>();
        } else {
            copyQueries<P, D>(p, now, endHead, queries, ownValues);
            waitCopies<0>();
        }
        P::publish();
        __syncthreads();
        const int first = now.tile * kBackwardTile, last = first + kBackwardTile - 1;
        if (unitKey <= last && (unitKey < h.sink || first - (unitKey + P::kUnit - 1) < h.window)) {
            addQueries<P, D>(dK, dV, h, keys, queries, ownValues, first, warpKey, lane);
            P::awaitAccumulate(dV);
            P::awaitAccumulate(dK);
        }
        __syncthreads();
        now = ahead;
    }
    waitCopies<0>();
    const std::int64_t column = 2ll * task.head * D;
    writeGradient<T, D>(dK, p.scale, static_cast<char*>(p.dK) + column + 2 * p.dKStride * warpKey,
                        2 * p.dKStride, p.n - warpKey, lane);
    writeGradient<T, D>(dV, 1.f, static_cast<char*>(p.dV) + column + 2 * p.dVStride * warpKey, 2 * p.dVStride,
                        p.n - warpKey, lane);
}

template <class T, int D, class P>
__global__ void __launch_bounds__(kBackwardThreads, kBackwardBlocks)
    backwardKeys(const AttentionBackwardParams p) {
    if constexpr (kCompiledHere<P>) backwardKeyBlock<T, D, P>(p);
}

} // namespace

cudaError_t launchBackwardKeys(const AttentionBackwardParams& p, cudaStream_t stream) {
    return withBackwardKind(p, [&]<class Kind>(Kind) {
        using P = typename Kind::P;
        const auto kernel = backwardKeys<typename Kind::T, Kind::D, P>;
        if (const auto e = allowSharedMemory(kernel, KeyLayout<P>::kShared); e != cudaSuccess) return e;
        const int blocks = (p.n + kBackwardRows - 1) / kBackwardRows * p.kvHeads;
        return launchKernel(kernel, dim3(blocks), dim3(kBackwardThreads), KeyLayout<P>::kShared, stream,
                            false, p);
    });
}

} // namespace moa::kernels::cuda
