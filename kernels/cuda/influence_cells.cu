// Published influence of one query head in cells of up to 64 × 64 tokens, down to single ones: the data of
// influence pictures. Four warps hold 16 query rows each, as in the row pass of attention backward.
#include "kernels/cuda/backward_launch.h"
#include "kernels/cuda/backward_rows.cuh"
#include "kernels/cuda/head_dims.cuh"
#include "kernels/cuda/launch.h"

namespace moa::kernels::cuda {

namespace {

constexpr int kCellPitch = kBackwardTile + 4; ///< floats

template <class P>
struct CellLayout {
    static constexpr int kCells = P::kBytes; ///< [64][kCellPitch] floats: |E| of a tile
    static constexpr int kShared = kCells + kBackwardRows * kCellPitch * 4 + kBackwardSlack;
};

/// Sums of the tile's |E| to the cells, each by one warp or, where cells are small, by one thread.
__device__ void addTileCells(const InfluenceCellsParams& p, const float* tile, int firstRow, int firstKey,
                             float factor) {
    const int cellRows = kBackwardRows / p.block, cellCols = kBackwardTile / p.block,
              size = p.block * p.block;
    const std::int64_t side = (p.pass.n + p.block - 1) / p.block;
    const bool byWarp = size >= 32;
    const int lanes = byWarp ? 32 : 1, lane = threadIdx.x % lanes;
    for (int cell = threadIdx.x / lanes; cell < cellRows * cellCols; cell += kBackwardThreads / lanes) {
        const int row = cell / cellCols, col = cell % cellCols;
        float sum = 0;
        for (int i = lane; i < size; i += lanes)
            sum += tile[(row * p.block + i / p.block) * kCellPitch + col * p.block + i % p.block];
        if (byWarp) sum = warpSum(sum);
        const std::int64_t atRow = firstRow / p.block + row, atCol = firstKey / p.block + col;
        if (lane == 0 && atRow < side && atCol <= atRow) p.cells[atRow * side + atCol] += sum * factor;
    }
}

/// Influence of the rows' dominant weights, row by row where rows share a cell.
__device__ void addDominantCells(const InfluenceCellsParams& p, const float* influence, const int* keys,
                                 int firstRow, float factor) {
    const std::int64_t side = (p.pass.n + p.block - 1) / p.block;
    const int first = threadIdx.x * p.block; // a cell of rows each
    if (first >= kBackwardRows) return;
    for (int r = first; r < first + p.block; ++r)
        if (keys[r] >= 0)
            p.cells[(firstRow + r) / p.block * side + keys[r] / p.block] += influence[r] * factor;
}

template <class T, int D>
__global__ void __launch_bounds__(kBackwardThreads, 1) influenceCells(const InfluenceCellsParams p) {
    using P = WarpProducts<T, D>;
    extern __shared__ unsigned char raw[];
    unsigned char* arrays = alignedShared(raw);
    float* cells = reinterpret_cast<float*>(arrays + CellLayout<P>::kCells);
    __shared__ float influence[kBackwardRows];
    __shared__ int dominantKeys[kBackwardRows];
    const std::uint32_t shared = sharedAddress(arrays), tiles = shared + 2 * P::kRowsBytes;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const HeadInMemory h(p.pass, p.head);
    const int firstRow = (gridDim.x - 1 - blockIdx.x) * kBackwardRows, warpRow = firstRow + warp * 16;
    const int lastRow = min(firstRow + kBackwardRows, h.n) - 1, end = lastRow / kBackwardTile + 1;
    const float factor = p.factor ? *p.factor : 1.f;
    loadBackwardRows<P, D>(h, firstRow, shared);
    float lse[2], delta[2], mass[2] = {}, sum[2] = {}, dominantA[2] = {}, dominantG[2] = {};
    int dominantKey[2] = {};
    loadRowValues(h, warpRow, lane, lse, delta);
    for (int tile = nextTile(h, 0, firstRow, lastRow); tile < end;
         tile = nextTile(h, tile + 1, firstRow, lastRow)) {
        copyKeys<P, D>(h, tile, end, tiles);
        waitCopies<0>();
        __syncthreads();
        float weights[8][4], g[8][4];
        weightsAndGradients<P>(weights, g, h, shared, tiles, lse, warpRow, tile * kBackwardTile, lane);
#pragma unroll
        for (int n = 0; n < 8; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int r = i / 2, column = n * 8 + lane % 4 * 2 + i % 2;
                float w = weights[n][i];
                if (w > kDominant)
                    dominantA[r] = w, dominantG[r] = g[n][i], dominantKey[r] = tile * kBackwardTile + column,
                    w = 0;
                mass[r] += w, sum[r] += w * g[n][i];
                cells[(warp * 16 + lane / 4 + 8 * r) * kCellPitch + column] =
                    influenceOf(w * (g[n][i] - delta[r]), w);
            }
        __syncthreads();
        addTileCells(p, cells, firstRow, tile * kBackwardTile, factor);
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
        const int row = warp * 16 + lane / 4 + 8 * r;
#pragma unroll
        for (int step = 1; step < 4; step *= 2)
            mass[r] += __shfl_xor_sync(~0u, mass[r], step), sum[r] += __shfl_xor_sync(~0u, sum[r], step);
        if (lane % 4 == 0) dominantKeys[row] = -1;
        __syncwarp();
        if (dominantA[r] > 0)
            dominantKeys[row] = dominantKey[r],
            influence[row] = dominantA[r] * fabsf(dominantG[r] - sum[r] / mass[r]);
        for (unsigned lost = __ballot_sync(~0u, dominantA[r] > 0 && mass[r] < kLostMass); lost;
             lost &= lost - 1) {
            const int from = __ffs(lost) - 1, lostRow = warp * 16 + from / 4 + 8 * r;
            const int key = __shfl_sync(~0u, dominantKey[r], from);
            const float mean = exactMeanGradient<T, D>(h, firstRow + lostRow, 0, 0, key);
            if (lane == from) influence[row] = dominantA[r] * fabsf(dominantG[r] - mean);
        }
    }
    __syncthreads();
    addDominantCells(p, influence, dominantKeys, firstRow, factor);
}

} // namespace

cudaError_t launchInfluenceCells(const InfluenceCellsParams& p, cudaStream_t stream) {
    if (p.pass.n <= 0 || p.head < 0 || p.head >= p.pass.heads || p.block < 1 || p.block > kBackwardTile ||
        (p.block & (p.block - 1)) != 0)
        return cudaErrorInvalidValue;
    if (const auto e = launchBackwardDelta(p.pass, stream); e != cudaSuccess) return e;
    return withElement(p.pass.element, [&]<class T>(T) {
        return withHeadDim(p.pass.headDim, [&]<int D>(std::integral_constant<int, D>) {
            const auto kernel = influenceCells<T, D>;
            if (const auto e = allowSharedMemory(kernel, CellLayout<WarpProducts<T, D>>::kShared);
                e != cudaSuccess)
                return e;
            const int blocks = (p.pass.n + kBackwardRows - 1) / kBackwardRows;
            return launchKernel(kernel, dim3(blocks), dim3(kBackwardThreads),
                                CellLayout<WarpProducts<T, D>>::kShared, stream, false, p);
        });
    });
}

} // namespace moa::kernels::cuda
