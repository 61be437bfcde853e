// Attention forward for one tile of 64 query rows: key blocks in ascending order, running softmax, hidden
// blocks skipped. Scores are kept transposed (key × row), so that every softmax statistic is a lane.
#include "moa_kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_forward.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/tile-inl.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

// Finite, so that a row that saw only hidden keys so far stays finite: its sums are wiped (times exp(−huge) = 0)
// by the first visible key, and every row sees itself at last.
inline constexpr float kHidden = -1e30f;

struct ForwardState {
    float* qT;     // [headDim][64], scaled
    float* scores; // [64 keys][64 rows]
    float* oT;     // [headDim][64]
    float* rowMax; // [64]
    float* rowSum; // [64]
};

/// Hides what the mask hides in a block of keys at positions [first, first + count).
void maskBlock(const ForwardTileParams& p, std::int64_t first, int count, float* scores) {
    const hn::RebindToSigned<FloatTag> ints;
    const std::int64_t limit = std::int64_t(1) << 20;
    for (int c = 0; c < count; ++c) {
        const std::int64_t j = first + c;
        // Row r sees key j iff r ≥ j − p0 and (sink or r < j + w − p0).
        const auto low = static_cast<std::int32_t>(std::clamp(j - p.firstPosition, -limit, limit));
        const std::int64_t end = j < p.keys.sink ? limit : j + p.keys.window - p.firstPosition;
        const auto high = static_cast<std::int32_t>(std::clamp(end, -limit, limit));
        for (int r = 0; r < kTile; r += kLanes) {
            const auto row = hn::Iota(ints, r);
            const auto visible = hn::And(hn::Gt(row, hn::Set(ints, low - 1)), hn::Lt(row, hn::Set(ints, high)));
            float* at = scores + c * kTile + r;
            const auto s = hn::LoadU(kF, at);
            hn::StoreU(hn::IfThenElse(hn::RebindMask(kF, visible), s, hn::Set(kF, kHidden)), kF, at);
        }
    }
}

/// Folds the block's scores into the running maximum and sum; turns them into probabilities in place.
void foldBlock(const ForwardState& st, int count, int headDim) {
    for (int r = 0; r < kTile; r += kLanes) {
        const auto before = hn::LoadU(kF, st.rowMax + r);
        auto most = before;
        for (int c = 0; c < count; ++c) most = hn::Max(most, hn::LoadU(kF, st.scores + c * kTile + r));
        auto sum = hn::Zero(kF);
        for (int c = 0; c < count; ++c) {
            float* at = st.scores + c * kTile + r;
            const auto e = expFast(hn::Sub(hn::LoadU(kF, at), most));
            hn::StoreU(e, kF, at);
            sum = hn::Add(sum, e);
        }
        const auto factor = expFast(hn::Sub(before, most));
        hn::StoreU(hn::MulAdd(hn::LoadU(kF, st.rowSum + r), factor, sum), kF, st.rowSum + r);
        hn::StoreU(most, kF, st.rowMax + r);
        if (!hn::AllTrue(kF, hn::Eq(before, most)))
            for (int d = 0; d < headDim; ++d) {
                float* at = st.oT + d * kTile + r;
                hn::StoreU(hn::Mul(hn::LoadU(kF, at), factor), kF, at);
            }
    }
}

void visitBlock(const ForwardTileParams& p, const ForwardState& st, const KeySegment& seg, std::int64_t offset,
                int count) {
    const std::int64_t first = seg.firstPosition + offset;
    const std::int64_t last = first + count - 1;
    const std::int64_t row0 = p.firstPosition, rowLast = p.firstPosition + p.rows - 1;
    if (first > rowLast) return;
    if (first >= p.keys.sink && row0 - last >= p.keys.window) return;
    const int dim = p.headDim;
    product<false>(seg.k + offset * dim, dim, 1, st.qT, kTile, count, dim, kTile, st.scores, kTile);
    const bool allVisible = last <= row0 && (last < p.keys.sink || rowLast - first < p.keys.window);
    if (!allVisible) maskBlock(p, first, count, st.scores);
    foldBlock(st, count, dim);
    product<true>(seg.v + offset * dim, 1, dim, st.scores, kTile, dim, count, kTile, st.oT, kTile);
}

void forwardTile(const ForwardTileParams& p) {
    ForwardState st{};
    st.qT = p.workspace;
    st.scores = st.qT + p.headDim * kTile;
    st.oT = st.scores + kTile * kTile;
    st.rowMax = st.oT + p.headDim * kTile;
    st.rowSum = st.rowMax + kTile;
    packTransposed(p.q, p.qStride, p.rows, p.headDim, p.scale, st.qT);
    std::fill(st.oT, st.oT + p.headDim * kTile, 0.0f);
    std::fill(st.rowMax, st.rowMax + kTile, kHidden);
    std::fill(st.rowSum, st.rowSum + kTile, 0.0f);

    for (int s = 0; s < p.keys.segmentCount; ++s) {
        const KeySegment& seg = p.keys.segments[s];
        for (std::int64_t o = 0; o < seg.count; o += kTile)
            visitBlock(p, st, seg, o, static_cast<int>(std::min<std::int64_t>(kTile, seg.count - o)));
    }
    for (int r = 0; r < p.rows; ++r) {
        const float inverse = 1.0f / st.rowSum[r];
        float* out = p.out + r * p.outStride;
        for (int d = 0; d < p.headDim; ++d) out[d] = st.oT[d * kTile + r] * inverse;
        if (p.lse) p.lse[r] = st.rowMax[r] + std::log(st.rowSum[r]);
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(forwardTile);

std::size_t forwardWorkspaceFloats(int headDim) {
    return static_cast<std::size_t>(2 * headDim * kTile + kTile * kTile + 2 * kTile);
}

void attentionForwardTile(const ForwardTileParams& params) { HWY_DYNAMIC_DISPATCH(forwardTile)(params); }

} // namespace moa::kernels
#endif
