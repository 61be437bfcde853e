// Attention backward of one query head, tile by tile: P is recomputed from Q, K and log-sum-exp, dP = V·dOᵀ
// gives dQ, dK, dV and, from the same products, the rule costs, influence histograms and pooled maps.
#include "kernels/cpu/rule_costs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_backward.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/probabilities-inl.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// Everything one tile row needs; pointers into the workspace.
struct BackwardState {
    float* qT;     // [headDim][64], scaled
    float* q;      // [64][paddedDim], scaled
    float* dOT;    // [headDim][64]
    float* dO;     // [64][paddedDim]
    float* p;      // [64 keys][64 rows]
    float* g;      // [64 keys][64 rows], dP, then dS
    float* dQT;    // [headDim][64]
    float* lse;    // [64]
    float* delta;  // [64] δ = dO·O
    DominantKeys dominant;
    float* costs; // ruleCostWorkspaceFloats
    std::uint64_t* weak; // [5][T+1]
    RowBuckets buckets;
    std::int64_t firstRow; // position of row 0
    int rows;
};

std::size_t workspaceFloats(int headDim, std::int64_t n) {
    const std::int64_t tiles = (n + kTile - 1) / kTile;
    const std::size_t pad = static_cast<std::size_t>(paddedDim(headDim));
    const std::size_t dim = static_cast<std::size_t>(headDim);
    return 3 * dim * kTile + 2 * pad * kTile + 2 * kTile * kTile + 2 * kTile + DominantKeys::kFloats +
           ruleCostWorkspaceFloats(tiles) + RowBuckets::floats(tiles) +
           2 * static_cast<std::size_t>((kSinkTiles + 1) * (tiles + 1));
}

BackwardState layOut(const BackwardHeadParams& p) {
    const std::int64_t tiles = (p.n + kTile - 1) / kTile;
    float* at = p.workspace;
    const auto take = [&at](std::int64_t count) {
        float* here = at;
        at += count;
        return here;
    };
    BackwardState st{};
    st.weak = reinterpret_cast<std::uint64_t*>(take(2 * (kSinkTiles + 1) * (tiles + 1)));
    st.qT = take(p.headDim * kTile);
    st.dOT = take(p.headDim * kTile);
    st.dQT = take(p.headDim * kTile);
    st.q = take(paddedDim(p.headDim) * kTile);
    st.dO = take(paddedDim(p.headDim) * kTile);
    st.p = take(kTile * kTile);
    st.g = take(kTile * kTile);
    st.lse = take(kTile);
    st.delta = take(kTile);
    st.dominant = DominantKeys::in(take(DominantKeys::kFloats));
    st.costs = take(static_cast<std::int64_t>(ruleCostWorkspaceFloats(tiles)));
    st.buckets.tiles = tiles;
    st.buckets.a = take((tiles + 1) * kTile);
    st.buckets.ag = take((tiles + 1) * kTile);
    st.buckets.e = take((tiles + 1) * kTile);
    st.buckets.sink = take(kSinkTiles * 2 * 3 * kTile);
    return st;
}

/// dst[64][padded] = factor · src; rows and columns past the end are zero.
void packRows(const float* src, std::int64_t stride, int rows, int headDim, float factor, float* dst) {
    const int pad = paddedDim(headDim);
    std::fill(dst, dst + pad * kTile, 0.0f);
    for (int r = 0; r < rows; ++r)
        for (int d = 0; d < headDim; ++d) dst[r * pad + d] = factor * src[r * stride + d];
}

/// Loads the tile row; returns false when its dO is all zero (nothing flows back through it).
bool loadRows(const BackwardHeadParams& p, BackwardState& st) {
    const float* q = p.q + st.firstRow * p.qStride;
    const float* dO = p.dOut + st.firstRow * p.outStride;
    const float* out = p.out + st.firstRow * p.outStride;
    packTransposed(q, p.qStride, st.rows, p.headDim, p.scale, st.qT);
    loadLse(p.lse + st.firstRow, st.rows, st.lse);
    if (!loadDelta(dO, out, p.outStride, st.rows, p.headDim, st.delta)) return false;
    packTransposed(dO, p.outStride, st.rows, p.headDim, 1.0f, st.dOT);
    packRows(q, p.qStride, st.rows, p.headDim, p.scale, st.q);
    packRows(dO, p.outStride, st.rows, p.headDim, 1.0f, st.dO);
    std::fill(st.dQT, st.dQT + p.headDim * kTile, 0.0f);
    return true;
}

