// Dense and sparse side by side: both free-running, and both stepped on the dense model's tokens, where their
// distributions are compared.
#pragma once

#include "engine/compare/lockstep_memory.h"
#include "engine/model/generate.h"
#include "engine/model/sequence.h"

#include <optional>
#include <vector>

namespace moa {

struct LockstepRun {
    std::vector<int> ids;      ///< free-running text
    std::uint64_t kvBytes = 0; ///< allocated
    double prefillSeconds = 0, decodeTokensPerSecond = 0;
};

struct LockstepOutcome {
    Completion completion = Completion::Done;
    LockstepMemory memory; ///< of both caches at once, before the start
    LockstepRun dense, sparse;
    std::optional<std::int64_t> firstDivergence; ///< index of the first differing token of the free-running texts
    std::vector<double> kl;   ///< per dense token, KL(dense‖sparse) in nats
    std::vector<int> rank;    ///< rank of the dense token under sparse, 1 = first
};

/// Generates `maxNew` tokens greedily after `prompt` (an end token stops each run), then steps the sparse cache on
/// the dense tokens, one side after the other where both caches do not fit. A cancelled run keeps what it has. Throws
/// MemoryError where one cache alone does not fit.
LockstepOutcome runLockstep(LanguageModel& model, const MaskSource& sparse, std::span<const int> prompt, int maxNew,
                            std::stop_token stop, const ProgressFn& progress);

/// KL(p‖q) in nats of two logit rows, softmax in double.
double klDivergence(std::span<const float> p, std::span<const float> q);

} // namespace moa
