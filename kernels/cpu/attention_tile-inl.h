// What the pooled tiles and the row statistics share, per target: a run of query rows packed once, and
// attention weights A = 2^(S − lse) of the run against one tile of keys. Scores and log-sum-exp are in units
// of log 2, so that the exponential needs no range reduction beyond a rounding.
#if defined(MOA_KERNELS_CPU_ATTENTION_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOA_KERNELS_CPU_ATTENTION_TILE_INL_H_
#undef MOA_KERNELS_CPU_ATTENTION_TILE_INL_H_
#else
#define MOA_KERNELS_CPU_ATTENTION_TILE_INL_H_
#endif

#include "kernels/cpu/tile-inl.h"
#include "moa_kernels/attention_tile.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

inline constexpr float kLog2E = 1.44269504088896341f;
using IntTag = hn::RebindToSigned<FloatTag>;
using IntVec = hn::Vec<IntTag>;
inline constexpr IntTag kI{};

/// 2^x for x ≤ 1, relative error below 2e-7; 2^−126 stands for everything smaller. Rounding by the addition
/// of 1.5·2^23 leaves the integer part in the low bits, which are added to the exponent of 2^fraction (a
/// minimax polynomial on [−½, ½]).
HWY_INLINE FloatVec exp2Fast(FloatVec x) {
    const auto magic = hn::Set(kF, 12582912.0f);
    const auto shifted = hn::Add(x, magic);
    const auto f = hn::Sub(x, hn::Sub(shifted, magic));
    auto p = hn::MulAdd(f, hn::Set(kF, 1.327647129e-03f), hn::Set(kF, 9.675540961e-03f));
    p = hn::MulAdd(f, p, hn::Set(kF, 5.550713092e-02f));
    p = hn::MulAdd(f, p, hn::Set(kF, 2.402212024e-01f));
    p = hn::MulAdd(f, p, hn::Set(kF, 6.931469440e-01f));
    p = hn::MulAdd(f, p, hn::Set(kF, 1.0f));
    return hn::BitCast(kF, hn::Add(hn::BitCast(kI, p), hn::ShiftLeft<23>(hn::BitCast(kI, shifted))));
}

/// Everything one run of up to 64 rows needs; pointers into the workspace.
struct PackedRows {
    const AttentionRows* rows = nullptr;
    float* qT = nullptr;     // [heads][headDim][64], scaled
    float* lse = nullptr;    // [heads][64]
    float* k = nullptr;      // [64][headDim], the keys of the tile at hand
    float* score = nullptr;  // [64 keys][64 rows]
    float* weight = nullptr; // [64 keys][64 rows]
    float* line = nullptr;   // [2][64] one value per row

    std::int64_t lastRow() const { return rows->firstRow + (rows->rows - 1) * rows->rowStep; }
};

inline std::size_t packedRowsFloats(int heads, int headDim) {
    return static_cast<std::size_t>(heads * (headDim + 1) * kTile + headDim * kTile + 2 * kTile * kTile +
                                    2 * kTile);
}

inline PackedRows packRows(const AttentionRows& p) {
    PackedRows packed;
    packed.rows = &p;
    float* at = p.workspace;
    const auto take = [&at](int count) {
        float* here = at;
        at += count;
        return here;
    };
    packed.qT = take(p.heads * p.headDim * kTile);
    packed.lse = take(p.heads * kTile);
    packed.k = take(p.headDim * kTile);
    packed.score = take(kTile * kTile);
    packed.weight = take(kTile * kTile);
    packed.line = take(2 * kTile);
    // The mean of the heads: each weight is divided by their number, as a power of two.
    const float share = std::log2(static_cast<float>(p.heads));
    for (int h = 0; h < p.heads; ++h) {
        packTransposed(p.q + p.firstRow * p.qStride + h * p.headDim, p.rowStep * p.qStride, p.rows, p.headDim,
                       p.scale * kLog2E, packed.qT + h * p.headDim * kTile);
        const float* from = p.lse + h * p.lseStride + p.firstRow;
        float* lse = packed.lse + h * kTile;
        for (int r = 0; r < kTile; ++r) lse[r] = r < p.rows ? from[r * p.rowStep] * kLog2E + share : 1e30f;
    }
    return packed;
}

/// One tile of keys: [first, first + count), and which pairs of it with the run's rows are visible.
struct KeyTile {
    std::int64_t first = 0;
    int count = 0;
    bool hidden = false; ///< no pair is visible
    bool masked = false; ///< some are not
};

inline KeyTile keyTile(const PackedRows& packed, std::int64_t first) {
    const AttentionRows& p = *packed.rows;
    KeyTile tile;
    tile.first = first;
    tile.count = static_cast<int>(std::min<std::int64_t>(kTile, p.n - first));
    const std::int64_t last = first + tile.count - 1;
    tile.hidden = first > packed.lastRow() || (first >= p.sink && p.firstRow - last >= p.window);
    tile.masked = last > p.firstRow || (last >= p.sink && packed.lastRow() - first >= p.window);
    return tile;
}

inline void packKeys(const PackedRows& packed, const KeyTile& tile) {
    const AttentionRows& p = *packed.rows;
    for (int c = 0; c < tile.count; ++c)
        std::memcpy(packed.k + c * p.headDim, p.k + (tile.first + c) * p.kStride,
                    static_cast<std::size_t>(p.headDim) * sizeof(float));
}

/// score[c][r] of one head; packKeys() came before.
inline void scores(const PackedRows& packed, const KeyTile& tile, int head) {
    const int dim = packed.rows->headDim;
    product<false>(packed.k, dim, 1, packed.qT + head * dim * kTile, kTile, tile.count, dim, kTile,
                   packed.score, kTile);
}

/// The rows whose offset from firstRow is in [low, high) see the key at `position`.
struct VisibleRows {
    std::int32_t low = 0, high = 0;

    static VisibleRows of(const AttentionRows& p, std::int64_t position) {
        const std::int64_t limit = std::int64_t(1) << 30;
        const std::int64_t end = position < p.sink ? limit : position + p.window - p.firstRow;
        return {static_cast<std::int32_t>(std::clamp(position - p.firstRow, -limit, limit)),
                static_cast<std::int32_t>(std::clamp(end, -limit, limit))};
    }
};

/// Offsets from firstRow of rows r, r + 1, …
HWY_INLINE IntVec rowOffsets(const AttentionRows& p, int r) {
    return hn::Mul(hn::Iota(kI, r), hn::Set(kI, static_cast<std::int32_t>(p.rowStep)));
}

HWY_INLINE FloatVec onlyVisible(FloatVec weight, IntVec offsets, VisibleRows visible) {
    const auto mask =
        hn::And(hn::Gt(offsets, hn::Set(kI, visible.low - 1)), hn::Lt(offsets, hn::Set(kI, visible.high)));
    return hn::IfThenElseZero(hn::RebindMask(kF, mask), weight);
}

/// log2 of the weights of rows r … for key column c, from their scores.
HWY_INLINE FloatVec logWeight(const float* score, int c, int r, FloatVec lse) {
    return hn::Max(hn::Sub(hn::LoadU(kF, score + c * kTile + r), lse), hn::Set(kF, -126.0f));
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#endif
