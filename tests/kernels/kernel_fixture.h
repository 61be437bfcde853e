// Shared by the tests that hold kernels/cpu to kernels/reference: every compiled SIMD target in turn, random
// heads in float and double, outputs with sentinels around them, normalised errors.
#pragma once

#include "kernels/reference/reference_attention.h"
#include "moa_kernels/attention.h"

#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace moa::kernels::test {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// Runs each test once per SIMD target that is compiled in and that this machine has.
class PerTarget : public testing::TestWithParam<std::int64_t> {
protected:
    void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
    void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

inline std::string targetName(const testing::TestParamInfo<std::int64_t>& info) {
    return hwy::TargetName(info.param);
}

#define MOA_EVERY_TARGET(suite)                                                                              \
    INSTANTIATE_TEST_SUITE_P(Cpu, suite, testing::ValuesIn(hwy::SupportedAndGeneratedTargets()), targetName)

inline Floats randomFloats(std::int64_t count, unsigned seed, double gain = 1) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal(0, gain);
    Floats out(static_cast<std::size_t>(count));
    for (float& x : out) x = static_cast<float>(normal(generator));
    return out;
}

inline Doubles widen(std::span<const float> values) {
    return {values.begin(), values.end()};
}

/// max |ours − truth| / max |truth|.
template <class Ours>
double normalisedError(const Ours& ours, std::span<const double> truth) {
    EXPECT_EQ(ours.size(), truth.size());
    double worst = 0, scale = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - truth[i]));
        if (std::isnan(ours[i])) worst = INFINITY;
        scale = std::max(scale, std::abs(truth[i]));
    }
    return scale > 0 ? worst / scale : worst;
}

/// `size` values for a kernel to write, aligned for its workspace too, with sentinels before and after.
template <class T>
class Guarded {
public:
    explicit Guarded(std::size_t size, T fill = T(0))
        : m_size(size), m_memory(hwy::AllocateAligned<T>(size + 2 * kGuard)) {
        for (std::size_t i = 0; i < size + 2 * kGuard; ++i) {
            const bool inside = i >= kGuard && i < kGuard + size;
            m_memory[i] = inside ? fill : kSentinel;
        }
    }
    ~Guarded() {
        for (std::size_t i = 0; i < kGuard; ++i) {
            EXPECT_EQ(m_memory[i], kSentinel) << "written " << kGuard - i << " before the start";
            EXPECT_EQ(m_memory[kGuard + m_size + i], kSentinel) << "written " << i << " past the end";
        }
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    T* data() { return m_memory.get() + kGuard; }
    std::size_t size() const { return m_size; }
    std::span<const T> values() const { return {m_memory.get() + kGuard, m_size}; }

private:
    static constexpr std::size_t kGuard = 128; // keeps 64-byte alignment
    static constexpr T kSentinel = T(-12345.5);
    std::size_t m_size;
    hwy::AlignedFreeUniquePtr<T[]> m_memory;
};

/// One query head with random inputs; `sharpness` scales the scores.
struct RandomHead {
    std::int64_t n;
    int dim;
    reference::HeadShape shape;
    Floats q, k, v, dO;
    Doubles q64, k64, v64, dO64;

    RandomHead(std::int64_t rows, int headDim, double sharpness, unsigned seed)
        : n(rows), dim(headDim), shape{rows, headDim, static_cast<double>(scale())},
          q(randomFloats(rows * headDim, seed, sharpness)), k(randomFloats(rows * headDim, seed + 1)),
          v(randomFloats(rows * headDim, seed + 2)), dO(randomFloats(rows * headDim, seed + 3)) {
        widenAll();
    }

    float scale() const { return 1.0f / std::sqrt(static_cast<float>(dim)); }
    reference::HeadInputs inputs() const { return {q64.data(), k64.data(), v64.data()}; }
    /// After a change of the float inputs.
    void widenAll() {
        q64 = widen(q);
        k64 = widen(k);
        v64 = widen(v);
        dO64 = widen(dO);
    }
    /// The float kernels' own forward: output [n][dim] and lse [n], tile by tile from one segment.
    void forward(std::int64_t sink, std::int64_t window, float* out, float* lse) const {
        const KeySegment all{k.data(), v.data(), 0, n};
        Guarded<float> workspace(forwardWorkspaceFloats(dim));
        for (std::int64_t row = 0; row < n; row += kTile) {
            ForwardTileParams p;
            p.q = q.data() + row * dim;
            p.qStride = dim;
            p.firstPosition = row;
            p.rows = static_cast<int>(std::min<std::int64_t>(kTile, n - row));
            p.keys = {&all, 1, sink, window};
            p.headDim = dim;
            p.scale = scale();
            p.out = out + row * dim;
            p.outStride = dim;
            p.lse = lse + row;
            p.workspace = workspace.data();
            attentionForwardTile(p);
        }
    }
};

inline constexpr std::int64_t kEverything = reference::Mask::kEverything;

} // namespace moa::kernels::test
