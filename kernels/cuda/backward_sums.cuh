// Sums that the row pass of attention backward gathers about distances, and their conversion into what every
// window costs. A block works on a tile of 64 query rows, thread by row in the conversion.
#pragma once

#include "kernels/cuda/backward_tiles.cuh"

namespace moa::kernels::cuda {

inline constexpr int kSinkChoices = 5, kSinkTiles = kSinkChoices - 1;
inline constexpr int kMostParts = 64; ///< of a head's row blocks; each part adds up on its own, in order
inline constexpr int kWindowsAtOnce = 32;

/// Sums of one row and distance bucket without sink tiles, and of all buckets from it outwards.
struct alignas(16) BucketSums {
    float a, ag;           ///< Σ A, Σ A·g at distance t
    float outerA, outerAg; ///< the same at t and beyond
};

/// Sums of a row tile × key tile: keys up to the row's column are one bucket further than those behind it.
struct TileSums {
    float mass, nearInfluence, farInfluence; ///< Σ A, Σ|E| near, Σ|E| far
};

/// What one block needs in global memory while it works on a tile of rows.
struct BlockSpace {
    BucketSums* buckets; ///< [T][64]
    TileSums* tiles;     ///< [T]

    __host__ __device__ static std::size_t bytes(int tiles) {
        return static_cast<std::size_t>(tiles) * (kBackwardRows * sizeof(BucketSums) + sizeof(TileSums) + 4);
    }
    __device__ BlockSpace(char* workspace, int block, int tiles) {
        char* own = workspace + block * ((bytes(tiles) + 255) / 256 * 256);
        buckets = reinterpret_cast<BucketSums*>(own);
        this->tiles = reinterpret_cast<TileSums*>(own + static_cast<std::size_t>(tiles) * kBackwardRows *
                                                            sizeof(BucketSums));
    }
};

/// Where sums of one head's part, and rows of tiles, wait to be added up: the pool kernel does that in order.
struct CostSpace {
    int parts = 0, tiles = 0, rowTiles = 0, mapCells = 0;
    char* blocks = nullptr;    ///< BlockSpace of every block
    int* counter = nullptr;    ///< next piece of work
    double* costs = nullptr;   ///< [heads][parts][2: Σ|C|, ΣC][5][T+1]
    double* hist = nullptr;    ///< [heads][parts][5: key tiles 0 … 3, the others][T]
    float* mapRows = nullptr;  ///< [heads][rowTiles][2: Σ|E|, ΣA][m]
    std::size_t zeroBytes = 0; ///< from `counter` on: counter, costs, hist

    __host__ __device__ std::size_t costSize() const { return 2ull * kSinkChoices * (tiles + 1); }
    __host__ __device__ std::size_t histSize() const {
        return static_cast<std::size_t>(kSinkChoices) * tiles;
    }
};

/// In shared memory, for the rows of a block.
struct RowSpace {
    float sink[kSinkTiles][2][2][kBackwardRows]; ///< [key tile][near, far][Σ A, Σ A·g]
    float dominantA[kBackwardRows], dominantG[kBackwardRows], influence[kBackwardRows];
    int dominantKey[kBackwardRows];
    TileSums warps[2][kBackwardWarps];                   ///< by stage
    float windows[kBackwardWarps][3][2][kWindowsAtOnce]; ///< [warp][sink choice][Σ|C|, ΣC]
    int task;
};

/// Running sums of this lane's two rows over key tiles, from the farthest to the diagonal.
struct RowSums {
    float near[2][2], far[2][2];       ///< [row][a, ag] of the tile at hand
    float nearInfluence, farInfluence; ///< both rows
    float before[2][2] = {}; ///< far sums of the tile before: the same bucket as this one's near sums
    float outer[2][2] = {};
    float dominantA[2] = {}, dominantG[2] = {};
    int dominantKey[2] = {};

