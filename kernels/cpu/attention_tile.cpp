// Attention of a run of query rows pooled into the cells of a tile: mean (as a sum) and largest weight, at
// any resolution down to single tokens.
#include "moa_kernels/attention_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_tile.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/attention_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// Sum and largest value of one tile's weights.
struct Pooled {
    float sum = 0, max = 0;
};

/// The weights of the head whose scores are at hand, on top of those of the heads before it (kAdd): into
/// `weight`, or (kPool) pooled at once and not kept.
template <bool kMasked, bool kAdd, bool kPool>
HWY_INLINE Pooled weights(const PackedRows& packed, const KeyTile& tile, int head) {
    const AttentionRows& p = *packed.rows;
    auto sums = hn::Zero(kF), largest = hn::Zero(kF);
    for (int r = 0; r < kTile; r += kLanes) {
        const auto lse = hn::LoadU(kF, packed.lse + head * kTile + r);
        const auto offsets = rowOffsets(p, r);
        for (int c = 0; c < tile.count; ++c) {
            auto a = exp2Fast(logWeight(packed.score, c, r, lse));
            if constexpr (kMasked) a = onlyVisible(a, offsets, VisibleRows::of(p, tile.first + c));
            float* at = packed.weight + c * kTile + r;
            if constexpr (kAdd) a = hn::Add(a, hn::LoadU(kF, at));
            if constexpr (kPool) {
                sums = hn::Add(sums, a);
                largest = hn::Max(largest, a);
            } else {
                hn::StoreU(a, kF, at);
            }
        }
    }
    if constexpr (!kPool) return {};
    return {hn::GetLane(hn::SumOfLanes(kF, sums)), hn::GetLane(hn::MaxOfLanes(kF, largest))};
}

template <bool kAdd, bool kPool>
Pooled weightsOf(const PackedRows& packed, const KeyTile& tile, int head) {
    scores(packed, tile, head);
    return tile.masked ? weights<true, kAdd, kPool>(packed, tile, head)
                       : weights<false, kAdd, kPool>(packed, tile, head);
}

/// All heads of one key tile; kPool: pooled, else into `weight`.
template <bool kPool>
Pooled meanWeights(const PackedRows& packed, const KeyTile& tile) {
    packKeys(packed, tile);
    const int last = packed.rows->heads - 1;
    if (last == 0) return weightsOf<false, kPool>(packed, tile, 0);
    weightsOf<false, false>(packed, tile, 0);
    for (int h = 1; h < last; ++h) weightsOf<true, false>(packed, tile, h);
    return weightsOf<true, kPool>(packed, tile, last);
}

/// Pools `weight` into cells smaller than a tile: key columns first (lanes are rows), then the rows.
void poolIntoCells(const PackedRows& packed, const KeyTile& tile, const TileCells& cells) {
    const int block = static_cast<int>(cells.block), rows = packed.rows->rows;
    float *sums = packed.line, *largest = packed.line + kTile;
    for (int c = 0; c < tile.count; c += block) {
        const std::int64_t col = (tile.first + c - cells.firstKey) / cells.block;
        if (col >= cells.cols) break;
        const int end = std::min(c + block, tile.count);
        for (int r = 0; r < kTile; r += kLanes) {
            auto sum = hn::LoadU(kF, packed.weight + c * kTile + r), most = sum;
            for (int key = c + 1; key < end; ++key) {
                const auto a = hn::LoadU(kF, packed.weight + key * kTile + r);
                sum = hn::Add(sum, a);
                most = hn::Max(most, a);
            }
            hn::StoreU(sum, kF, sums + r);
            hn::StoreU(most, kF, largest + r);
        }
        for (int r = 0; r < rows; ++r) {
            const std::int64_t at = r / block * cells.stride + col;
            cells.sum[at] += sums[r];
            cells.max[at] = std::max(cells.max[at], largest[r]);
        }
    }
}

void tileRows(const AttentionRows& p, const TileCells& cells) {
    const PackedRows packed = packRows(p);
    const std::int64_t end = std::min({p.n, packed.lastRow() + 1, cells.firstKey + cells.cols * cells.block});
    for (std::int64_t first = cells.firstKey; first < end; first += kTile) {
        const KeyTile tile = keyTile(packed, first);
        if (tile.hidden) continue;
        if (cells.block < kTile) {
            meanWeights<false>(packed, tile);
            poolIntoCells(packed, tile, cells);
            continue;
        }
        const Pooled pooled = meanWeights<true>(packed, tile);
        const std::int64_t col = (first - cells.firstKey) / cells.block;
        cells.sum[col] += pooled.sum;
        cells.max[col] = std::max(cells.max[col], pooled.max);
    }
}

std::size_t tileFloats(int heads, int headDim) {
    return packedRowsFloats(heads, headDim);
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(tileRows);
HWY_EXPORT(tileFloats);

std::size_t attentionTileWorkspaceFloats(int heads, int headDim) {
    return HWY_DYNAMIC_DISPATCH(tileFloats)(heads, headDim);
}

void attentionTileRows(const AttentionRows& rows, const TileCells& cells) {
    HWY_DYNAMIC_DISPATCH(tileRows)(rows, cells);
}

} // namespace moa::kernels
#endif
