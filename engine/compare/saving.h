// What a plan saves in practice beside its nominal density: bytes allocated, time of attention and of a whole step,
// tokens per second, and the time of one KV head by its span. Dense and sparse steps alternate on one clock, with one
// batch, after warm-up; every time is a median.
// Non-goals: prefill (moa bench), quality.
#pragma once

#include "engine/core/progress.h"
#include "engine/model/sequence.h"

#include <cstdint>
#include <stop_token>
#include <vector>

namespace moa {

struct SavingOptions {
    int batch = 1;   ///< sequences of one step
    int warmUp = 3;  ///< steps of each side that are not counted; a card records its step in these
    int repeats = 7; ///< timed steps of each side, at least kFewest
    bool heads = true; ///< also time single KV heads

    static constexpr int kFewest = 5;
};

struct SavingSide {
    std::uint64_t kvBytes = 0;     ///< allocated, whole batch
    double attentionSeconds = 0;   ///< of all layers, one step
    double stepSeconds = 0;        ///< one token for every sequence
    double tokensPerSecond = 0;    ///< batch / stepSeconds
};

/// One KV head with its query heads, alone on the device.
struct SpanTime {
    std::int64_t span = 0; ///< tokens it reads, the sink included
    double seconds = 0;    ///< one step of the batch
    int heads = 0;         ///< KV heads of the plan with this span; 0: the dense one
};

struct Saving {
    Completion completion = Completion::Done; ///< cancelled: nothing else is set
    std::int64_t tokens = 0;                  ///< held by every sequence
    double density = 1;                       ///< nominal: share of the dense slots that the mask's windows show
    SavingSide dense, sparse;
    std::vector<SpanTime> spans;              ///< by span, ascending; the dense one last
};

/// Times decode steps of `batch` sequences that hold `tokens` tokens each (zeros: they cost what keys cost). Throws
/// MemoryError, and UsageError for no tokens, too few repeats, or more tokens than the context.
Saving measureSaving(LanguageModel& model, const MaskSource& sparse, std::int64_t tokens, const SavingOptions& options,
                     std::stop_token stop, const ProgressFn& progress = {});

} // namespace moa
