// Attention of one new token: all query heads of a KV head share each key and value that is read once.
// Scores first (lanes over head_dim), then softmax, then the weighted sum of values.
#include "moa_kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_decode.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/tile-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// The part [begin, end) of a segment that the query at `position` sees, as offsets. The sink boundary splits a
/// segment into at most two visible parts; `part` 0 is inside the sink, 1 outside.
struct VisibleRange {
    std::int64_t begin = 0, end = 0;
};

VisibleRange visiblePart(const KeySegment& seg, const KeySet& keys, std::int64_t position, int part) {
    const std::int64_t first = seg.firstPosition;
    const std::int64_t stop = std::min(first + seg.count, position + 1);
    if (part == 0) return {0, std::max<std::int64_t>(0, std::min(stop, keys.sink) - first)};
    const std::int64_t start = std::max({first, keys.sink, position - keys.window + 1});
    return {start - first, std::max(start, stop) - first};
}

float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int n) {
    auto acc0 = hn::Zero(kF), acc1 = hn::Zero(kF);
    int d = 0;
    for (; d + 2 * kLanes <= n; d += 2 * kLanes) {
        acc0 = hn::MulAdd(hn::LoadU(kF, a + d), hn::LoadU(kF, b + d), acc0);
        acc1 = hn::MulAdd(hn::LoadU(kF, a + d + kLanes), hn::LoadU(kF, b + d + kLanes), acc1);
    }
    for (; d + kLanes <= n; d += kLanes) acc0 = hn::MulAdd(hn::LoadU(kF, a + d), hn::LoadU(kF, b + d), acc0);
    float sum = hn::GetLane(hn::SumOfLanes(kF, hn::Add(acc0, acc1)));
    for (; d < n; ++d) sum += a[d] * b[d];
    return sum;
}

void addScaled(float* HWY_RESTRICT out, const float* HWY_RESTRICT v, float weight, int n) {
    const auto w = hn::Set(kF, weight);
    int d = 0;
    for (; d + kLanes <= n; d += kLanes)
        hn::StoreU(hn::MulAdd(w, hn::LoadU(kF, v + d), hn::LoadU(kF, out + d)), kF, out + d);
    for (; d < n; ++d) out[d] += weight * v[d];
}

/// Turns scores[0, n) into exp(score − max); returns their sum.
float softmaxInPlace(float* scores, std::int64_t n) {
    float most = scores[0];
    for (std::int64_t i = 1; i < n; ++i) most = std::max(most, scores[i]);
    const auto m = hn::Set(kF, most);
    auto acc = hn::Zero(kF);
    std::int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const auto e = expFast(hn::Sub(hn::LoadU(kF, scores + i), m));
        hn::StoreU(e, kF, scores + i);
        acc = hn::Add(acc, e);
    }
    float sum = hn::GetLane(hn::SumOfLanes(kF, acc));
    for (; i < n; ++i) {
        scores[i] = hn::GetLane(expFast(hn::Sub(hn::Set(kF, scores[i]), m)));
        sum += scores[i];
    }
    return sum;
}

template <class Visit>
std::int64_t forEachVisible(const DecodeParams& p, Visit&& visit) {
    std::int64_t at = 0;
    for (int s = 0; s < p.keys.segmentCount; ++s)
        for (int part = 0; part < 2; ++part) {
            const VisibleRange range = visiblePart(p.keys.segments[s], p.keys, p.position, part);
            for (std::int64_t o = range.begin; o < range.end; ++o) visit(p.keys.segments[s], o, at++);
        }
    return at;
}

void decode(const DecodeParams& p) {
    std::int64_t held = 0;
    for (int s = 0; s < p.keys.segmentCount; ++s) held += p.keys.segments[s].count;
    const std::int64_t count = forEachVisible(p, [&](const KeySegment& seg, std::int64_t o, std::int64_t at) {
        for (int g = 0; g < p.group; ++g)
            p.workspace[g * held + at] = p.scale * dot(p.q + g * p.headDim, seg.k + o * p.headDim, p.headDim);
    });
    for (int g = 0; g < p.group; ++g) {
        float* scores = p.workspace + g * held;
        const float inverse = 1.0f / softmaxInPlace(scores, count);
        for (std::int64_t i = 0; i < count; ++i) scores[i] *= inverse;
    }
    std::fill(p.out, p.out + p.group * p.headDim, 0.0f);
    forEachVisible(p, [&](const KeySegment& seg, std::int64_t o, std::int64_t at) {
        for (int g = 0; g < p.group; ++g)
            addScaled(p.out + g * p.headDim, seg.v + o * p.headDim, p.workspace[g * held + at], p.headDim);
    });
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(decode);

std::size_t decodeWorkspaceFloats(int group, std::int64_t keys) {
    return static_cast<std::size_t>(group) * static_cast<std::size_t>(keys);
}

void attentionDecode(const DecodeParams& params) { HWY_DYNAMIC_DISPATCH(decode)(params); }

} // namespace moa::kernels
#endif
