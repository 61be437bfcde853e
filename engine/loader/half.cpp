// See half.h.
#include "engine/loader/half.h"

#include <bit>
#include <cstddef>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace moa {

namespace {

#if defined(__x86_64__)
bool hasF16c() {
    static const bool has = __builtin_cpu_supports("avx") && __builtin_cpu_supports("f16c");
    return has;
}

/// Converts the whole eights; returns how many values are done.
__attribute__((target("avx,f16c"))) std::size_t halfToFloatEights(const std::uint16_t* in, float* out,
                                                                  std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i))));
    return i;
}

__attribute__((target("avx,f16c"))) std::size_t floatToHalfEights(const float* in, std::uint16_t* out,
                                                                  std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
    return i;
}
#else
bool hasF16c() {
    return false;
}
std::size_t halfToFloatEights(const std::uint16_t*, float*, std::size_t) {
    return 0;
}
std::size_t floatToHalfEights(const float*, std::uint16_t*, std::size_t) {
    return 0;
}
#endif

} // namespace

float halfToFloat(std::uint16_t half) {
    const std::uint32_t sign = std::uint32_t(half & 0x8000u) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1fu;
    const std::uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0x1f) { // infinity, or NaN made quiet
        const std::uint32_t quiet = mantissa ? 0x400000u : 0u;
        return std::bit_cast<float>(sign | 0x7f800000u | quiet | (mantissa << 13));
    }
    if (exponent == 0) { // zero or denormal: mantissa · 2⁻²⁴ is exact in float
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
        return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
    }
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

std::uint16_t floatToHalf(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) // NaN: quiet, top payload bits kept
        return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u); // ≥ 65520 rounds to ∞
    if (magnitude < 0x38800000u) {
        // Below 2⁻¹⁴. Adding ½ aligns the value to the denormal grid of 2⁻²⁴ and rounds it to even there.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t odd = (magnitude >> 13) & 1u;
    const std::uint32_t rounded = magnitude - (112u << 23) + 0xfffu + odd;
    return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

float bfloatToFloat(std::uint16_t bfloat) {
    const std::uint32_t bits = std::uint32_t(bfloat) << 16;
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return std::bit_cast<float>(nan ? bits | 0x400000u : bits);
}

std::uint16_t floatToBfloat(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

void halfToFloat(std::span<const std::uint16_t> in, std::span<float> out) {
    std::size_t i = hasF16c() ? halfToFloatEights(in.data(), out.data(), in.size()) : 0;
    for (; i < in.size(); ++i) out[i] = halfToFloat(in[i]);
}

void floatToHalf(std::span<const float> in, std::span<std::uint16_t> out) {
    std::size_t i = hasF16c() ? floatToHalfEights(in.data(), out.data(), in.size()) : 0;
    for (; i < in.size(); ++i) out[i] = floatToHalf(in[i]);
}

void bfloatToFloat(std::span<const std::uint16_t> in, std::span<float> out) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = bfloatToFloat(in[i]);
}

void floatToBfloat(std::span<const float> in, std::span<std::uint16_t> out) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = floatToBfloat(in[i]);
}

} // namespace moa
