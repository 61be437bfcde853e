// Attention backward by rows: dQ and, from the same products, sums by distance that become rule costs,
// influence and maps. Four warps hold 16 query rows each and walk the key tiles from the first to the
// diagonal. Blocks stay and take the next piece of work; which block takes which does not show in the sums.
#include "kernels/cuda/backward_launch.h"
#include "kernels/cuda/backward_rows.cuh"
#include "kernels/cuda/backward_space.h"
#include "kernels/cuda/backward_sums.cuh"
#include "kernels/cuda/launch.h"

namespace moa::kernels::cuda {

namespace {

template <class P>
struct RowLayout {
    static constexpr int kSpace = P::kBytes;
    static constexpr int kShared = kSpace + sizeof(RowSpace) + kBackwardSlack;
};

/// Sums the warps' shares of a tile into the block's tile sums: one thread, after a barrier.
__device__ inline void keepTileSums(const RowSpace& space, const BlockSpace& block, int keyTile, int stage) {
    if (threadIdx.x > 0) return;
    TileSums sum{0, 0, 0};
    for (const TileSums& x : space.warps[stage])
        sum.mass += x.mass, sum.nearInfluence += x.nearInfluence, sum.farInfluence += x.farInfluence;
    block.tiles[keyTile] = sum;
}

/// Adds Σ|E| by distance and the tile's row of the maps; threads by bucket, then by cell.
__device__ inline void addDistances(const CostSpace& c, const BlockSpace& block, double* hist, float* mapRow,
                                    int rowTile) {
    for (int t = threadIdx.x; t <= rowTile; t += kBackwardThreads)
        for (int far = 0; far < 2; ++far) {
            const int keyTile = rowTile - t - far;
            if (keyTile < 0) continue;
            const TileSums& sums = block.tiles[keyTile];
            hist[min(keyTile, kSinkTiles) * c.tiles + t] +=
                static_cast<double>(far ? sums.farInfluence : sums.nearInfluence);
        }
    for (int cell = threadIdx.x; cell < c.mapCells; cell += kBackwardThreads) {
        const auto firstOf = [&](int at) {
            return static_cast<int>((static_cast<std::int64_t>(at) * c.tiles + c.mapCells - 1) / c.mapCells);
        };
        float influence = 0, mass = 0;
        for (int tile = firstOf(cell); tile < min(firstOf(cell + 1), rowTile + 1); ++tile) {
            const TileSums& sums = block.tiles[tile];
            influence += sums.nearInfluence + sums.farInfluence, mass += sums.mass;
        }
        mapRow[cell] = influence, mapRow[c.mapCells + cell] = mass;
    }
}

struct EightValues {
    float x[8];
};

/// Sums of eight values over the warp: lane l gets the sum of value l / 4.
__device__ inline float sumEight(EightValues v, int lane) {
#pragma unroll
    for (int half = 4; half > 0; half /= 2) { // each exchange halves what a lane is left to sum
        const bool upper = lane & (half * 4);
#pragma unroll
        for (int i = 0; i < half; ++i) {
            const float keep = upper ? v.x[i + half] : v.x[i], give = upper ? v.x[i] : v.x[i + half];
            v.x[i] = keep + __shfl_xor_sync(~0u, give, half * 4);
        }
    }
    v.x[0] += __shfl_xor_sync(~0u, v.x[0], 2);
    return v.x[0] + __shfl_xor_sync(~0u, v.x[0], 1);
}

/// Costs of all windows from the buckets of the block's rows, added to `costs`.
template <class T, int D>
__device__ void addWindowCosts(const HeadInMemory& h, RowSpace& space, const BlockSpace& block, double* costs,
                               int tiles, int firstRow) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, row = threadIdx.x % kBackwardRows;
    const int rowTile = firstRow / kBackwardTile, group = threadIdx.x / kBackwardRows;
    constexpr int kGroupWarps = kBackwardRows / 32;
    __shared__ int buckets[kBackwardRows];
    if (group == 0) buckets[row] = settleDominant(space, row, rowTile);
    __syncthreads();
    WindowCosts<T, D> own{h,       space,        block,     row,  firstRow + row,
                          rowTile, buckets[row], group * 3, lane, firstRow + row < h.n};
    own.begin();
    BucketSums from = own.bucket(0);
    for (int first = 1; first <= rowTile; first += kWindowsAtOnce) {
#pragma unroll 4
        for (int i = 0; i < kWindowsAtOnce; ++i) {
            if (first + i > rowTile) break;
            const BucketSums to = own.bucket(first + i);
            float c[3];
            own.window(first + i, from, to, c);
            from = to;
            const float sum = sumEight({fabsf(c[0]), c[0], fabsf(c[1]), c[1], fabsf(c[2]), c[2], 0, 0}, lane);
            if (lane % 4 == 0 && lane < 24) space.windows[warp][lane / 8][lane / 4 % 2][i] = sum;
        }
        __syncthreads();
        for (int i = threadIdx.x; i < 2 * kSinkChoices * kWindowsAtOnce; i += kBackwardThreads) {
            const int w = i % kWindowsAtOnce, k = i / kWindowsAtOnce % kSinkChoices,
                      v = i / (kWindowsAtOnce * kSinkChoices);
            if (first + w > rowTile) continue;
            double sum = 0;
            for (int x = 0; x < kGroupWarps; ++x)
                sum += static_cast<double>(space.windows[k / 3 * kGroupWarps + x][k % 3][v][w]);
            costs[(v * kSinkChoices + k) * (tiles + 1) + first + w] += sum;
        }
        __syncthreads();
    }
}

/// What the rows of a block add to their head's part, once all their tiles are summed.
template <class T, int D>
__device__ void addSums(const HeadInMemory& h, const CostSpace& c, RowSpace& space, const BlockSpace& block,
                        std::size_t part, int head, int firstRow) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, rowTile = firstRow / kBackwardTile;
    __syncwarp();
    for (int row = warp * 16; row < warp * 16 + 16; ++row) {
        if (space.dominantA[row] == 0 || space.influence[row] >= 0) continue;
        const float mean = exactMeanGradient<T, D>(h, firstRow + row, 0, 0, space.dominantKey[row]);
        if (lane == 0) space.influence[row] = space.dominantA[row] * fabsf(space.dominantG[row] - mean);
    }
    __syncthreads();
    if (warp == 0) addDominantTiles(space, block, lane);
    __syncthreads();
    const std::size_t mapRow = static_cast<std::size_t>(head) * c.rowTiles + rowTile;
    addDistances(c, block, c.hist + part * c.histSize(), c.mapRows + mapRow * 2 * c.mapCells, rowTile);
    addWindowCosts<T, D>(h, space, block, c.costs + part * c.costSize(), c.tiles, firstRow);
}

