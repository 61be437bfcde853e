// A whole decode step of a Llama model, recorded once for a fixed set of caches and replayed token by token: on
// a card, one launch instead of hundreds. Goal: the same numbers as the operations one by one, within rounding.
// Non-goal: prompts; they go through the operations of Backend.
#pragma once

#include "engine/backend/tensor.h"
#include "engine/core/model_config.h"

#include <cstdint>
#include <span>
#include <vector>

namespace moa {

/// Weights of one layer, products that read the same rows side by side.
struct LlamaLayer {
    Tensor inputNorm, postNorm; ///< [1][hidden]
    Tensor qkv;                 ///< [(H + 2G)·D][hidden]: queries, keys, values
    Tensor o;                   ///< [hidden][H·D]
    Tensor gateUp;              ///< [2·intermediate][hidden]: gate, up
    Tensor down;                ///< [hidden][intermediate]
};

struct LlamaWeights {
    std::vector<LlamaLayer> layers;
    Tensor embedding, finalNorm, head; ///< [vocab][hidden], [1][hidden], [vocab][hidden]
    Tensor cosine, sine;               ///< [positions][headDim/2], F32
};

/// The caches of one sequence that a step reads and writes.
struct StepSequence {
    std::span<const KvHeadCache> cache;    ///< [L][G]
    std::span<const std::int64_t> windows; ///< [L][G] w, tokens
};

class RecordedStep {
public:
    virtual ~RecordedStep() = default;
    /// One token of every sequence at its position, which the caches then hold. `logits` [sequences][vocab].
    virtual void run(std::span<const int> tokens, std::span<const std::int64_t> positions,
                     std::span<float> logits) = 0;
};

} // namespace moa
