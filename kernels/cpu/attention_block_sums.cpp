// Attention or published influence of one query head, summed into cells of any size, down to single tokens:
// the data of attention pictures and exports. Products and probabilities are those of the backward pass.
#include "kernels/cpu/rule_costs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_block_sums.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/probabilities-inl.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// Everything one run of up to 64 rows needs; pointers into the workspace.
struct BlockSumState {
    float* qT;     // [headDim][64], scaled
    float* dOT;    // [headDim][64]
    float* p;      // [64 keys][64 rows], A, then |E|
    float* g;      // [64 keys][64 rows]
    float* lse;    // [64]
    float* delta;  // [64] δ = dO·O
    float* mass;   // [64] Σ A of the weights up to ½
    float* sum;    // [64] Σ A·g of the weights up to ½
    float* column; // [64] one cell column's share of every row
    DominantKeys dominant;
    std::int64_t firstRow;
    int rows;
};

std::size_t blockSumFloats(int headDim) {
    return static_cast<std::size_t>(2 * headDim * kTile + 2 * kTile * kTile + 5 * kTile +
                                    DominantKeys::kFloats);
}

BlockSumState layOut(const BlockSumParams& p) {
    float* at = p.workspace;
    const auto take = [&at](int count) {
        float* here = at;
        at += count;
        return here;
    };
    BlockSumState st{};
    st.qT = take(p.headDim * kTile);
    st.dOT = take(p.headDim * kTile);
    st.p = take(kTile * kTile);
    st.g = take(kTile * kTile);
    st.lse = take(kTile);
    st.delta = take(kTile);
    st.mass = take(kTile);
    st.sum = take(kTile);
    st.column = take(kTile);
    st.dominant = DominantKeys::in(take(DominantKeys::kFloats));
    return st;
}

std::int64_t cellsOf(const BlockSumParams& p) {
    return (p.n + p.block - 1) / p.block;
}

/// The cell of (row, key).
double& cell(const BlockSumParams& p, std::int64_t row, std::int64_t key) {
    return p.sums[(row / p.block - p.firstRow / p.block) * cellsOf(p) + key / p.block];
}

/// Loads the rows; returns false when there is nothing to add (influence of rows whose dO is all zero).
bool loadBlockRows(const BlockSumParams& p, BlockSumState& st) {
    loadLse(p.lse + st.firstRow, st.rows, st.lse);
    packTransposed(p.q + st.firstRow * p.qStride, p.qStride, st.rows, p.headDim, p.scale, st.qT);
    if (!p.dOut) return true;
    const float* dO = p.dOut + st.firstRow * p.outStride;
    if (!loadDelta(dO, p.out + st.firstRow * p.outStride, p.outStride, st.rows, p.headDim, st.delta))
        return false;
    packTransposed(dO, p.outStride, st.rows, p.headDim, 1.0f, st.dOT);
    std::fill(st.mass, st.mass + kTile, 0.0f);
    std::fill(st.sum, st.sum + kTile, 0.0f);
    st.dominant.clear();
    return true;
}

/// Turns A into |E| in place, but for weights above ½, which become 0 and are noted.
void influenceOfTile(const BlockSumState& st, std::int64_t firstKey, int count) {
    for (int r = 0; r < kTile; r += kLanes) {
        const auto delta = hn::LoadU(kF, st.delta + r);
        auto mass = hn::LoadU(kF, st.mass + r), sum = hn::LoadU(kF, st.sum + r);
        for (int c = 0; c < count; ++c) {
            float* at = st.p + c * kTile + r;
            const auto g = hn::LoadU(kF, st.g + c * kTile + r);
            const auto small = st.dominant.setApart(hn::LoadU(kF, at), g, r, firstKey + c);
            mass = hn::Add(mass, small);
            sum = hn::MulAdd(small, g, sum);
            hn::StoreU(influenceSize(small, g, delta), kF, at);
        }
        hn::StoreU(mass, kF, st.mass + r);
        hn::StoreU(sum, kF, st.sum + r);
    }
}

