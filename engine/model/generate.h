// Generation: prefill a prompt, then one token at a time until an end token, the budget or a stop.
#pragma once

#include "engine/model/language_model.h"
#include "engine/model/sampler.h"
#include "engine/model/sequence.h"

#include <functional>

namespace moa {

struct GenerateOptions {
    int maxNew = 128;         ///< tokens
    SamplingOptions sampling;
    bool stopAtEnd = true;    ///< stop after one of the model's end tokens (which is not part of the result)
};

struct GenerateResult {
    Completion completion = Completion::Done;
    std::vector<int> ids;      ///< new tokens only
    bool ended = false;        ///< an end token came
    double prefillSeconds = 0;
    double decodeSeconds = 0;  ///< of the steps after the first token
    int decodeSteps = 0;
};

/// Called for every new token; return value ignored.
using TokenFn = std::function<void(int id)>;

/// Length N a generation is planned for: min(context, held + prompt + budget), rounded up to 64.
std::int64_t plannedLength(const ModelConfig& config, std::int64_t held, std::int64_t prompt, std::int64_t budget);

/// Continues `sequence` with `prompt` (at least one token) and generates. The sequence then holds the prompt and
/// every generated token but the last.
GenerateResult generate(LanguageModel& model, Sequence& sequence, std::span<const int> prompt,
                        const GenerateOptions& options, const TokenFn& onToken, std::stop_token stop,
                        const ProgressFn& progress = {});

} // namespace moa
