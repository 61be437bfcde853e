// What passes of attention backward by rows share: which key tiles they walk, and A and dO·V of a tile.
#pragma once

#include "kernels/cuda/backward_tiles.cuh"

namespace moa::kernels::cuda {

/// The next tile from `tile` on that some row of first … last sees; end: behind them all.
__device__ inline int nextTile(const HeadInMemory& h, int tile, int first, int last) {
    const int end = last / kBackwardTile + 1;
    while (tile < end && !h.seesTile(tile, first, last)) ++tile;
    return tile;
}

template <class P, int D>
__device__ void copyKeys(const HeadInMemory& h, int tile, int end, std::uint32_t stage) {
    if (tile < end) {
        const int first = tile * kBackwardTile, count = min(kBackwardTile, h.n - first);
        copyBackwardRows<P, D, kBackwardTile>(h.k + first * h.kStride, h.kStride, count, stage);
        copyBackwardRows<P, D, kBackwardTile>(h.v + first * h.vStride, h.vStride, count,
                                              stage + P::kTileBytes);
    }
    commitCopies();
}

/// Begins to load a block's rows of queries and output gradients.
template <class P, int D>
__device__ void loadBackwardRows(const HeadInMemory& h, int first, std::uint32_t shared) {
    const int count = min(kBackwardRows, h.n - first);
    copyBackwardRows<P, D, kBackwardRows>(h.q + first * h.qStride, h.qStride, count, shared);
    copyBackwardRows<P, D, kBackwardRows>(h.dOut + first * h.dOutStride, h.dOutStride, count,
                                          shared + P::kRowsBytes);
}

/// p [16][64] ← A of this warp's rows and the tile's keys, g ← dO·V.
template <class P>
__device__ void weightsAndGradients(float (&p)[8][4], float (&g)[8][4], const HeadInMemory& h,
                                    std::uint32_t rows, std::uint32_t tileKeys, const float (&lse)[2],
                                    int warpRow, int firstKey, int lane) {
    P::begin(p, g, rows, tileKeys);
    P::awaitFirst(p);
    const float scaleLog2 = h.scale * kLog2e;
    const bool masked =
        hidesAny(firstKey, firstKey + kBackwardTile - 1, warpRow, warpRow + 15, h.window, h.sink);
#pragma unroll
    for (int n = 0; n < 8; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const float w = exp2Fast(p[n][i] * scaleLog2 - lse[i / 2]);
            const bool visible =
                !masked || isVisible(warpRow + lane / 4 + i / 2 * 8, firstKey + n * 8 + lane % 4 * 2 + i % 2,
                                     h.window, h.sink);
            p[n][i] = visible ? w : 0.f;
        }
    P::awaitSecond(g, rows, tileKeys);
}

/// lse in powers of two and δ of this lane's two rows; rows past the end see nothing.
__device__ inline void loadRowValues(const HeadInMemory& h, int warpRow, int lane, float (&lse)[2],
                                     float (&delta)[2]) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
        const int row = warpRow + lane / 4 + 8 * r;
        lse[r] = row < h.n ? h.lse[row] * kLog2e : INFINITY, delta[r] = row < h.n ? h.delta[row] : 0.f;
    }
}

} // namespace moa::kernels::cuda