    __device__ void clear() {
#pragma unroll
        for (int r = 0; r < 2; ++r) near[r][0] = near[r][1] = far[r][0] = far[r][1] = 0;
        nearInfluence = farInfluence = 0;
    }

    /// A dominant weight is left out of the sums: its influence comes from the other keys, once all are
    /// known.
    template <bool Dominant>
    __device__ float small(float weight, float g, int r, int key) {
        if constexpr (Dominant)
            if (weight > kDominant) {
                dominantA[r] = weight, dominantG[r] = g, dominantKey[r] = key;
                return 0;
            }
        return weight;
    }

    /// Sums a tile and turns g into dS = A·(g − δ). Mixed: the first of the two blocks of 8 keys whose
    /// columns are about the warp's rows; blocks before it are near, those behind are far.
    template <bool Dominant, int Mixed>
    __device__ void gather(const float (&p)[8][4], float (&g)[8][4], const float (&delta)[2], int firstKey,
                           int lane) {
        const int row = Mixed * 8 + lane / 4;
#pragma unroll
        for (int n = 0; n < 8; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int r = i / 2, column = n * 8 + lane % 4 * 2 + i % 2;
                const float w = small<Dominant>(p[n][i], g[n][i], r, firstKey + column);
                const float ag = w * g[n][i], dS = p[n][i] * (g[n][i] - delta[r]);
                const float e = influenceOf(Dominant && w == 0 ? 0.f : dS, w);
                g[n][i] = dS;
                const bool isNear = n < Mixed || (n < Mixed + 2 && column <= row + 8 * r);
                const bool isFar = n > Mixed + 1 || (n >= Mixed && column > row + 8 * r);
                if (n < Mixed + 2)
                    near[r][0] += isNear ? w : 0.f, near[r][1] += isNear ? ag : 0.f,
                        nearInfluence += isNear ? e : 0.f;
                if (n >= Mixed)
                    far[r][0] += isFar ? w : 0.f, far[r][1] += isFar ? ag : 0.f,
                        farInfluence += isFar ? e : 0.f;
            }
    }
    /// The same for the warp's place in its tile.
    template <bool Dominant>
    __device__ void gatherFor(int place, const float (&p)[8][4], float (&g)[8][4], const float (&delta)[2],
                              int firstKey, int lane) {
        switch (place) {
        case 0:
            return gather<Dominant, 0>(p, g, delta, firstKey, lane);
        case 1:
            return gather<Dominant, 2>(p, g, delta, firstKey, lane);
        case 2:
            return gather<Dominant, 4>(p, g, delta, firstKey, lane);
        default:
            return gather<Dominant, 6>(p, g, delta, firstKey, lane);
        }
    }

    __device__ void beginTile(const float (&p)[8][4], float (&g)[8][4], const float (&delta)[2], int place,
                              int firstKey, int lane) {
        float most = 0;
#pragma unroll
        for (int n = 0; n < 8; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) most = fmaxf(most, p[n][i]);
        clear();
        if (__any_sync(~0u, most > kDominant))
            gatherFor<true>(place, p, g, delta, firstKey, lane);
        else
            gatherFor<false>(place, p, g, delta, firstKey, lane);
    }

