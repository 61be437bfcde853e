// What a backward pass keeps of its forward half and what it computes again: arithmetic on the shape alone.
// On the processor memory is the scarcer good: attention outputs are kept, everything else is redone.
#pragma once

#include "engine/core/model_config.h"

#include <cstdint>

namespace moa {

struct BackwardKept {
    bool attended =
        true; ///< attention outputs and log-sum-exp of all layers; else of one, and attention runs twice
    int layers =
        0; ///< the last ones keep q, k, v, gate, up and the residual stream between attention and MLP
    std::uint64_t bytes = 0; ///< of the whole pass, the device's workspace for rule costs left out
};

/// `weightBytes`: of the model on the device; `freeBytes`: beside it. A device that works in 16 bits keeps
/// layers while the pass takes no more than four fifths of what the weights take: a card with room for twice
/// the weights profiles.
BackwardKept whatBackwardKeeps(const ModelConfig& config, std::int64_t tokens, DType type,
                               std::uint64_t weightBytes, std::uint64_t freeBytes);

} // namespace moa
