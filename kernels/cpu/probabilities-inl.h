// What the backward pass and the block sums share, per target: P recomputed from Q, K and log-sum-exp tile by
// tile, and the published influence with each row's weight above ½ set apart (docs/method.md).
#if defined(MOA_KERNELS_CPU_PROBABILITIES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOA_KERNELS_CPU_PROBABILITIES_INL_H_
#undef MOA_KERNELS_CPU_PROBABILITIES_INL_H_
#else
#define MOA_KERNELS_CPU_PROBABILITIES_INL_H_
#endif

#include "kernels/cpu/tile-inl.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// Up to 64 query rows against up to 64 keys, under the mask.
struct ScoreTile {
    const float* qT = nullptr;  ///< [headDim][64], scaled
    const float* lse = nullptr; ///< [64], as loadLse() writes it
    std::int64_t firstRow = 0;
    const float* k = nullptr; ///< [count][headDim]
    std::int64_t firstKey = 0;
    int count = 0, headDim = 0;
    std::int64_t sink = 0, window = 0;

    bool hidden() const { return firstKey >= sink && firstRow - (firstKey + count - 1) >= window; }
};

/// Rows past the end get probability 0 everywhere.
inline void loadLse(const float* lse, int rows, float* to) {
    for (int r = 0; r < 64; ++r) to[r] = r < rows ? lse[r] : 1e30f;
}

/// delta[r] = dO·O of each row, 0 past the end; returns whether any dO is not zero.
inline bool loadDelta(const float* dO, const float* out, std::int64_t stride, int rows, int headDim,
                      float* delta) {
    bool any = false;
    for (int r = 0; r < 64; ++r) {
        float sum = 0;
        if (r < rows)
            for (int d = 0; d < headDim; ++d) {
                const float grad = dO[r * stride + d];
                any = any || grad != 0.0f;
                sum += grad * out[r * stride + d];
            }
        delta[r] = sum;
    }
    return any;
}

/// p[c][r] = exp(S − lse), 0 where hidden; returns ΣP over the tile.
inline double probabilities(const ScoreTile& t, float* p) {
    product<false>(t.k, t.headDim, 1, t.qT, 64, t.count, t.headDim, 64, p, 64);
    const std::int64_t limit = std::int64_t(1) << 20;
    const hn::RebindToSigned<FloatTag> ints;
    double total = 0;
    for (int r = 0; r < 64; r += kLanes) {
        const auto lse = hn::LoadU(kF, t.lse + r);
        const auto row = hn::Iota(ints, r);
        auto sum = hn::Zero(kF);
        for (int c = 0; c < t.count; ++c) {
            const std::int64_t j = t.firstKey + c;
            const auto low = static_cast<std::int32_t>(std::clamp(j - t.firstRow, -limit, limit));
            const std::int64_t end = j < t.sink ? limit : j + t.window - t.firstRow;
            const auto high = static_cast<std::int32_t>(std::clamp(end, -limit, limit));
            const auto visible =
                hn::And(hn::Gt(row, hn::Set(ints, low - 1)), hn::Lt(row, hn::Set(ints, high)));
            float* at = p + c * 64 + r;
            const auto e =
                hn::IfThenElseZero(hn::RebindMask(kF, visible), expFast(hn::Sub(hn::LoadU(kF, at), lse)));
            hn::StoreU(e, kF, at);
            sum = hn::Add(sum, e);
        }
        total += static_cast<double>(hn::GetLane(hn::SumOfLanes(kF, sum)));
    }
    return total;
}

/// Each row's weight above ½ (at most one): its influence is computed from the other keys of the row, once
/// they are all known.
struct DominantKeys {
    float* a;   ///< [64] the weight, 0 where no weight is above ½
    float* g;   ///< [64] its g
    float* key; ///< [64] its position, as the bits of an int32

    static constexpr int kFloats = 3 * 64;
    static DominantKeys in(float* memory) { return {memory, memory + 64, memory + 128}; }
    void clear() const { std::fill(a, a + 64, 0.0f); }
    std::int64_t position(int r) const {
        std::int32_t bits = 0;
        std::memcpy(&bits, key + r, sizeof(bits));
        return bits;
    }
    /// Notes weights above ½ among those of rows r … for key j and returns the weights without them.
    HWY_INLINE FloatVec setApart(FloatVec weights, FloatVec gradients, int r, std::int64_t j) const {
        const auto isBig = hn::Gt(weights, hn::Set(kF, 0.5f));
        if (HWY_UNLIKELY(!hn::AllFalse(kF, isBig))) {
            const hn::RebindToSigned<FloatTag> ints;
            const auto bits = hn::BitCast(kF, hn::Set(ints, static_cast<std::int32_t>(j)));
            hn::StoreU(hn::IfThenElse(isBig, weights, hn::LoadU(kF, a + r)), kF, a + r);
            hn::StoreU(hn::IfThenElse(isBig, gradients, hn::LoadU(kF, g + r)), kF, g + r);
            hn::StoreU(hn::IfThenElse(isBig, bits, hn::LoadU(kF, key + r)), kF, key + r);
        }
        return hn::IfThenZeroElse(isBig, weights);
    }
};

/// |E| of weights up to ½.
HWY_INLINE FloatVec influenceSize(FloatVec weight, FloatVec gradient, FloatVec delta) {
    return hn::Div(hn::Mul(weight, hn::Abs(hn::Sub(gradient, delta))), hn::Sub(hn::Set(kF, 1.0f), weight));
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#endif
