// What both caches of a comparison need, asked before they are made.
#pragma once

#include "engine/model/sequence.h"

#include <cstdint>

namespace moa {

struct LockstepMemory {
    std::uint64_t dense = 0, sparse = 0; ///< bytes of the caches; the sparse one with room for looks back
    std::uint64_t free = 0;              ///< on the device now
    std::uint64_t rows = 0;              ///< host memory for the logits of all tokens, both sides

    bool fitsTogether() const { return dense + sparse <= free; }
    /// One cache after the other.
    bool fitsApart() const { return dense <= free && sparse <= free; }
};

/// N that both caches of a session are laid out for: prompt, `maxNew` tokens and `room` more for further turns.
std::int64_t lockstepLength(const ModelConfig& config, std::int64_t promptTokens, int maxNew, std::int64_t room = 0);

/// What a LockstepSession of these arguments allocates. Throws UsageError for a plan of another shape.
LockstepMemory lockstepMemory(LanguageModel& model, const MaskSource& sparse, std::int64_t promptTokens, int maxNew,
                              std::int64_t room = 0);

} // namespace moa
