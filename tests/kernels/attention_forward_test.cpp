// Forward tiles and single-token decode against the double-precision reference: odd lengths, head sizes,
// masks, and keys in several runs as a sink and ring hold them.
#include "tests/kernels/kernel_fixture.h"

#include <map>
#include <tuple>

namespace moa::kernels::test {
namespace {

constexpr double kTolerance = 1e-5;

const reference::Mask kMasks[] = {{0, kEverything}, {0, 1},    {64, 64},  {0, 100},
                                  {256, 640},       {64, 100}, {256, 64}, {64, kEverything}};

struct Truth {
    Doubles out, lse;
};

/// The reference of one case, computed once for all targets.
const Truth& truthOf(const RandomHead& head, const reference::Mask& mask) {
    static std::map<std::tuple<std::int64_t, int, std::int64_t, std::int64_t>, Truth> known;
    auto [at, isNew] = known.try_emplace({head.n, head.dim, mask.sink, mask.window});
    if (isNew) {
        at->second.out.resize(static_cast<std::size_t>(head.n * head.dim));
        at->second.lse.resize(static_cast<std::size_t>(head.n));
        reference::attentionForward(head.inputs(), head.shape, mask, at->second.out.data(),
                                    at->second.lse.data());
    }
    return at->second;
}

void expectForward(const RandomHead& head, const reference::Mask& mask) {
    SCOPED_TRACE("n " + std::to_string(head.n) + " dim " + std::to_string(head.dim) + " sink " +
                 std::to_string(mask.sink) + " window " + std::to_string(mask.window));
    Guarded<float> out(head.q.size()), lse(static_cast<std::size_t>(head.n));
    head.forward(mask.sink, mask.window, out.data(), lse.data());
    const Truth& truth = truthOf(head, mask);
    EXPECT_LT(normalisedError(out.values(), truth.out), kTolerance);
    EXPECT_LT(normalisedError(lse.values(), truth.lse), kTolerance);
}

class AttentionForward : public PerTarget {};
class AttentionDecode : public PerTarget {};
MOA_EVERY_TARGET(AttentionForward);
MOA_EVERY_TARGET(AttentionDecode);

TEST_P(AttentionForward, EqualsTheReferenceAtOddShapes) {
    for (const std::int64_t n : {1, 2, 63, 64, 65, 200})
        for (const int dim : {16, 48, 64, 80, 96, 128}) {
            const RandomHead head(n, dim, 1.5, 100 + static_cast<unsigned>(n));
            for (const reference::Mask& mask : kMasks) expectForward(head, mask);
        }
}

TEST_P(AttentionForward, EqualsTheReferenceAtAThousandTokens) {
    const RandomHead head(1000, 48, 1.5, 7);
    for (const reference::Mask& mask : kMasks) expectForward(head, mask);
}

TEST_P(AttentionForward, SharpRows) {
    const RandomHead head(200, 32, 60, 8);
    for (const reference::Mask& mask : {kMasks[0], kMasks[2]}) {
        Guarded<float> out(head.q.size()), lse(200);
        head.forward(mask.sink, mask.window, out.data(), lse.data());
        Doubles truth(head.q.size()), truthLse(200);
        reference::attentionForward(head.inputs(), head.shape, mask, truth.data(), truthLse.data());
        // Scores of a hundred carry an error of a hundred roundings; so do the weights of close rivals.
        EXPECT_LT(normalisedError(out.values(), truth), 2e-4);
        EXPECT_LT(normalisedError(lse.values(), truthLse), kTolerance);
    }
}

TEST_P(AttentionForward, MaskThatCoversEverythingIsDenseToTheBit) {
    const RandomHead head(200, 48, 1.5, 9);
    Guarded<float> dense(head.q.size()), other(head.q.size()), lse(200);
    head.forward(0, kEverything, dense.data(), lse.data());
    for (const auto& [sink, window] : {std::pair<std::int64_t, std::int64_t>{0, 200}, {72, 128}, {200, 1}}) {
        head.forward(sink, window, other.data(), lse.data());
        EXPECT_TRUE(std::ranges::equal(dense.values(), other.values())) << sink << " " << window;
    }
    head.forward(71, 128, other.data(), lse.data());
    EXPECT_FALSE(std::ranges::equal(dense.values(), other.values()));
}

/// The keys that a cache of this mask holds before position `held`, with the new ones after it: sink, the
/// ring's two runs where it has wrapped, new rows.
std::vector<KeySegment> ringSegments(const RandomHead& head, const reference::Mask& mask, std::int64_t held) {
    std::vector<KeySegment> segments;
    const auto add = [&](std::int64_t first, std::int64_t end) {
        if (end > first)
            segments.push_back(
                {head.k.data() + first * head.dim, head.v.data() + first * head.dim, first, end - first});
    };
    add(0, std::min(held, mask.sink));
    const std::int64_t oldest = std::max(mask.sink, held - mask.window);
    const std::int64_t wrap =
        mask.sink + std::max<std::int64_t>(0, held - mask.sink) / mask.window * mask.window;
    add(oldest, std::min(wrap, held));
    add(std::max(oldest, wrap), held);
    add(held, head.n);
    return segments;
}

TEST_P(AttentionForward, KeysInTheRunsOfARing) {
    const RandomHead head(333, 48, 1.5, 10);
    for (const reference::Mask& mask : {reference::Mask{64, 64}, {0, 100}, {64, 640}, {128, 1}, {5, 37}})
        for (const std::int64_t held : {1, 64, 130, 300, 331, 332}) {
            const std::vector<KeySegment> segments = ringSegments(head, mask, held);
            const std::int64_t rows = head.n - held, stride = 3 * head.dim;
            Guarded<float> out(static_cast<std::size_t>(rows * stride)), lse(static_cast<std::size_t>(rows));
            Guarded<float> workspace(forwardWorkspaceFloats(head.dim));
            for (std::int64_t r = 0; r < rows; r += kTile) {
                ForwardTileParams p;
                p.q = head.q.data() + (held + r) * head.dim;
                p.qStride = head.dim;
                p.firstPosition = held + r;
                p.rows = static_cast<int>(std::min<std::int64_t>(kTile, rows - r));
                p.keys = {segments.data(), static_cast<int>(segments.size()), mask.sink, mask.window};
                p.headDim = head.dim;
                p.scale = head.scale();
                p.out = out.data() + r * stride + head.dim; // the middle one of three heads
                p.outStride = stride;
                p.lse = r == 0 ? nullptr : lse.data() + r;
                p.workspace = workspace.data();
                attentionForwardTile(p);
            }
            const Truth& truth = truthOf(head, mask);
            Floats ours;
            Doubles theirs(truth.out.begin() + held * head.dim, truth.out.end());
            for (std::int64_t r = 0; r < rows; ++r)
                for (std::int64_t c = 0; c < stride; ++c) {
                    const float value = out.values()[static_cast<std::size_t>(r * stride + c)];
                    if (c / head.dim == 1)
                        ours.push_back(value);
                    else
                        EXPECT_EQ(value, 0.0f) << "another head was written";
                }
            EXPECT_LT(normalisedError(ours, theirs), kTolerance)
                << "sink " << mask.sink << " window " << mask.window << " held " << held;
        }
}

/// The output of one query [dim] at position n − 1.
Doubles decodeTruth(const RandomHead& head, std::span<const float> query, const reference::Mask& mask) {
    const auto n = static_cast<std::size_t>(head.n), dim = static_cast<std::size_t>(head.dim);
    Doubles q(n * dim), scores(n), weights(n), out(dim);
    std::ranges::copy(query, q.end() - head.dim);
    reference::scoreRow({q.data(), head.k64.data(), head.v64.data()}, head.shape, head.n - 1, scores.data());
    reference::softmaxRow(scores.data(), head.n - 1, mask, weights.data());
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t d = 0; d < dim; ++d) out[d] += weights[j] * head.v64[j * dim + d];
    return out;
}

void expectDecode(const RandomHead& head, const Floats& queries, int group, const reference::Mask& mask) {
    const auto segments = ringSegments(head, mask, head.n - 1);
    const auto dim = static_cast<std::size_t>(head.dim), size = static_cast<std::size_t>(group) * dim;
    std::int64_t keys = 0;
    for (const KeySegment& s : segments) keys += s.count;
    Guarded<float> out(size), workspace(decodeWorkspaceFloats(group, keys));
    DecodeParams p;
    p.q = queries.data();
    p.group = group;
    p.position = head.n - 1;
    p.keys = {segments.data(), static_cast<int>(segments.size()), mask.sink, mask.window};
    p.headDim = head.dim;
    p.scale = head.scale();
    p.out = out.data();
    p.workspace = workspace.data();
    attentionDecode(p);
    Doubles truth;
    for (std::size_t at = 0; at < size; at += dim) {
        const Doubles row = decodeTruth(head, std::span(queries).subspan(at, dim), mask);
        truth.insert(truth.end(), row.begin(), row.end());
    }
    EXPECT_LT(normalisedError(out.values(), truth), kTolerance)
        << "dim " << dim << " group " << group << " sink " << mask.sink << " window " << mask.window << " n "
        << head.n;
}

TEST_P(AttentionDecode, GroupsOverARing) {
    for (const int dim : {16, 48, 80, 128})
        for (const std::int64_t n : {1, 2, 65, 200, 333}) {
            const RandomHead head(n, dim, 1.5, 20);
            const Floats queries = randomFloats(8 * dim, 30, 1.5);
            for (const int group : {1, 4, 8})
                for (const reference::Mask& mask :
                     {reference::Mask{64, 64}, {0, 100}, {0, 1}, {256, 640}, {64, kEverything}})
                    expectDecode(head, queries, group, mask);
        }
}

} // namespace
} // namespace moa::kernels::test
