// 16-bit file values to float. Plain code: it runs once per load, and the compiler's loop is fast enough.
#include "moa_kernels/convert.h"

#include <bit>

namespace moa::kernels {

namespace {

float halfValue(std::uint32_t h) {
    const std::uint32_t sign = (h & 0x8000u) << 16, exponent = h >> 10 & 31u, fraction = h & 0x3ffu;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    const float small = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -small : small;
}

} // namespace

void convertHalf(const std::uint16_t* from, float* to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = halfValue(from[i]);
}

void convertBfloat(const std::uint16_t* from, float* to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = std::bit_cast<float>(std::uint32_t(from[i]) << 16);
}

} // namespace moa::kernels
