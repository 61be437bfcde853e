// A decode step over caches that sequences own, on the graph of Decoder.
#pragma once

#include "engine/backend/cuda/matmul.h"
#include "engine/backend/recorded_step.h"

#include <memory>

namespace moa::cuda {

/// `config` with the type `element` that the weights have on the card. Throws MemoryError, UsageError.
std::unique_ptr<RecordedStep> recordCudaStep(const ModelConfig& config, DType element, const LlamaWeights& weights,
                                             std::span<const StepSequence> sequences,
                                             std::shared_ptr<Matmul> matmul);

} // namespace moa::cuda