    /// Ends key tile J of row tile I: buckets to memory, tile sums to `space`.
    __device__ void endTile(RowSpace& space, const BlockSpace& block, int rowTile, int keyTile, int stage,
                            int lane, int warp) {
        float mass = 0;
#pragma unroll
        for (int r = 0; r < 2; ++r) {
#pragma unroll
            for (int v = 0; v < 2; ++v)
#pragma unroll
                for (int step = 1; step < 4; step *= 2) {
                    near[r][v] += __shfl_xor_sync(~0u, near[r][v], step);
                    far[r][v] += __shfl_xor_sync(~0u, far[r][v], step);
                }
            mass += near[r][0] + far[r][0];
        }
#pragma unroll
        for (int step = 4; step < 32; step *= 2) mass += __shfl_xor_sync(~0u, mass, step);
        const TileSums sums{mass, warpSum(nearInfluence), warpSum(farInfluence)};
        if (lane == 0) space.warps[stage][warp] = sums;
        const int r = lane % 2, row = warp * 16 + lane / 4 + 8 * r; // lanes 0 and 1 of four write
        if (keyTile < kSinkTiles) {
            if (lane % 4 < 2) {
                auto& to = space.sink[keyTile];
                to[0][0][row] = r ? near[1][0] : near[0][0], to[0][1][row] = r ? near[1][1] : near[0][1];
                to[1][0][row] = r ? far[1][0] : far[0][0], to[1][1][row] = r ? far[1][1] : far[0][1];
            }
            return;
        }
        BucketSums bucket[2];
#pragma unroll
        for (int x = 0; x < 2; ++x) {
            const float a = near[x][0] + before[x][0], ag = near[x][1] + before[x][1];
            outer[x][0] += a, outer[x][1] += ag;
            bucket[x] = {a, ag, outer[x][0], outer[x][1]};
            before[x][0] = far[x][0], before[x][1] = far[x][1];
        }
        if (lane % 4 < 2)
            block.buckets[(rowTile - keyTile) * kBackwardRows + row] = r ? bucket[1] : bucket[0];
    }

    /// After the last tile: the rows' weights above ½ to `space`, and the sums of all others.
    __device__ void endRows(RowSpace& space, int lane, int warp) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const int row = warp * 16 + lane / 4 + 8 * r;
            if (lane % 4 == 0)
                space.dominantA[row] = 0, space.influence[row] = outer[r][0],
                space.dominantG[row] = outer[r][1];
        }
        __syncwarp();
        // influence and dominantG hold Σ A and Σ A·g for the moment.
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const int row = warp * 16 + lane / 4 + 8 * r;
            if (dominantA[r] == 0) continue;
            space.dominantA[row] = dominantA[r], space.dominantKey[row] = dominantKey[r];
            float mass = space.influence[row], sum = space.dominantG[row];
            for (int t = 0; t < kSinkTiles; ++t)
                for (int side = 0; side < 2; ++side)
                    mass += space.sink[t][side][0][row], sum += space.sink[t][side][1][row];
            space.dominantG[row] = dominantG[r];
            // −1: not to be had from these sums.
            space.influence[row] = mass < kLostMass ? -1.f : dominantA[r] * fabsf(dominantG[r] - sum / mass);
        }
    }
};

/// A row's weight above ½ joins its sink tile, or the bucket returned here; −1: it has none, or joined.
__device__ inline int settleDominant(RowSpace& space, int row, int rowTile) {
    const float a = space.dominantA[row];
    if (a == 0) return -1;
    const int keyTile = space.dominantKey[row] / kBackwardTile;
    const int far = space.dominantKey[row] % kBackwardTile > row % kBackwardTile;
    if (keyTile >= kSinkTiles) return rowTile - keyTile - far;
    space.sink[keyTile][far][0][row] += a;
    space.sink[keyTile][far][1][row] += a * space.dominantG[row];
    return -1;
}

/// Adds the dominant weights and their influence to the tile sums: a warp, in the order of the rows of one
/// tile.
__device__ inline void addDominantTiles(const RowSpace& space, const BlockSpace& block, int lane) {
    for (int first = 0; first < kBackwardRows; first += 32) {
        const int row = first + lane;
        const float a = space.dominantA[row];
        const int key = a > 0 ? space.dominantKey[row] : -1;
        const int tile = key < 0 ? -1 : key / kBackwardTile;
        const unsigned same = __match_any_sync(~0u, tile);
        if (tile >= 0 && __ffs(same) - 1 == lane) { // one lane for all rows with that tile
            TileSums& to = block.tiles[tile];
            TileSums sums = to;
            for (unsigned rest = same; rest; rest &= rest - 1) {
                const int other = first + __ffs(rest) - 1;
                const bool far = space.dominantKey[other] % kBackwardTile > other % kBackwardTile;
                sums.mass += space.dominantA[other];
                (far ? sums.farInfluence : sums.nearInfluence) += space.influence[other];
            }
            to = sums;
        }
        __syncwarp();
    }
}

