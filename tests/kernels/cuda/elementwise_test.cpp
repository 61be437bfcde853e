// The row-wise kernels, the matrix-vector product, sampling and KL against double precision.
#include "kernels/reference/reference_layers.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/gemv.h"
#include "moa_kernels/cuda/sampling.h"
#include "tests/kernels/cuda/cuda_fixture.h"

#include <numeric>

namespace moa::test {
namespace {

using namespace kernels::cuda;

class Elementwise : public CudaTest, public ::testing::WithParamInterface<Element> {
protected:
    void SetUp() override { CudaTest::SetUp(); }
    Element element() const { return GetParam(); }
};

std::vector<double> siluProduct(const std::vector<double>& gate, const std::vector<double>& up) {
    std::vector<double> y(gate.size());
    reference::swiglu(gate.data(), up.data(), static_cast<std::int64_t>(gate.size()), y.data());
    return y;
}

TEST_P(Elementwise, RmsNormSwiGluAddEmbed) {
    const int rows = 5, cols = 1096; // no multiple of the block's width
    const auto n = static_cast<std::size_t>(rows * cols);
    const RandomRows x(n, element(), 1), y(n, element(), 2),
        weight(static_cast<std::size_t>(cols), element(), 3);
    DeviceArray<Bits> dx(x.bits), dy(y.bits), dw(weight.bits), out(n);
    ASSERT_EQ(
        launchRmsNorm({dx.data(), cols, dw.data(), out.data(), cols, rows, cols, 1e-5f, element()}, nullptr),
        cudaSuccess);
    std::vector<double> expected(n);
    reference::rmsNorm(x.values.data(), weight.values.data(), rows, cols, 1e-5, expected.data());
    EXPECT_LE(normalisedError(toDoubles(out.host(), element()), expected), kTolerance);

    ASSERT_EQ(
        launchSwiGlu({dx.data(), dy.data(), out.data(), cols, cols, cols, rows, cols, element()}, nullptr),
        cudaSuccess);
    EXPECT_LE(normalisedError(toDoubles(out.host(), element()), siluProduct(x.values, y.values)), kTolerance);

    DeviceArray<std::int32_t> ids(std::vector<std::int32_t>{4, 0, 3, 3, 1});
    ASSERT_EQ(launchEmbed({ids.data(), dx.data(), out.data(), cols, rows, cols, element()}, nullptr),
              cudaSuccess);
    const auto embedded = out.host(), wanted = x.bits;
    EXPECT_TRUE(std::equal(embedded.begin(), embedded.begin() + cols, wanted.begin() + 4 * cols));
    EXPECT_TRUE(
        std::equal(embedded.begin() + 2 * cols, embedded.begin() + 3 * cols, wanted.begin() + 3 * cols));

    ASSERT_EQ(launchAdd({dx.data(), dy.data(), cols, cols, rows, cols, element()}, nullptr), cudaSuccess);
    for (std::size_t i = 0; i < n; ++i) expected[i] = x.values[i] + y.values[i];
    EXPECT_LE(normalisedError(toDoubles(dx.host(), element()), expected), kTolerance);
}

TEST_P(Elementwise, RopeAppendWritesTheSlotOfThePosition) {
    const int d = 64, heads = 4, kvHeads = 2, cols = (heads + 2 * kvHeads) * d, most = 200;
    const std::vector<std::int32_t> positions{5, 199, -1}; // in the sink, wrapped, idle
    const auto n = positions.size() * static_cast<std::size_t>(cols);
    const RandomRows qkv(n, element(), 4);
    const std::vector<double> frequencies = reference::ropeFrequencies(d, {});
    std::vector<float> cosine, sine;
    for (int p = 0; p < most; ++p)
        for (const double f : frequencies)
            cosine.push_back(static_cast<float>(std::cos(p * f))),
                sine.push_back(static_cast<float>(std::sin(p * f)));
    const int sink = 16, ring = 64;
    DeviceArray<Bits> dqkv(qkv.bits), memory(3u * kvHeads * 2 * (sink + ring) * d);
    std::vector<DecodeCache> caches(3 * kvHeads);
    for (std::size_t e = 0; e < caches.size(); ++e) {
        caches[e].k = memory.data() + e * 2 * (sink + ring) * d;
        caches[e].v = memory.data() + (e * 2 + 1) * (sink + ring) * d;
        caches[e].sink = sink, caches[e].ring = caches[e].window = ring;
    }
    DeviceArray<DecodeCache> dcaches(caches);
    DeviceArray<std::int32_t> dpositions(positions);
    DeviceArray<float> dcosine(cosine), dsine(sine);
    ASSERT_EQ(launchRopeAppend({dqkv.data(), cols, dcaches.data(), dpositions.data(), dcosine.data(),
                                dsine.data(), 3, heads, kvHeads, d, element()},
                               nullptr),
              cudaSuccess);
    const auto out = toDoubles(dqkv.host(), element()), held = toDoubles(memory.host(), element());
    for (std::size_t s = 0; s < 2; ++s) {
        const std::int64_t p = positions[s], slot = p < sink ? p : sink + (p - sink) % ring;
        for (int h = 0; h < heads + kvHeads; ++h) {
            const auto from = static_cast<std::int64_t>(s) * cols + h * d;
            std::vector<double> row(qkv.values.begin() + from, qkv.values.begin() + from + d);
            reference::rope(row.data(), 1, d, &p, frequencies);
            const auto entry = static_cast<std::int64_t>(s) * kvHeads + h - heads;
            const double* seen =
                h < heads ? out.data() + from : held.data() + (entry * 2 * (sink + ring) + slot) * d;
            EXPECT_LE(normalisedError({seen, seen + d}, row), kTolerance)
                << "sequence " << s << ", head " << h;
            if (h < heads) continue;
            const double* value = held.data() + ((entry * 2 + 1) * (sink + ring) + slot) * d;
            const double* wanted = qkv.values.data() + from + kvHeads * d;
            EXPECT_TRUE(std::equal(value, value + d, wanted));
        }
    }
    const auto written = std::count_if(held.begin(), held.end(), [](double x) { return std::isfinite(x); });
    EXPECT_EQ(written, 2 * kvHeads * 2 * d) << "only the slots of two tokens are written";
}

TEST_P(Elementwise, GemvWithItsEpilogues) {
    for (const int in : {64, 1096, 4096, 11008}) {
        const int out = 70;
        const RandomRows x(static_cast<std::size_t>(in), element(), 5), norm(x.bits.size(), element(), 6);
        const RandomRows w(static_cast<std::size_t>(2 * out * in), element(), 7, 1 / std::sqrt(in));
        const RandomRows before(static_cast<std::size_t>(out), element(), 8);
        std::vector<double> normed(x.values.size()), y(2 * out);
        reference::rmsNorm(x.values.data(), norm.values.data(), 1, in, 1e-5, normed.data());
        const auto multiply = [&](const std::vector<double>& v) {
            for (int r = 0; r < 2 * out; ++r)
                y[static_cast<std::size_t>(r)] =
                    std::inner_product(v.begin(), v.end(), w.values.begin() + r * in, 0.0);
        };
        DeviceArray<Bits> dx(x.bits), dn(norm.bits), dw(w.bits), dout(before.bits);
        DeviceArray<float> dfloat(2 * out);
        GemvParams p{dx.data(), nullptr,           1e-5f,    dw.data(), dout.data(), in,
                     out,       GemvEpilogue::Add, element()};
        ASSERT_EQ(launchGemv(p, nullptr), cudaSuccess);
        multiply(x.values);
        std::vector<double> expected(before.values);
        for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += y[i];
        EXPECT_LE(normalisedError(toDoubles(dout.host(), element()), expected), kTolerance) << in;

        p.normWeight = dn.data(), p.epilogue = GemvEpilogue::SwiGlu;
        ASSERT_EQ(launchGemv(p, nullptr), cudaSuccess);
        multiply(normed);
        const auto middle = y.begin() + out;
        // The normalised input is rounded before the product as well; BF16 has 8 bits for each of the two.
        EXPECT_LE(normalisedError(toDoubles(dout.host(), element()),
                                  siluProduct({y.begin(), middle}, {middle, y.end()})),
                  element() == Element::BF16 ? 8e-3 : kTolerance)
            << in;

        p.epilogue = GemvEpilogue::StoreFloat, p.outCols = 2 * out, p.out = dfloat.data();
        ASSERT_EQ(launchGemv(p, nullptr), cudaSuccess);
        const auto floats = dfloat.host();
        EXPECT_LE(normalisedError({floats.begin(), floats.end()}, y), 1.5 * kTolerance) << in;
    }
}

TEST_P(Elementwise, GemvWithRopeEqualsItsTwoSteps) {
    const int d = 64, heads = 3, kvHeads = 1, cols = (heads + 2 * kvHeads) * d, in = 512, sink = 16,
              ring = 32;
    const RandomRows x(in, element(), 1), w(static_cast<std::size_t>(cols * in), element(), 2, 0.05);
    for (const int position : {7, 100}) {
        std::vector<float> cosine, sine;
        for (int i = 0; i < (position + 1) * d / 2; ++i)
            cosine.push_back(std::cos(0.1f * static_cast<float>(i))),
                sine.push_back(std::sin(0.1f * static_cast<float>(i)));
        DeviceArray<Bits> dx(x.bits), dw(w.bits), qkv(static_cast<std::size_t>(cols)), direct(qkv.size());
        DeviceArray<Bits> memory(4 * (sink + ring) * d);
        std::vector<DecodeCache> caches(2);
        for (std::size_t i = 0; i < 2; ++i) {
            caches[i].k = memory.data() + 2 * i * (sink + ring) * d;
            caches[i].v = memory.data() + (2 * i + 1) * (sink + ring) * d;
            caches[i].sink = sink, caches[i].ring = caches[i].window = ring;
        }
        DeviceArray<DecodeCache> dcaches(caches);
        DeviceArray<std::int32_t> positions(std::vector<std::int32_t>{position});
        DeviceArray<float> dcosine(cosine), dsine(sine);
        GemvParams p{dx.data(),           nullptr,  1e-5f, dw.data(), qkv.data(), in, cols,
                     GemvEpilogue::Store, element()};
        RopeAppendParams rope{qkv.data(),   cols, dcaches.data(), positions.data(), dcosine.data(),
                              dsine.data(), 1,    heads,          kvHeads,          d,
                              element()};
        ASSERT_EQ(launchGemv(p, nullptr), cudaSuccess);
        ASSERT_EQ(launchRopeAppend(rope, nullptr), cudaSuccess);
        rope.caches = dcaches.data() + 1;
        p.out = direct.data(), p.epilogue = GemvEpilogue::RopeAppend, p.rope = rope;
        ASSERT_EQ(launchGemv(p, nullptr), cudaSuccess);
        auto wanted = toDoubles(qkv.host(), element()), seen = toDoubles(direct.host(), element());
        wanted.resize(heads * d), seen.resize(heads * d);
        // The two steps round before they rotate.
        EXPECT_LE(normalisedError(seen, wanted), element() == Element::BF16 ? 5e-3 : 1e-3);
        const auto held = toDoubles(memory.host(), element());
        const int slot = position < sink ? position : sink + (position - sink) % ring;
        for (int part = 0; part < 2; ++part) {
            const double* two = held.data() + (part * (sink + ring) + slot) * d;
            const double* one = held.data() + ((2 + part) * (sink + ring) + slot) * d;
            EXPECT_LE(normalisedError({one, one + d}, {two, two + d}),
                      element() == Element::BF16 ? 5e-3 : 1e-3);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Both, Elementwise, ::testing::Values(Element::F16, Element::BF16));

class Sampling : public CudaTest {
protected:
    /// Shares of each token over many draws.
    static std::vector<double> shares(const std::vector<float>& logits, SampleParams p, int draws) {
        const auto vocab = logits.size();
        std::vector<std::uint64_t> states(static_cast<std::size_t>(draws));
        std::iota(states.begin(), states.end(), std::uint64_t(1234567));
        for (auto& s : states) s *= 0x9e3779b97f4a7c15ull;
        DeviceArray<float> dlogits(logits);
        DeviceArray<std::uint64_t> dstates(states);
        DeviceArray<std::int32_t> ids(states.size());
        p.logits = dlogits.data(), p.logitsStride = 0, p.ids = ids.data(), p.randomState = dstates.data();
        p.rows = draws, p.vocab = static_cast<int>(vocab);
        EXPECT_EQ(launchSample(p, nullptr), cudaSuccess);
        std::vector<double> result(vocab);
        for (const int id : ids.host()) result.at(static_cast<std::size_t>(id)) += 1.0 / draws;
        return result;
    }
};

TEST_F(Sampling, GreedyTakesTheLowestOfTheBest) {
    std::vector<float> logits(3000, -1.f);
    logits[2500] = logits[1700] = 4.f;
    EXPECT_EQ(shares(logits, {}, 3)[1700], 1.0);
}

TEST_F(Sampling, FollowsTheKeptDistribution) {
    std::vector<float> logits(5000, -30.f); // next to nothing, 5,000 times
    const std::vector<std::pair<int, double>> likely{{7, 0.4}, {1500, 0.3}, {2048, 0.2}, {4999, 0.1}};
    for (const auto& [id, share] : likely)
        logits[static_cast<std::size_t>(id)] = static_cast<float>(std::log(share));
    const int draws = 20000;
    SampleParams p;
    p.temperature = 1;
    const auto check = [&](const SampleParams& params, const std::vector<double>& wanted) {
        const auto seen = shares(logits, params, draws);
        for (std::size_t i = 0; i < wanted.size(); ++i)
            EXPECT_NEAR(seen[static_cast<std::size_t>(likely[i].first)], wanted[i], 0.015) << i;
    };
    check(p, {0.4, 0.3, 0.2, 0.1});
    SampleParams topK = p, topP = p, minP = p, cold = p;
    topK.topK = 2;
    check(topK, {4. / 7, 3. / 7, 0, 0});
    topP.topP = 0.85f;
    check(topP, {4. / 9, 3. / 9, 2. / 9, 0});
    minP.minP = 0.6f;
    check(minP, {4. / 7, 3. / 7, 0, 0});
    cold.temperature = 0.5f;
    check(cold, {16. / 30, 9. / 30, 4. / 30, 1. / 30});
}

TEST_F(Sampling, KlOfTwoRows) {
    const int vocab = 3001;
    const RandomRows p(vocab, Element::F16, 1, 2), q(vocab, Element::F16, 2, 2);
    const auto logProbabilities = [](const std::vector<double>& x) {
        double sum = 0;
        for (const double v : x) sum += std::exp(v);
        std::vector<double> logs = x;
        for (double& v : logs) v -= std::log(sum);
        return logs;
    };
    const auto lp = logProbabilities(p.values), lq = logProbabilities(q.values);
    double expected = 0;
    for (std::size_t i = 0; i < lp.size(); ++i) expected += std::exp(lp[i]) * (lp[i] - lq[i]);
    std::vector<float> hp(p.values.begin(), p.values.end()), hq(q.values.begin(), q.values.end());
    DeviceArray<float> dp(hp), dq(hq), out(1);
    ASSERT_EQ(launchKl({dp.data(), dq.data(), out.data(), 1, vocab}, nullptr), cudaSuccess);
    EXPECT_NEAR(out.host()[0], expected, 1e-4 * expected);
    ASSERT_EQ(launchKl({dp.data(), dp.data(), out.data(), 1, vocab}, nullptr), cudaSuccess);
    EXPECT_NEAR(out.host()[0], 0, 1e-6);
}

} // namespace
} // namespace moa::test
