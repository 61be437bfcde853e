// 16-bit file values to float.
#pragma once

#include <cstdint>

namespace moa::kernels {

/// IEEE half → float; denormals, infinities and NaN kept.
void convertHalf(const std::uint16_t* from, float* to, std::int64_t count);
/// bfloat16 → float, exact.
void convertBfloat(const std::uint16_t* from, float* to, std::int64_t count);

} // namespace moa::kernels
