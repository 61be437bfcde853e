// Caches and positions as the decode kernels take them.
#pragma once

#include "engine/backend/tensor.h"
#include "moa_kernels/cuda/decode_attention.h"

#include <algorithm>
#include <limits>

namespace moa::cuda {

/// A position or a window; windows that show everything are clipped.
inline std::int32_t int32(std::int64_t x) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(x, std::numeric_limits<std::int32_t>::max() / 2));
}

inline kernels::cuda::DecodeCache decodeCache(const KvHeadCache& from, std::int64_t window) {
    kernels::cuda::DecodeCache to;
    to.k = from.k, to.v = from.v;
    to.sink = int32(from.sink), to.ring = int32(from.ring);
    to.window = int32(window), to.ringFirst = int32(std::max(from.ringFirst, from.sink));
    return to;
}

} // namespace moa::cuda
