// RMSNorm, SwiGLU, RoPE and their backward passes against the reference at sizes that are no multiple of a
// vector; 16-bit values against their definition.
#include "kernels/reference/reference_layers.h"
#include "moa_kernels/convert.h"
#include "moa_kernels/elementwise.h"
#include "tests/kernels/kernel_fixture.h"

namespace moa::kernels::test {
namespace {

constexpr double kTolerance = 2e-6;
constexpr std::int64_t kSizes[] = {1, 3, 15, 16, 17, 33, 64, 100, 257, 576};

class Elementwise : public PerTarget {};
MOA_EVERY_TARGET(Elementwise);

Floats copyOf(std::span<const float> values) {
    return {values.begin(), values.end()};
}

TEST_P(Elementwise, RmsNorm) {
    for (const std::int64_t cols : kSizes)
        for (const float eps : {1e-5f, 10.0f}) {
            const Floats x = randomFloats(5 * cols, 1, 3), weight = randomFloats(cols, 2);
            Guarded<float> out(x.size());
            rmsNorm(x.data(), weight.data(), eps, 5, cols, out.data());
            Doubles truth(x.size());
            reference::rmsNorm(widen(x).data(), widen(weight).data(), 5, cols, static_cast<double>(eps),
                               truth.data());
            EXPECT_LT(normalisedError(out.values(), truth), kTolerance) << cols;
            std::ranges::copy(x, out.data()); // in place
            rmsNorm(out.data(), weight.data(), eps, 5, cols, out.data());
            EXPECT_LT(normalisedError(out.values(), truth), kTolerance) << cols;
        }
}

TEST_P(Elementwise, RmsNormBackwardAdds) {
    for (const std::int64_t cols : kSizes)
        for (const float eps : {1e-5f, 10.0f}) {
            const Floats x = randomFloats(5 * cols, 3, 3), weight = randomFloats(cols, 4),
                         dOut = randomFloats(5 * cols, 5);
            Guarded<float> dX(x.size(), 1.0f);
            rmsNormBackward(x.data(), weight.data(), eps, dOut.data(), 5, cols, dX.data());
            Doubles truth(x.size());
            reference::rmsNormBackward(widen(x).data(), widen(weight).data(), widen(dOut).data(), 5, cols,
                                       static_cast<double>(eps), truth.data());
            for (double& value : truth) value += 1;
            EXPECT_LT(normalisedError(dX.values(), truth), kTolerance) << cols;
        }
}

TEST_P(Elementwise, SwiGluAndBackward) {
    for (const std::int64_t count : kSizes) {
        Floats gate = randomFloats(count, 6, 10), up = randomFloats(count, 7), dOut = randomFloats(count, 8);
        if (count > 20) {
            gate[3] = -200; // exp overflows a float
            gate[20] = 200;
        }
        const Doubles gate64 = widen(gate), up64 = widen(up);
        Doubles y(gate.size()), dGate(gate.size()), dUp(gate.size());
        reference::swiglu(gate64.data(), up64.data(), count, y.data());
        reference::swigluBackward(gate64.data(), up64.data(), widen(dOut).data(), count, dGate.data(),
                                  dUp.data());

        Guarded<float> out(gate.size()), outUp(gate.size());
        std::ranges::copy(gate, out.data());
        swiGlu(out.data(), up.data(), count);
        EXPECT_LT(normalisedError(out.values(), y), kTolerance) << count;
        std::ranges::copy(gate, out.data());
        std::ranges::copy(up, outUp.data());
        swiGluBackward(out.data(), outUp.data(), dOut.data(), count);
        EXPECT_LT(normalisedError(out.values(), dGate), kTolerance) << count;
        EXPECT_LT(normalisedError(outUp.values(), dUp), kTolerance) << count;
    }
}

TEST_P(Elementwise, AddInPlace) {
    for (const std::int64_t count : kSizes) {
        const Floats a = randomFloats(count, 9), b = randomFloats(count, 10);
        Guarded<float> sum(a.size());
        std::ranges::copy(a, sum.data());
        addInPlace(sum.data(), b.data(), count);
        for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(sum.values()[i], a[i] + b[i]);
    }
}

TEST_P(Elementwise, RopeOfSeveralHeadsAndBack) {
    for (const int dim : {2, 6, 16, 40, 48, 80, 128})
        for (const std::int64_t position : {0, 1, 777}) {
            const int heads = 3;
            const Doubles frequencies = reference::ropeFrequencies(dim, {});
            Floats cosine, sine;
            for (const double f : frequencies) {
                cosine.push_back(static_cast<float>(std::cos(f * static_cast<double>(position))));
                sine.push_back(static_cast<float>(std::sin(f * static_cast<double>(position))));
            }
            const Floats x = randomFloats(heads * dim, 11);
            Guarded<float> row(x.size());
            std::ranges::copy(x, row.data());
            rope(row.data(), heads, dim, cosine.data(), sine.data(), false);
            Doubles truth = widen(x);
            for (int h = 0; h < heads; ++h)
                reference::rope(truth.data() + h * dim, 1, dim, &position, frequencies);
            EXPECT_LT(normalisedError(row.values(), truth), kTolerance) << dim;
            rope(row.data(), heads, dim, cosine.data(), sine.data(), true);
            EXPECT_LT(normalisedError(row.values(), widen(x)), kTolerance) << dim;
        }
}

/// IEEE half by definition.
double halfValue(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits >> 15 ? -1 : 1;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

TEST(Convert, EveryHalf) {
    std::vector<std::uint16_t> bits(65536);
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
    Guarded<float> out(bits.size());
    convertHalf(bits.data(), out.data(), static_cast<std::int64_t>(bits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const double expected = halfValue(bits[i]), ours = static_cast<double>(out.values()[i]);
        if (std::isnan(expected))
            EXPECT_TRUE(std::isnan(ours)) << i;
        else
            EXPECT_EQ(ours, expected) << i;
    }
}

TEST(Convert, Bfloat) {
    const std::vector<std::uint16_t> bits = {0x0000, 0x8000, 0x3f80, 0xc000, 0x7f80, 0x0001, 0x4049};
    Guarded<float> out(bits.size());
    convertBfloat(bits.data(), out.data(), static_cast<std::int64_t>(bits.size()));
    EXPECT_EQ(copyOf(out.values()),
              (Floats{0.0f, -0.0f, 1.0f, -2.0f, INFINITY, std::ldexp(1.0f, -133), 3.140625f}));
    EXPECT_TRUE(std::signbit(out.values()[1]));
}

} // namespace
} // namespace moa::kernels::test