struct MassAndSum {
    float a = 0, ag = 0;
    __device__ void add(float x, float y) { a += x, ag += y; }
};

/// One row's share of the costs of all windows for sink choices first, first + 1, first + 2 (of 5).
template <class T, int D>
struct WindowCosts {
    const HeadInMemory& h;
    const RowSpace& space;
    const BlockSpace& block;
    int row, position, rowTile, dominantBucket, firstChoice, lane;
    bool valid;
    MassAndSum near, seenSink[3], hiddenRest[3]; ///< of key tiles 0 … 3 where windows end before them

    __device__ MassAndSum sinkPart(int tile, int far) const {
        return {space.sink[tile][far][0][row], space.sink[tile][far][1][row]};
    }
    __device__ void begin() {
#pragma unroll
        for (int k = 0; k < 3; ++k) share(k, 0, seenSink[k], hiddenRest[k]);
    }
    /// Adds the parts of key tiles 0 … 3 that window w of the k-th choice shows, and those that it hides.
    __device__ void share(int k, int w, MassAndSum& seen, MassAndSum& hidden) const {
#pragma unroll
        for (int part = 0; part < 2 * kSinkTiles; ++part) {
            const int tile = part / 2, far = part % 2;
            const MassAndSum x = sinkPart(tile, far);
            const bool shows = tile < firstChoice + k || rowTile - tile - far < w;
            seen.add(shows ? x.a : 0.f, shows ? x.ag : 0.f),
                hidden.add(shows ? 0.f : x.a, shows ? 0.f : x.ag);
        }
    }
    /// Sums of bucket t without sink tiles; none beyond those that were written.
    __device__ BucketSums bucket(int t) const {
        if (t < 0 || t > rowTile - kSinkTiles) return {0, 0, 0, 0};
        return block.buckets[t * kBackwardRows + row];
    }
    /// C of window w for the choices, 0 where nothing is hidden; `from`: bucket w − 1, `to`: bucket w.
    __device__ void window(int w, const BucketSums& from, const BucketSums& to, float (&c)[3]) {
        near.add(from.a, from.ag);
        const float a = space.dominantA[row], ag = a * space.dominantG[row];
        if (dominantBucket == w - 1) near.add(a, ag);
        MassAndSum outer{to.outerA, to.outerAg};
        if (w <= dominantBucket) outer.add(a, ag);
#pragma unroll
        for (int k = 0; k < 3; ++k) {
            MassAndSum seen = near, hidden = outer;
            if (w <= rowTile - kSinkTiles)
                seen.add(seenSink[k].a, seenSink[k].ag), hidden.add(hiddenRest[k].a, hiddenRest[k].ag);
            else
                share(k, w, seen, hidden); // the window reaches into key tiles 0 … 3
            const bool counts = valid && w <= rowTile;
            float mean = __fdividef(seen.ag, seen.a);
            const unsigned weak = __ballot_sync(~0u, counts && seen.a < kWeakMass);
            for (unsigned rest = weak; rest; rest &= rest - 1) {
                const int other = __shfl_sync(~0u, position, __ffs(rest) - 1);
                const int sinkEnd = min((firstChoice + k) * kBackwardTile, other + 1);
                const float exact = exactMeanGradient<T, D>(h, other, sinkEnd,
                                                            max(sinkEnd, other - w * kBackwardTile + 1), -1);
                if (lane == __ffs(rest) - 1) mean = exact;
            }
            // mean − (Σ of all A·g), with Σ of all A = 1: written without the cancellation.
            c[k] = counts ? mean * hidden.a - hidden.ag : 0.f;
        }
    }
};

} // namespace moa::kernels::cuda