/// g ← dS = A·(g − δ).
__device__ inline void scoreGradient(const float (&p)[8][4], float (&g)[8][4], const float (&delta)[2]) {
#pragma unroll
    for (int n = 0; n < 8; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) g[n][i] = p[n][i] * (g[n][i] - delta[i / 2]);
}

/// dQ of 64 rows from `firstRow` on and, with Sums, what they add to the head's part.
template <class T, int D, class P, bool Sums>
__device__ void backwardBlock(const AttentionBackwardParams& p, const CostSpace& c, const BlockSpace& block,
                              int head, int part, int firstRow) {
    extern __shared__ unsigned char raw[];
    unsigned char* arrays = alignedShared(raw);
    RowSpace& space = *reinterpret_cast<RowSpace*>(arrays + RowLayout<P>::kSpace);
    const std::uint32_t shared = sharedAddress(arrays), stages = shared + 2 * P::kRowsBytes;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const HeadInMemory h(p, head);
    const int lastRow = min(firstRow + kBackwardRows, h.n) - 1, end = lastRow / kBackwardTile + 1;
    const int warpRow = firstRow + warp * 16, rowTile = warpRow / kBackwardTile;
    const int unitRow = firstRow + warp * 16 / P::kUnit * P::kUnit;

    loadBackwardRows<P, D>(h, firstRow, shared);
    int tile = nextTile(h, 0, firstRow, lastRow);
    if constexpr (P::kStages == 2) copyKeys<P, D>(h, tile, end, stages);
    float lse[2], delta[2], dQ[D / 8][4] = {};
    loadRowValues(h, warpRow, lane, lse, delta);
    if constexpr (Sums)
        for (int i = threadIdx.x; i < kSinkTiles * 4 * kBackwardRows; i += kBackwardThreads)
            (&space.sink[0][0][0][0])[i] = 0;
    RowSums sums;
    for (int stage = 0; tile < end; stage ^= 1) {
        const int ahead = nextTile(h, tile + 1, firstRow, lastRow);
        const std::uint32_t keys = stages + stage % P::kStages * 2 * P::kTileBytes;
        if constexpr (P::kStages == 2) {
            copyKeys<P, D>(h, ahead, end, stages + (stage ^ 1) * 2 * P::kTileBytes);
            waitCopies<1>();
        } else {
            copyKeys<P, D>(h, tile, end, keys);
            waitCopies<0>();
        }
        P::publish();
        __syncthreads();
        if (h.seesTile(tile, unitRow, unitRow + P::kUnit - 1)) {
            float weights[8][4], g[8][4];
            weightsAndGradients<P>(weights, g, h, shared, keys, lse, warpRow, tile * kBackwardTile, lane);
            if constexpr (Sums)
                sums.beginTile(weights, g, delta, warp % 4, tile * kBackwardTile, lane);
            else
                scoreGradient(weights, g, delta);
            P::accumulate(dQ, g, keys);
            if constexpr (Sums) sums.endTile(space, block, rowTile, tile, stage, lane, warp);
            P::awaitAccumulate(dQ);
        } else if (Sums && lane == 0) {
            space.warps[stage][warp] = {0, 0, 0};
        }
        __syncthreads(); // all warps have left the tile before it is overwritten
        if constexpr (Sums) keepTileSums(space, block, tile, stage);
        tile = ahead;
    }
    writeGradient<T, D>(dQ, p.scale, static_cast<char*>(p.dQ) + 2ll * head * D + 2 * p.dQStride * warpRow,
                        2 * p.dQStride, h.n - warpRow, lane);
    if constexpr (Sums) {
        sums.endRows(space, lane, warp);
        addSums<T, D>(h, c, space, block, static_cast<std::size_t>(head) * c.parts + part, head, firstRow);
    }
    __syncthreads(); // before the next rows overwrite shared memory
}

