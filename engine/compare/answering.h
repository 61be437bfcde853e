// Answers under a mask: prompts are prefilled once, and every question is answered from that cache, teacher-forced
// on the expected answer. A greedy run gives the whole answer right exactly when every forced choice is right.
#pragma once

#include "engine/core/progress.h"
#include "engine/model/sequence.h"
#include "engine/tasks/task_encoding.h"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace moa {

/// How one answer fared.
struct AnswerOutcome {
    double nll = 0;             ///< nats per answer token
    std::vector<int> predicted; ///< greedy choice at every answer token
    bool right = false;         ///< predicted == answer
};

/// Questions and answers of a task prompt as ids. Questions without an answer are left out.
EncodedPrompt encodePrompt(const TaskEncoder& encoder, const TaskPrompt& prompt);

/// Outcomes of all branches of one prompt; empty when cancelled. `n`: the length the mask is evaluated at.
/// Throws Error when the prompt is longer than the model's context.
std::vector<AnswerOutcome> answerBranches(LanguageModel& model, const EncodedPrompt& prompt, const MaskSource& mask,
                                          std::int64_t n, std::stop_token stop);

/// What the model writes greedily after `prompt` under the mask at length `n`: at most `maxNew` tokens, up to an end
/// token. Nothing when stopped. Throws Error when the prompt is longer than the model's context.
std::optional<std::string> writeAnswer(LanguageModel& model, std::span<const int> prompt, const MaskSource& mask,
                                       std::int64_t n, int maxNew, std::stop_token stop);

} // namespace moa
