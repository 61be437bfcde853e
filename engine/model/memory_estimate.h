// What a model takes in memory before it is loaded, part by part, and the longest input that fits: arithmetic
// on the shape alone, with the numbers that LanguageModel and Sequence allocate (within 3%). Non-goals:
// asking devices what they have free, and sequences that outgrow their N (both layouts are held while one is
// copied to the other).
#pragma once

#include "engine/core/model_config.h"
#include "engine/core/plan.h"

#include <cstdint>
#include <vector>

namespace moa {

class Model;

/// Values in the weights of a model of this shape.
std::int64_t parameterCount(const ModelConfig& config);

/// Bytes of a model's weights on a device of this type; where it keeps blocks, weights in blocks stay as in the file.
std::uint64_t weightBytes(const Model& files, DType deviceType, bool keepsBlocks);

/// What is to be run. A plan is taken at exactly N; a Sequence under a plan rounds its own N up to a block.
struct MemoryRequest {
    DType dtype = DType::F32;         ///< weights, keys, values and activations on the device
    std::int64_t tokens = 0;          ///< N, ≥ 1: what each sequence holds, answer included
    int batch = 1;                    ///< sequences at once, ≥ 1
    const SparsePlan* plan = nullptr; ///< null: dense
    std::uint64_t weights = 0;        ///< bytes, as weightBytes() says; 0: each value takes what `dtype` does
};

/// Bytes by part. Without a plan its figures are the dense ones.
struct MemoryEstimate {
    std::uint64_t weights = 0;
    std::uint64_t activations = 0; ///< buffers of a forward pass, logits, rotary tables
    std::uint64_t kvDense = 0, kvPlan = 0;
    std::vector<std::uint64_t> layerKvDense, layerKvPlan; ///< [L], all sequences

    std::uint64_t dense() const { return weights + activations + kvDense; }
    std::uint64_t sparse() const { return weights + activations + kvPlan; }
};

/// Throws UsageError for a plan of another shape or a request without tokens or sequences.
MemoryEstimate estimateMemory(const ModelConfig& config, const MemoryRequest& request);

/// The largest N up to `mostTokens` at which the request, whatever its `tokens`, fits in `freeBytes`; 0: none
/// does.
std::int64_t longestFit(const ModelConfig& config, const MemoryRequest& request, std::uint64_t freeBytes,
                        std::int64_t mostTokens);

/// Device memory that LanguageModel::observeLayers() takes for one text of `tokens`, beside the weights.
std::uint64_t observationBytes(const ModelConfig& config, std::int64_t tokens, DType dtype);

} // namespace moa
