#include "engine/model/backward_memory.h"

#include "engine/backend/backend.h"

#include <algorithm>

namespace moa {

namespace {

/// Left free for rule costs and whatever else the device needs.
constexpr std::uint64_t kMargin = std::uint64_t(2) << 30;

} // namespace

BackwardKept whatBackwardKeeps(const ModelConfig& c, std::int64_t tokens, DType type,
                               std::uint64_t weightBytes, std::uint64_t freeBytes) {
    const auto n = static_cast<std::uint64_t>(tokens),
               value = static_cast<std::uint64_t>(bytesPerValue(type));
    const auto hidden = static_cast<std::uint64_t>(c.hidden),
               inner = static_cast<std::uint64_t>(c.intermediate);
    const auto out = static_cast<std::uint64_t>(c.heads) * static_cast<std::uint64_t>(c.headDim);
    const auto qkv = out + 2 * static_cast<std::uint64_t>(c.kvHeads) * static_cast<std::uint64_t>(c.headDim);
    const auto layers = static_cast<std::uint64_t>(c.layers), heads = static_cast<std::uint64_t>(c.heads);
    const std::uint64_t chunk = std::min(n, static_cast<std::uint64_t>(chunkRows(type)));
    const bool narrow = type != DType::F32;
    // Residual stream, its norm, the norm's gradient, the residual gradient (F32) and its copy in 16 bits.
    const std::uint64_t streams = n * hidden * (3 * value + 4 + (narrow ? value : 0));
    const std::uint64_t working = streams + n * (2 * qkv + out) * value + chunk * 4 * inner * value;
    const std::uint64_t checkpoints = layers * n * hidden * value;
    const std::uint64_t attended = n * (out * value + heads * 4);
    BackwardKept kept;
    kept.bytes = working + checkpoints + layers * attended;
    if (!narrow) return kept;
    const std::uint64_t spare = freeBytes > kMargin ? freeBytes - kMargin : 0;
    if (kept.bytes > spare) {
        kept.attended = false;
        kept.bytes = working + checkpoints + attended;
        return kept;
    }
    const std::uint64_t limit = std::min(spare, weightBytes / 5 * 4),
                        layer = n * (qkv + 2 * inner + hidden) * value;
    if (kept.bytes < limit) kept.layers = static_cast<int>(std::min(layers, (limit - kept.bytes) / layer));
    kept.bytes += static_cast<std::uint64_t>(kept.layers) * layer;
    return kept;
}

} // namespace moa