/// Adds the tile's values to the cells, key columns first: lanes are rows. Float sums are over one tile at
/// most.
void addToCells(const BlockSumParams& p, const BlockSumState& st, std::int64_t firstKey, int count) {
    for (int c = 0; c < count;) {
        const std::int64_t nextColumn = ((firstKey + c) / p.block + 1) * p.block;
        const int end = static_cast<int>(std::min<std::int64_t>(count, nextColumn - firstKey));
        for (int r = 0; r < kTile; r += kLanes) {
            auto sum = hn::LoadU(kF, st.p + c * kTile + r);
            for (int k = c + 1; k < end; ++k) sum = hn::Add(sum, hn::LoadU(kF, st.p + k * kTile + r));
            hn::StoreU(sum, kF, st.column + r);
        }
        for (int r = 0; r < st.rows;) {
            const std::int64_t nextRow = ((st.firstRow + r) / p.block + 1) * p.block;
            const int last = static_cast<int>(std::min<std::int64_t>(st.rows, nextRow - st.firstRow));
            double& to = cell(p, st.firstRow + r, firstKey + c);
            for (; r < last; ++r) to += static_cast<double>(st.column[r]);
        }
        c = end;
    }
}

/// |E| of the weights above ½, from the other keys of their rows.
void addDominantInfluence(const BlockSumParams& p, const BlockSumState& st) {
    for (int r = 0; r < st.rows; ++r) {
        if (st.dominant.a[r] == 0.0f) continue;
        const std::int64_t row = st.firstRow + r, key = st.dominant.position(r);
        const double a = st.dominant.a[r], g = st.dominant.g[r], mass = st.mass[r];
        double e = -a * (g - static_cast<double>(st.sum[r]) / mass);
        if (mass < kLostMass) {
            const ExactRow exact{
                p.q + row * p.qStride, p.dOut + row * p.outStride, p.k, p.v, row, p.headDim, p.scale, p.sink,
                row - p.window};
            e = exactDominantInfluence(exact, key);
        }
        cell(p, row, key) += std::abs(e);
    }
}

void sumRowTile(const BlockSumParams& p, BlockSumState& st) {
    if (!loadBlockRows(p, st)) return;
    const int dim = p.headDim;
    for (std::int64_t firstKey = 0; firstKey < st.firstRow + st.rows; firstKey += kTile) {
        const int count = static_cast<int>(std::min<std::int64_t>(kTile, p.n - firstKey));
        const ScoreTile scores{st.qT, st.lse, st.firstRow, p.k + firstKey * dim, firstKey, count,
                               dim,   p.sink, p.window};
        if (scores.hidden()) continue;
        probabilities(scores, st.p);
        if (p.dOut) {
            product<false>(p.v + firstKey * dim, dim, 1, st.dOT, kTile, count, dim, kTile, st.g, kTile);
            influenceOfTile(st, firstKey, count);
        }
        addToCells(p, st, firstKey, count);
    }
    if (p.dOut) addDominantInfluence(p, st);
}

void blockSums(const BlockSumParams& p) {
    BlockSumState st = layOut(p);
    const std::int64_t end = p.firstRow + p.rowCount;
    for (std::int64_t row = p.firstRow; row < end; row += kTile) {
        st.firstRow = row;
        st.rows = static_cast<int>(std::min<std::int64_t>(kTile, end - row));
        sumRowTile(p, st);
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(blockSums);
HWY_EXPORT(blockSumFloats);

std::size_t blockSumWorkspaceFloats(int headDim) {
    return HWY_DYNAMIC_DISPATCH(blockSumFloats)(headDim);
}

void attentionBlockSums(const BlockSumParams& params) {
    HWY_DYNAMIC_DISPATCH(blockSums)(params);
}

} // namespace moa::kernels
#endif
