// Row-wise backward kernels and the loss against the double-precision reference, at odd shapes and odd sizes
// of values.
#include "kernels/reference/reference_layers.h"
#include "moa_kernels/cuda/gradients.h"
#include "tests/kernels/cuda/cuda_fixture.h"

namespace moa::test {
namespace {

using namespace kernels::cuda;

class Gradients : public CudaTest {};

TEST_F(Gradients, RmsNormAddsScaled) {
    for (const Element element : {Element::F16, Element::BF16})
        for (const int cols : {8, 64, 576, 4096}) {
            const int rows = 37;
            const auto count = static_cast<std::size_t>(rows * cols);
            const RandomRows x(count, element, 1), weight(static_cast<std::size_t>(cols), element, 2),
                dOut(count, element, 3);
            std::vector<float> before(count);
            for (std::size_t i = 0; i < count; ++i) before[i] = static_cast<float>(i % 17) - 8;
            const DeviceArray<Bits> dx(x.bits), dw(weight.bits), dd(dOut.bits);
            const DeviceArray<float> to(before), factor(std::vector<float>{0.5f});
            ASSERT_EQ(launchRmsNormBackward({dx.data(), cols, dw.data(), dd.data(), cols, to.data(), cols,
                                             factor.data(), rows, cols, 1e-5f, element},
                                            nullptr),
                      cudaSuccess);
            std::vector<double> truth(count);
            reference::rmsNormBackward(x.values.data(), weight.values.data(), dOut.values.data(), rows, cols,
                                       1e-5, truth.data());
            const auto host = to.host();
            std::vector<double> seen(count);
            for (std::size_t i = 0; i < count; ++i)
                seen[i] = 2 * (static_cast<double>(host[i]) - static_cast<double>(before[i]));
            EXPECT_LT(normalisedError(seen, truth), 1e-5) << cols;
        }
}

TEST_F(Gradients, SwiGlu) {
    for (const Element element : {Element::F16, Element::BF16}) {
        const int rows = 19, cols = 200, stride = 2 * cols; // gate and up side by side
        const RandomRows both(static_cast<std::size_t>(rows * stride), element, 4, 3),
            dOut(static_cast<std::size_t>(rows * cols), element, 5);
        const DeviceArray<Bits> array(both.bits), dd(dOut.bits);
        ASSERT_EQ(launchSwiGluBackward({array.data(), array.data() + cols, dd.data(), stride, stride, cols,
                                        rows, cols, element},
                                       nullptr),
                  cudaSuccess);
        const auto seen = toDoubles(array.host(), element);
        std::vector<double> truth(seen.size());
        for (int r = 0; r < rows; ++r)
            reference::swigluBackward(both.values.data() + r * stride, both.values.data() + r * stride + cols,
                                      dOut.values.data() + r * cols, cols, truth.data() + r * stride,
                                      truth.data() + r * stride + cols);
        EXPECT_LT(normalisedError(seen, truth), kTolerance);
    }
}

TEST_F(Gradients, NarrowBringsTheLargestNextToOne) {
    for (const float size : {1e-30f, 3e-9f, 1.f, 5e7f, 0.f})
        for (const Element element : {Element::F16, Element::BF16}) {
            const int rows = 300, cols = 72;
            const RandomRows random(static_cast<std::size_t>(rows * cols), Element::F16, 6, 0.2);
            std::vector<float> x(random.values.size());
            for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(random.values[i]) * size;
            x[4321] = -size * 1.5f;
            const DeviceArray<float> dx(x), factor(2);
            const DeviceArray<Bits> out(x.size());
            ASSERT_EQ(launchNarrow({dx.data(), cols, out.data(), cols, factor.data(), rows, cols, element},
                                   nullptr),
                      cudaSuccess);
            const auto seen = toDoubles(out.host(), element);
            const double back = factor.host()[0];
            EXPECT_EQ(std::exp2(std::round(std::log2(back))), back) << "a power of two";
            if (size > 0) {
                EXPECT_GE(std::abs(seen[4321]), 1);
                EXPECT_LT(std::abs(seen[4321]), 2);
            }
            double worst = 0;
            for (std::size_t i = 0; i < x.size(); ++i)
                worst = std::max(worst, std::abs(seen[i] * back - static_cast<double>(x[i])));
            EXPECT_LE(worst, (element == Element::F16 ? 5e-4 : 4e-3) * 1.5 * static_cast<double>(size));
        }
}

TEST_F(Gradients, NarrowTellsWhatIsNoNumber) {
    for (const float bad : {INFINITY, -INFINITY, NAN}) {
        std::vector<float> x(640, 1.f);
        x[333] = bad;
        const DeviceArray<float> dx(x), factor(2);
        const DeviceArray<Bits> out(x.size());
        ASSERT_EQ(launchNarrow({dx.data(), 64, out.data(), 64, factor.data(), 10, 64, Element::F16}, nullptr),
                  cudaSuccess);
        EXPECT_TRUE(std::isnan(factor.host()[0]));
    }
}

TEST_F(Gradients, CrossEntropyOfUnsureAndSureRows) {
    for (const Element element : {Element::F16, Element::BF16}) {
        const int rows = 5, vocab = 1003;
        const RandomRows random(static_cast<std::size_t>(rows * vocab), Element::F16, 7, 3);
        std::vector<float> logits(random.values.begin(), random.values.end());
        const std::vector<std::int32_t> targets{0, 1002, 500, 7, 8};
        logits[static_cast<std::size_t>(3 * vocab + 7)] = 40;   // sure and right
        logits[static_cast<std::size_t>(4 * vocab + 8)] = -200; // sure and wrong
        const DeviceArray<float> dl(logits), losses(rows);
        const DeviceArray<std::int32_t> dt(targets);
        const DeviceArray<Bits> gradient(logits.size());
        ASSERT_EQ(
            launchCrossEntropy(
                {dl.data(), dt.data(), gradient.data(), losses.data(), rows, vocab, 8.f, element}, nullptr),
            cudaSuccess);
        const auto seen = toDoubles(gradient.host(), element);
        const auto loss = losses.host();
        for (int r = 0; r < rows; ++r) {
            const auto row = logits.begin() + r * vocab;
            const double most = *std::max_element(row, row + vocab);
            double total = 0, others = 0;
            std::vector<double> truth(static_cast<std::size_t>(vocab));
            for (int i = 0; i < vocab; ++i) {
                const double e = std::exp(static_cast<double>(row[i]) - most);
                total += e;
                if (i != targets[static_cast<std::size_t>(r)]) others += e;
                truth[static_cast<std::size_t>(i)] = 8 * e;
            }
            for (double& t : truth) t /= total;
            truth[static_cast<std::size_t>(targets[static_cast<std::size_t>(r)])] = -8 * others / total;
            const double expected =
                std::log(total) + most - static_cast<double>(row[targets[static_cast<std::size_t>(r)]]);
            EXPECT_NEAR(loss[static_cast<std::size_t>(r)], expected, 1e-5 * expected + 1e-12) << r;
            if (others / total < 1e-4) continue; // all of it next to nothing in FP16
            EXPECT_LT(normalisedError({seen.begin() + r * vocab, seen.begin() + (r + 1) * vocab}, truth),
                      kTolerance * 2)
                << r;
        }
    }
}

} // namespace
} // namespace moa::test
