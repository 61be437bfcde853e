#include "engine/compare/answering.h"

#include "engine/model/generate.h"
#include "engine/model/language_model.h"
#include "engine/model/sampler.h"
#include "engine/tasks/score.h"

#include <algorithm>

namespace moa {

EncodedPrompt encodePrompt(const TaskEncoder& encoder, const TaskPrompt& prompt) {
    EncodedPrompt out;
    out.head = encoder.head(prompt);
    for (const Question& question : prompt.questions) {
        if (question.answer.empty()) continue;
        EncodedPrompt::Branch branch{encoder.tail(question), encoder.encode(question.answer)};
        if (branch.tail.empty()) {
            // Bare text: the branch point moves one token back, so that something predicts the answer.
            branch.tail.push_back(out.head.back());
        }
        out.branches.push_back(std::move(branch));
    }
    if (!out.branches.empty() && encoder.tail(prompt.questions.front()).empty() && out.head.size() > 1) out.head.pop_back();
    return out;
}

std::vector<AnswerOutcome> answerBranches(LanguageModel& model, const EncodedPrompt& prompt, const MaskSource& mask,
                                          std::int64_t n, std::stop_token stop) {
    Sequence sequence(model, mask, n);
    ForwardItem head{&sequence, prompt.head, 0};
    if (model.forward(std::span(&head, 1), {}, stop) == Completion::Cancelled) return {};

    std::vector<AnswerOutcome> outcomes(prompt.branches.size());
    std::vector<std::vector<int>> inputs;
    for (const auto& branch : prompt.branches) {
        std::vector<int>& ids = inputs.emplace_back(branch.tail);
        ids.insert(ids.end(), branch.answer.begin(), branch.answer.end() - 1);
    }
    const auto held = sequence.length();
    // Position p of branch i decides answer token p + 1 − (held + tail).
    const auto collect = [&](std::size_t i, std::int64_t position, std::span<const float> logits) {
        const auto& branch = prompt.branches[i];
        const auto at = static_cast<std::size_t>(position + 1 - held) - branch.tail.size();
        const auto target = static_cast<std::size_t>(branch.answer[at]);
        outcomes[i].predicted.push_back(argmax(logits));
        outcomes[i].nll += (logSumExp(logits) - static_cast<double>(logits[target])) / static_cast<double>(branch.answer.size());
    };
    std::vector<ForwardItem> looks;
    std::vector<std::size_t> lookOf;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto rows = static_cast<std::int64_t>(prompt.branches[i].answer.size());
        if (static_cast<std::int64_t>(inputs[i].size()) <= model.chunkRows()) {
            looks.push_back({&sequence, inputs[i], rows, false});
            lookOf.push_back(i);
            continue;
        }
        Sequence own = sequence.Copy();
        ForwardItem item{&own, inputs[i], rows};
        if (model.forward(std::span(&item, 1),
                          [&](std::size_t, std::int64_t p, std::span<const float> row) { collect(i, p, row); },
                          stop) == Completion::Cancelled)
            return {};
    }
    if (!looks.empty() &&
        model.forward(looks, [&](std::size_t k, std::int64_t p, std::span<const float> row) { collect(lookOf[k], p, row); },
                      stop) == Completion::Cancelled)
        return {};
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        outcomes[i].right = answerMatches(prompt.branches[i].answer, outcomes[i].predicted);
    return outcomes;
}

std::optional<std::string> writeAnswer(LanguageModel& model, std::span<const int> prompt, const MaskSource& mask,
                                       std::int64_t n, int maxNew, std::stop_token stop) {
    Sequence sequence(model, mask, n);
    GenerateOptions options;
    options.maxNew = maxNew;
    const GenerateResult result = generate(model, sequence, prompt, options, {}, std::move(stop));
    if (result.completion == Completion::Cancelled) return std::nullopt;
    return model.files().tokenizer.decode(result.ids, true);
}

} // namespace moa