/// Sums A, A·g and |E| of keys [from, to) of the tile into `near` (c ≤ r) and `far` (c > r) for lanes r …
template <bool MIXED>
HWY_INLINE void gatherKeys(const BackwardState& st, int r, int from, int to, std::int64_t firstKey, FloatVec* near,
                           FloatVec* far) {
    const auto delta = hn::LoadU(kF, st.delta + r);
    const auto rowOf = hn::Iota(kF, static_cast<float>(r));
    for (int c = from; c < to; ++c) {
        const auto g = hn::LoadU(kF, st.g + c * kTile + r);
        const auto small = st.dominant.setApart(hn::LoadU(kF, st.p + c * kTile + r), g, r, firstKey + c);
        const auto ag = hn::Mul(small, g);
        const auto e = influenceSize(small, g, delta);
        if constexpr (MIXED) {
            const auto isFar = hn::Lt(rowOf, hn::Set(kF, static_cast<float>(c)));
            near[0] = hn::Add(near[0], hn::IfThenZeroElse(isFar, small));
            near[1] = hn::Add(near[1], hn::IfThenZeroElse(isFar, ag));
            near[2] = hn::Add(near[2], hn::IfThenZeroElse(isFar, e));
            far[0] = hn::Add(far[0], hn::IfThenElseZero(isFar, small));
            far[1] = hn::Add(far[1], hn::IfThenElseZero(isFar, ag));
            far[2] = hn::Add(far[2], hn::IfThenElseZero(isFar, e));
        } else {
            near[0] = hn::Add(near[0], small);
            near[1] = hn::Add(near[1], ag);
            near[2] = hn::Add(near[2], e);
        }
    }
}

HWY_INLINE void addTo(const RowSums& to, int r, const FloatVec* sums) {
    hn::StoreU(hn::Add(hn::LoadU(kF, to.a + r), sums[0]), kF, to.a + r);
    hn::StoreU(hn::Add(hn::LoadU(kF, to.ag + r), sums[1]), kF, to.ag + r);
    hn::StoreU(hn::Add(hn::LoadU(kF, to.e + r), sums[2]), kF, to.e + r);
}

/// Adds the tile to the distance buckets; returns Σ|E| of its keys but the dominant ones.
double gatherTile(const BackwardState& st, std::int64_t rowTile, std::int64_t keyTile, int count) {
    double total = 0;
    for (int r = 0; r < kTile; r += kLanes) {
        FloatVec near[3] = {hn::Zero(kF), hn::Zero(kF), hn::Zero(kF)};
        FloatVec far[3] = {hn::Zero(kF), hn::Zero(kF), hn::Zero(kF)};
        const std::int64_t firstKey = keyTile * kTile;
        const int mixedEnd = std::min(count, r + kLanes);
        gatherKeys<false>(st, r, 0, std::min(count, r), firstKey, near, far);
        gatherKeys<true>(st, r, std::min(count, r), mixedEnd, firstKey, near, far);
        gatherKeys<false>(st, r, mixedEnd, count, firstKey, far, near);
        addTo(st.buckets.target(rowTile, keyTile, 0), r, near);
        // On the diagonal tile the far half is beyond the causal mask: all zero, and has no bucket.
        if (keyTile < rowTile) addTo(st.buckets.target(rowTile, keyTile, 1), r, far);
        total += static_cast<double>(hn::GetLane(hn::SumOfLanes(kF, hn::Add(near[2], far[2]))));
    }
    return total;
}

/// dS = P∘(g − δ), in place of g.
void scoreGradient(const BackwardState& st, int count) {
    for (int c = 0; c < count; ++c)
        for (int r = 0; r < kTile; r += kLanes) {
            float* at = st.g + c * kTile + r;
            hn::StoreU(hn::Mul(hn::LoadU(kF, st.p + c * kTile + r),
                               hn::Sub(hn::LoadU(kF, at), hn::LoadU(kF, st.delta + r))),
                       kF, at);
        }
}

struct MapCell {
    std::int64_t tiles;
    int cells;
    std::int64_t index(std::int64_t rowTile, std::int64_t keyTile) const {
        return (rowTile * cells / tiles) * cells + keyTile * cells / tiles;
    }
};

/// A weight above ½ was left out of the sums: its E comes from the other keys of the row; then it joins them.
void addDominantKeys(const BackwardHeadParams& p, const BackwardState& st, std::int64_t rowTile) {
    const MapCell cell{p.sums->tiles, p.sums->mapCells};
    for (int r = 0; r < st.rows; ++r) {
        const float a = st.dominant.a[r], g = st.dominant.g[r];
        if (a == 0.0f) continue;
        const std::int64_t key = st.dominant.position(r);
        float mass = 0, sum = 0;
        for (std::int64_t t = 0; t <= rowTile; ++t) {
            mass += st.buckets.a[t * kTile + r];
            sum += st.buckets.ag[t * kTile + r];
        }
        for (std::int64_t part = 0; part < kSinkTiles * 2; ++part) {
            mass += st.buckets.sinkPart(part / 2, static_cast<int>(part % 2)).a[r];
            sum += st.buckets.sinkPart(part / 2, static_cast<int>(part % 2)).ag[r];
        }
        const std::int64_t row = st.firstRow + r;
        double e = -static_cast<double>(a) * (static_cast<double>(g) - static_cast<double>(sum) / static_cast<double>(mass));
        if (mass < kLostMass) {
            const ExactRow exact{p.q + row * p.qStride, p.dOut + row * p.outStride, p.k, p.v, row, p.headDim, p.scale,
                                 p.sink, row - p.window};
            e = exactDominantInfluence(exact, key);
        }
        const std::int64_t keyTile = key / kTile;
        const int far = key % kTile > r ? 1 : 0;
        const RowSums to = st.buckets.target(rowTile, keyTile, far);
        to.a[r] += a;
        to.ag[r] += a * g;
        to.e[r] += static_cast<float>(std::abs(e));
        p.sums->influenceMap[cell.index(rowTile, keyTile)] += static_cast<float>(std::abs(e));
    }
}