template <class T, int D, class P, bool Sums>
__global__ void __launch_bounds__(kBackwardThreads, kBackwardBlocks)
    backwardRows(const AttentionBackwardParams p, const CostSpace c, int parts, int* counter) {
    if constexpr (kCompiledHere<P>) {
        __shared__ int taken;
        const BlockSpace block(c.blocks, Sums ? blockIdx.x : 0, c.tiles);
        const int rowBlocks = (p.n + kBackwardRows - 1) / kBackwardRows;
        for (;;) {
            if (threadIdx.x == 0) taken = atomicAdd(counter, 1);
            __syncthreads();
            const int index = taken;
            __syncthreads();
            if (index >= p.heads * parts) return;
            const GroupedTask task(index, p.heads, parts);
            const int part = parts - 1 - task.item; // longest first
            for (int rows = part; rows < rowBlocks; rows += parts)
                backwardBlock<T, D, P, Sums>(p, c, block, task.head, part, rows * kBackwardRows);
        }
    }
}

} // namespace

int backwardParts(int n) {
    const int rowBlocks = (n + kBackwardRows - 1) / kBackwardRows;
    return rowBlocks < kMostParts ? rowBlocks : kMostParts;
}

cudaError_t launchBackwardRows(const AttentionBackwardParams& p, const RuleCostParams* costs,
                               cudaStream_t stream) {
    int device = 0, multiprocessors = 0;
    if (const auto e = cudaGetDevice(&device); e != cudaSuccess) return e;
    cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    CostSpace space;
    int parts = (p.n + kBackwardRows - 1) / kBackwardRows;
    // Without sums the counter is the first word of delta's tail: see launchAttentionBackward().
    int* counter = reinterpret_cast<int*>(p.delta + static_cast<std::int64_t>(p.heads) * p.n);
    if (costs) {
        space = costSpaceOf(*costs, p.n, p.heads, multiprocessors);
        parts = space.parts, counter = space.counter;
        if (const auto e = cudaMemsetAsync(space.counter, 0, space.zeroBytes, stream); e != cudaSuccess)
            return e;
    } else if (const auto e = cudaMemsetAsync(counter, 0, sizeof(int), stream); e != cudaSuccess) {
        return e;
    }
    return withBackwardKind(p, [&]<class Kind>(Kind) {
        using P = typename Kind::P;
        constexpr int kShared = RowLayout<P>::kShared;
        const auto kernel = costs ? backwardRows<typename Kind::T, Kind::D, P, true>
                                  : backwardRows<typename Kind::T, Kind::D, P, false>;
        if (const auto e = allowSharedMemory(kernel, kShared); e != cudaSuccess) return e;
        return launchKernel(kernel, dim3(multiprocessors * kBackwardBlocks), dim3(kBackwardThreads), kShared,
                            stream, false, p, space, parts, counter);
    });
}

} // namespace moa::kernels::cuda
