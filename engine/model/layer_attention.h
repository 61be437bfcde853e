// What one layer's attention read and wrote over a whole text, shown to an observer while it is in memory.
#pragma once

#include "engine/backend/backend.h"
#include "engine/core/ids.h"

#include <cstdint>
#include <functional>
#include <span>

namespace moa {

/// Device tensors, valid during the call only. n tokens at positions 0 … n−1.
struct LayerAttention {
    LayerIndex layer;
    Tensor q, out;                         ///< [n][H·D]; positions are applied to q
    Tensor k, v;                           ///< [n][G·D]; positions are applied to k
    Tensor lse;                            ///< [H][n]
    Tensor dOut;                           ///< [n][H·D], ∂ℓ/∂out; no data in a pass without backward
    std::span<const std::int64_t> windows; ///< [G]
    std::int64_t sink = 0;
    const float* gradientFactor = nullptr; ///< dOut is the gradient divided by it (engine/backend/backend.h); null: 1
};

/// Returns false when no further layer is wanted: the pass ends there.
using LayerObserver = std::function<bool(const LayerAttention&)>;

} // namespace moa
