// 16-bit floating point: IEEE half (F16) and bfloat16 (BF16) to and from float.
// Denormals, infinities and signed zeros are kept; NaN stays NaN (quiet); rounding is to nearest, ties to
// even; values beyond the range become infinite.
#pragma once

#include <cstdint>
#include <span>

namespace moa {

float halfToFloat(std::uint16_t half);
std::uint16_t floatToHalf(float value);
float bfloatToFloat(std::uint16_t bfloat);
std::uint16_t floatToBfloat(float value);

/// Arrays; both spans have the same length. The half forms use the processor's conversion where it has one.
void halfToFloat(std::span<const std::uint16_t> in, std::span<float> out);
void floatToHalf(std::span<const float> in, std::span<std::uint16_t> out);
void bfloatToFloat(std::span<const std::uint16_t> in, std::span<float> out);
void floatToBfloat(std::span<const float> in, std::span<std::uint16_t> out);

} // namespace moa
