// Statistics of a run of one head's query rows in one pass over their weights: entropy, distance, mass by
// distance bucket, sum and largest weight by key tile.
#include "moa_kernels/attention_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_tile_statistics.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/attention_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// Sums of one key tile over all rows, and per row those that depend on the row's distance.
struct TileSums {
    float weighted = 0; ///< Σ A·log2 A
    float column = 0;   ///< Σ A·c, c the key's column in the tile
    float max = 0;
};

/// Writes per row Σ A of columns up to the row's own position modulo 64 (near) and of the others (far: one
/// distance bucket nearer) into the two lines.
template <bool kMasked>
HWY_INLINE TileSums sumTile(const PackedRows& packed, const KeyTile& tile) {
    const AttentionRows& p = *packed.rows;
    auto weighted = hn::Zero(kF), column = hn::Zero(kF), largest = hn::Zero(kF);
    const auto inTile = hn::Set(kI, kTile - 1);
    for (int r = 0; r < kTile; r += kLanes) {
        const auto lse = hn::LoadU(kF, packed.lse + r);
        const auto offsets = rowOffsets(p, r);
        const auto own =
            hn::And(hn::Add(offsets, hn::Set(kI, static_cast<std::int32_t>(p.firstRow % kTile))), inTile);
        auto near = hn::Zero(kF), far = hn::Zero(kF);
        for (int c = 0; c < tile.count; ++c) {
            const auto log2A = logWeight(packed.score, c, r, lse);
            auto a = exp2Fast(log2A);
            if constexpr (kMasked) a = onlyVisible(a, offsets, VisibleRows::of(p, tile.first + c));
            weighted = hn::MulAdd(a, log2A, weighted);
            column = hn::MulAdd(a, hn::Set(kF, static_cast<float>(c)), column);
            largest = hn::Max(largest, a);
            const auto isFar = hn::RebindMask(kF, hn::Lt(own, hn::Set(kI, c)));
            far = hn::Add(far, hn::IfThenElseZero(isFar, a));
            near = hn::Add(near, hn::IfThenZeroElse(isFar, a));
        }
        hn::StoreU(near, kF, packed.line + r);
        hn::StoreU(far, kF, packed.line + kTile + r);
    }
    return {hn::GetLane(hn::SumOfLanes(kF, weighted)), hn::GetLane(hn::SumOfLanes(kF, column)),
            hn::GetLane(hn::MaxOfLanes(kF, largest))};
}

void addTile(const PackedRows& packed, const KeyTile& tile, const TileSums& sums, RowStatistics& to) {
    const AttentionRows& p = *packed.rows;
    const std::int64_t index = tile.first / kTile, tiles = (p.n + kTile - 1) / kTile;
    double* mass = to.distanceMass + std::min<std::int64_t>(index, kSinkChoices - 1) * tiles;
    double total = 0, rowDistance = 0;
    for (int r = 0; r < p.rows; ++r) {
        const std::int64_t row = p.firstRow + r * p.rowStep;
        if (row < tile.first) continue;
        const double near = packed.line[r], far = packed.line[kTile + r];
        const std::int64_t bucket = row / kTile - index;
        mass[bucket] += near;
        // In the diagonal tile the far keys come after the row, and their weights are 0.
        if (bucket > 0) mass[bucket - 1] += far;
        total += near + far;
        rowDistance += (near + far) * static_cast<double>(row - tile.first);
    }
    to.entropy -= static_cast<double>(sums.weighted) / static_cast<double>(kLog2E);
    to.distance += rowDistance - static_cast<double>(sums.column);
    to.tileSum[index] += total;
    to.tileMax[index] = std::max(to.tileMax[index], sums.max);
}

void rowStatistics(const AttentionRows& p, RowStatistics& statistics) {
    const PackedRows packed = packRows(p);
    const std::int64_t end = packed.lastRow() + 1;
    for (std::int64_t first = 0; first < end; first += kTile) {
        const KeyTile tile = keyTile(packed, first);
        if (tile.hidden) continue;
        packKeys(packed, tile);
        scores(packed, tile, 0);
        addTile(packed, tile, tile.masked ? sumTile<true>(packed, tile) : sumTile<false>(packed, tile),
                statistics);
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(rowStatistics);

void attentionRowStatistics(const AttentionRows& rows, RowStatistics& statistics) {
    HWY_DYNAMIC_DISPATCH(rowStatistics)(rows, statistics);
}

} // namespace moa::kernels
#endif
