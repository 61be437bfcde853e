// RMSNorm, RoPE, SwiGLU and their backward passes, vectorised.
#include "moa_kernels/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/tile-inl.h"

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

float sumOfSquares(const float* x, std::int64_t n) {
    auto acc = hn::Zero(kF);
    std::int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const auto v = hn::LoadU(kF, x + i);
        acc = hn::MulAdd(v, v, acc);
    }
    float sum = hn::GetLane(hn::SumOfLanes(kF, acc));
    for (; i < n; ++i) sum += x[i] * x[i];
    return sum;
}

void rmsNormRows(const float* x, const float* weight, float eps, std::int64_t rows, std::int64_t cols, float* out) {
    for (std::int64_t r = 0; r < rows; ++r, x += cols, out += cols) {
        const float scale = 1.0f / std::sqrt(sumOfSquares(x, cols) / static_cast<float>(cols) + eps);
        const auto s = hn::Set(kF, scale);
        std::int64_t i = 0;
        for (; i + kLanes <= cols; i += kLanes)
            hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(kF, x + i), s), hn::LoadU(kF, weight + i)), kF, out + i);
        for (; i < cols; ++i) out[i] = x[i] * scale * weight[i];
    }
}

void rmsNormBackwardRows(const float* x, const float* weight, float eps, const float* dOut, std::int64_t rows,
                         std::int64_t cols, float* dX) {
    const float n = static_cast<float>(cols);
    for (std::int64_t r = 0; r < rows; ++r, x += cols, dOut += cols, dX += cols) {
        const float scale = 1.0f / std::sqrt(sumOfSquares(x, cols) / n + eps);
        auto acc = hn::Zero(kF);
        std::int64_t i = 0;
        for (; i + kLanes <= cols; i += kLanes)
            acc = hn::MulAdd(hn::Mul(hn::LoadU(kF, dOut + i), hn::LoadU(kF, weight + i)), hn::LoadU(kF, x + i), acc);
        float projection = hn::GetLane(hn::SumOfLanes(kF, acc));
        for (; i < cols; ++i) projection += dOut[i] * weight[i] * x[i];
        const float along = projection * scale * scale * scale / n;
        const auto s = hn::Set(kF, scale), a = hn::Set(kF, along);
        for (i = 0; i + kLanes <= cols; i += kLanes) {
            const auto direct = hn::Mul(hn::Mul(hn::LoadU(kF, dOut + i), hn::LoadU(kF, weight + i)), s);
            const auto grad = hn::NegMulAdd(a, hn::LoadU(kF, x + i), direct);
            hn::StoreU(hn::Add(hn::LoadU(kF, dX + i), grad), kF, dX + i);
        }
        for (; i < cols; ++i) dX[i] += dOut[i] * weight[i] * scale - along * x[i];
    }
}

HWY_INLINE FloatVec sigmoid(FloatVec x) {
    const auto one = hn::Set(kF, 1.0f);
    return hn::Div(one, hn::Add(one, expFast(hn::Neg(x))));
}

void swiGluAll(float* gate, const float* up, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        const auto g = hn::LoadU(kF, gate + i);
        hn::StoreU(hn::Mul(hn::Mul(g, sigmoid(g)), hn::LoadU(kF, up + i)), kF, gate + i);
    }
    for (; i < count; ++i) gate[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void swiGluBackwardAll(float* gate, float* up, const float* dOut, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        const auto g = hn::LoadU(kF, gate + i), u = hn::LoadU(kF, up + i), d = hn::LoadU(kF, dOut + i);
        const auto sig = sigmoid(g);
        const auto silu = hn::Mul(g, sig);
        // silu' = σ·(1 + g·(1 − σ))
        const auto slope = hn::Mul(sig, hn::MulAdd(g, hn::Sub(hn::Set(kF, 1.0f), sig), hn::Set(kF, 1.0f)));
        hn::StoreU(hn::Mul(hn::Mul(d, u), slope), kF, gate + i);
        hn::StoreU(hn::Mul(d, silu), kF, up + i);
    }
    for (; i < count; ++i) {
        const float g = gate[i], sig = 1.0f / (1.0f + std::exp(-g)), d = dOut[i], u = up[i];
        gate[i] = d * u * sig * (1.0f + g * (1.0f - sig));
        up[i] = d * g * sig;
    }
}

void addAll(float* to, const float* from, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        hn::StoreU(hn::Add(hn::LoadU(kF, to + i), hn::LoadU(kF, from + i)), kF, to + i);
    for (; i < count; ++i) to[i] += from[i];
}

void ropeRow(float* row, int heads, int headDim, const float* cosine, const float* sine, bool inverse) {
    const int half = headDim / 2;
    const float sign = inverse ? -1.0f : 1.0f;
    for (int h = 0; h < heads; ++h, row += headDim) {
        int d = 0;
        for (; d + kLanes <= half; d += kLanes) {
            const auto c = hn::LoadU(kF, cosine + d), s = hn::Mul(hn::Set(kF, sign), hn::LoadU(kF, sine + d));
            const auto a = hn::LoadU(kF, row + d), b = hn::LoadU(kF, row + half + d);
            hn::StoreU(hn::NegMulAdd(b, s, hn::Mul(a, c)), kF, row + d);
            hn::StoreU(hn::MulAdd(a, s, hn::Mul(b, c)), kF, row + half + d);
        }
        for (; d < half; ++d) {
            const float a = row[d], b = row[half + d];
            row[d] = a * cosine[d] - b * sign * sine[d];
            row[half + d] = b * cosine[d] + a * sign * sine[d];
        }
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(rmsNormRows);
HWY_EXPORT(rmsNormBackwardRows);
HWY_EXPORT(swiGluAll);
HWY_EXPORT(swiGluBackwardAll);
HWY_EXPORT(addAll);
HWY_EXPORT(ropeRow);

void rmsNorm(const float* x, const float* weight, float eps, std::int64_t rows, std::int64_t cols, float* out) {
    HWY_DYNAMIC_DISPATCH(rmsNormRows)(x, weight, eps, rows, cols, out);
}
void rmsNormBackward(const float* x, const float* weight, float eps, const float* dOut, std::int64_t rows,
                     std::int64_t cols, float* dX) {
    HWY_DYNAMIC_DISPATCH(rmsNormBackwardRows)(x, weight, eps, dOut, rows, cols, dX);
}
void swiGlu(float* gate, const float* up, std::int64_t count) { HWY_DYNAMIC_DISPATCH(swiGluAll)(gate, up, count); }
void swiGluBackward(float* gate, float* up, const float* dOut, std::int64_t count) {
    HWY_DYNAMIC_DISPATCH(swiGluBackwardAll)(gate, up, dOut, count);
}
void addInPlace(float* to, const float* from, std::int64_t count) { HWY_DYNAMIC_DISPATCH(addAll)(to, from, count); }
void rope(float* row, int heads, int headDim, const float* cosine, const float* sine, bool inverse) {
    HWY_DYNAMIC_DISPATCH(ropeRow)(row, heads, headDim, cosine, sine, inverse);
}

} // namespace moa::kernels
#endif