void finishRow(const BackwardHeadParams& p, const BackwardState& st, std::int64_t rowTile) {
    const std::int64_t tiles = st.buckets.tiles;
    addDominantKeys(p, st, rowTile);
    std::fill(st.weak, st.weak + (kSinkTiles + 1) * (tiles + 1), std::uint64_t(0));
    addRuleCosts(st.buckets, rowTile, st.rows, *p.sums, st.weak, st.costs);
    for (int r = 0; r < st.rows; ++r) {
        const std::int64_t row = st.firstRow + r;
        const ExactRow exact{p.q + row * p.qStride, p.dOut + row * p.outStride, p.k, p.v, row, p.headDim, p.scale,
                             0, -1};
        addExactRuleCosts(exact, r, st.weak, tiles, *p.sums);
    }
}

void backwardTileRow(const BackwardHeadParams& p, BackwardState& st, std::int64_t rowTile) {
    st.firstRow = rowTile * kTile;
    st.rows = static_cast<int>(std::min<std::int64_t>(kTile, p.firstRow + p.rowCount - st.firstRow));
    const bool flows = loadRows(p, st);
    const int pad = paddedDim(p.headDim), dim = p.headDim;
    if (!flows)
        for (int r = 0; r < st.rows; ++r) std::fill_n(p.dQ + (st.firstRow + r) * p.qStride, dim, 0.0f);
    if (!flows && !p.sums) return;
    if (p.sums && flows) {
        std::fill(st.buckets.a, st.buckets.sink + kSinkTiles * 2 * 3 * kTile, 0.0f);
        st.dominant.clear();
    }
    const MapCell cell{p.sums ? p.sums->tiles : 1, p.sums ? p.sums->mapCells : 1};
    for (std::int64_t keyTile = 0; keyTile <= rowTile; ++keyTile) {
        const std::int64_t firstKey = keyTile * kTile;
        const int count = static_cast<int>(std::min<std::int64_t>(kTile, p.n - firstKey));
        const ScoreTile scores{st.qT, st.lse, st.firstRow, p.k + firstKey * dim, firstKey, count, dim, p.sink, p.window};
        if (scores.hidden()) continue;
        const double mass = probabilities(scores, st.p);
        if (p.sums) p.sums->attentionMap[cell.index(rowTile, keyTile)] += static_cast<float>(mass);
        if (!flows) continue;
        product<false>(p.v + firstKey * dim, dim, 1, st.dOT, kTile, count, dim, kTile, st.g, kTile);
        if (p.sums)
            p.sums->influenceMap[cell.index(rowTile, keyTile)] +=
                static_cast<float>(gatherTile(st, rowTile, keyTile, count));
        scoreGradient(st, count);
        product<true>(st.p, kTile, 1, st.dO, pad, count, kTile, pad, p.dV + firstKey * pad, pad);
        product<true>(st.g, kTile, 1, st.q, pad, count, kTile, pad, p.dK + firstKey * pad, pad);
        product<true>(p.k + firstKey * dim, 1, dim, st.g, kTile, dim, count, kTile, st.dQT, kTile);
    }
    if (!flows) return;
    for (int r = 0; r < st.rows; ++r)
        for (int d = 0; d < dim; ++d)
            p.dQ[(st.firstRow + r) * p.qStride + d] = p.scale * st.dQT[d * kTile + r];
    if (p.sums) finishRow(p, st, rowTile);
}

void backwardHead(const BackwardHeadParams& p) {
    BackwardState st = layOut(p);
    const std::int64_t end = (p.firstRow + p.rowCount + kTile - 1) / kTile;
    for (std::int64_t rowTile = p.firstRow / kTile; rowTile < end; ++rowTile) backwardTileRow(p, st, rowTile);
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(backwardHead);
HWY_EXPORT(workspaceFloats);

std::size_t backwardWorkspaceFloats(int headDim, std::int64_t n) {
    return HWY_DYNAMIC_DISPATCH(workspaceFloats)(headDim, n);
}

void attentionBackwardHead(const BackwardHeadParams& params) { HWY_DYNAMIC_DISPATCH(backwardHead)(params); }

} // namespace moa::kernels
#endif
