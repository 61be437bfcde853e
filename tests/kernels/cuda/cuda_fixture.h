// What the GPU tests share: arrays on the card, random elements, comparison with the double-precision
// reference.
#pragma once

#include "kernels/reference/reference_attention.h"
#include "moa_kernels/cuda/types.h"

#include <cmath>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>
#include <vector>

namespace moa::test {

using kernels::cuda::Element;

/// Normalised error that a kernel may have: |out - ref| / |ref|.
inline constexpr double kTolerance = 2e-3;

class CudaTest : public ::testing::Test {
protected:
    void SetUp() override {
        int count = 0;
        if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) GTEST_SKIP() << "no CUDA device";
    }
    static int multiprocessors() {
        int count = 0;
        cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0);
        return count;
    }
};

template <class T>
class DeviceArray {
public:
    explicit DeviceArray(std::size_t count) : m_count(count) {
        EXPECT_EQ(cudaMalloc(&m_data, count * sizeof(T)), cudaSuccess);
        EXPECT_EQ(cudaMemset(m_data, 0xff, count * sizeof(T)), cudaSuccess); // NaN, so that gaps are seen
    }
    explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
        EXPECT_EQ(cudaMemcpy(m_data, values.data(), m_count * sizeof(T), cudaMemcpyHostToDevice),
                  cudaSuccess);
    }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;
    ~DeviceArray() { cudaFree(m_data); }
    T* data() const { return m_data; }
    std::size_t size() const { return m_count; }
    std::vector<T> host() const {
        std::vector<T> values(m_count);
        EXPECT_EQ(cudaMemcpy(values.data(), m_data, m_count * sizeof(T), cudaMemcpyDeviceToHost),
                  cudaSuccess);
        return values;
    }

private:
    T* m_data = nullptr;
    std::size_t m_count;
};

using Bits = std::uint16_t; ///< an element as it lies in memory

inline double toDouble(Bits bits, Element element) {
    if (element == Element::F16) return __half2float(__half(__half_raw{bits}));
    return __bfloat162float(__nv_bfloat16(__nv_bfloat16_raw{bits}));
}

inline Bits toBits(double value, Element element) {
    const auto single = static_cast<float>(value);
    if (element == Element::F16) return static_cast<__half_raw>(__float2half(single)).x;
    return static_cast<__nv_bfloat16_raw>(__float2bfloat16(single)).x;
}

/// Random normal elements, and the same in double precision after rounding.
struct RandomRows {
    std::vector<Bits> bits;
    std::vector<double> values;
    RandomRows(std::size_t count, Element element, std::uint32_t seed, double deviation = 1)
        : bits(count), values(count) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal(0, static_cast<float>(deviation));
        for (std::size_t i = 0; i < count; ++i) {
            bits[i] = toBits(normal(random), element);
            values[i] = toDouble(bits[i], element);
        }
    }
};

/// |out - ref| / |ref|; infinite where anything is not a number.
inline double normalisedError(const std::vector<double>& out, const std::vector<double>& reference) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        if (!std::isfinite(out[i])) return INFINITY;
        difference += (out[i] - reference[i]) * (out[i] - reference[i]);
        norm += reference[i] * reference[i];
    }
    return std::sqrt(difference / norm);
}

inline std::vector<double> toDoubles(const std::vector<Bits>& bits, Element element) {
    std::vector<double> values(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) values[i] = toDouble(bits[i], element);
    return values;
}

/// Attention of query `i` alone, o [d]; q is that one row, k and v whole sequences.
inline double attendRow(const double* q, const double* k, const double* v, std::int64_t i, std::int64_t d,
                        const reference::Mask& mask, double* o) {
    std::vector<double> scores(static_cast<std::size_t>(i + 1)), weights(scores.size());
    reference::HeadShape shape{i + 1, d, 1 / std::sqrt(static_cast<double>(d))};
    // The reference indexes q by row; this row stands for row i.
    reference::scoreRow({q - i * d, k, v}, shape, i, scores.data());
    const double lse = reference::softmaxRow(scores.data(), i, mask, weights.data());
    for (std::int64_t c = 0; c < d; ++c) o[c] = 0;
    for (std::int64_t j = 0; j <= i; ++j)
        for (std::int64_t c = 0; c < d && weights[static_cast<std::size_t>(j)] > 0; ++c)
            o[c] += weights[static_cast<std::size_t>(j)] * v[j * d + c];
    return lse;
}

/// f(0) … f(count − 1) on all cores.
template <class F>
void parallelFor(int count, F f) {
    const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t)
        pool.emplace_back([=] {
            for (int i = t; i < count; i += threads) f(i);
        });
    for (auto& thread : pool) thread.join();
}

} // namespace moa::test
