#include "engine/compare/lockstep.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>

namespace moa {

double klDivergence(std::span<const float> p, std::span<const float> q) {
    const double logP = logSumExp(p), logQ = logSumExp(q);
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const double lp = static_cast<double>(p[i]) - logP;
        sum += std::exp(lp) * (lp - (static_cast<double>(q[i]) - logQ));
    }
    return std::max(0.0, sum);
}

namespace {

LockstepRun freeRun(LanguageModel& model, const MaskSource& mask, std::span<const int> prompt, int maxNew,
                    std::stop_token stop, const ProgressFn& progress, const std::string& name, Completion& completion) {
    Sequence sequence(model, mask, plannedLength(model.config(), 0, static_cast<std::int64_t>(prompt.size()), maxNew));
    GenerateOptions options;
    options.maxNew = maxNew;
    const GenerateResult result = generate(model, sequence, prompt, options, {}, stop, [&](const Progress& p) {
        if (progress) progress({name + " " + p.stage, p.done, p.total});
    });
    completion = result.completion;
    return {result.ids, sequence.kvBytes(), result.prefillSeconds,
            result.decodeSeconds > 0 ? result.decodeSteps / result.decodeSeconds : 0};
}

/// Feeds the dense tokens to both caches; row t holds the logits that decide token t.
Completion stepTogether(LanguageModel& model, const MaskSource& mask, std::span<const int> prompt,
                        LockstepOutcome& outcome, std::stop_token stop, const ProgressFn& progress) {
    const auto count = static_cast<std::int64_t>(outcome.dense.ids.size());
    const std::int64_t n = plannedLength(model.config(), 0, static_cast<std::int64_t>(prompt.size()), count);
    Sequence dense(model, MaskSource::dense(), n), sparse(model, mask, n);
    std::vector<int> next(prompt.begin(), prompt.end());
    for (std::int64_t t = 0; t < count; ++t) {
        if (progress) progress({"lockstep", t, count});
        std::vector<float> rows[2];
        ForwardItem items[2] = {{&dense, next, 1}, {&sparse, next, 1}};
        for (int side = 0; side < 2; ++side) {
            const LogitsFn keep = [&](std::size_t, std::int64_t, std::span<const float> row) {
                rows[side].assign(row.begin(), row.end());
            };
            if (model.forward(std::span(&items[side], 1), keep, stop) == Completion::Cancelled) return Completion::Cancelled;
        }
        const int token = outcome.dense.ids[static_cast<std::size_t>(t)];
        outcome.kl.push_back(klDivergence(rows[0], rows[1]));
        const float own = rows[1][static_cast<std::size_t>(token)];
        outcome.rank.push_back(1 + static_cast<int>(std::count_if(rows[1].begin(), rows[1].end(), [own](float v) { return v > own; })));
        next.assign(1, token);
    }
    return Completion::Done;
}

} // namespace

LockstepOutcome runLockstep(LanguageModel& model, const MaskSource& sparse, std::span<const int> prompt, int maxNew,
                            std::stop_token stop, const ProgressFn& progress) {
    if (maxNew < 1) throw UsageError("--max-new must be at least 1");
    LockstepOutcome outcome;
    outcome.dense = freeRun(model, MaskSource::dense(), prompt, maxNew, stop, progress, "dense", outcome.completion);
    if (outcome.completion == Completion::Cancelled) return outcome;
    outcome.sparse = freeRun(model, sparse, prompt, maxNew, stop, progress, "sparse", outcome.completion);
    const auto& a = outcome.dense.ids;
    const auto& b = outcome.sparse.ids;
    const auto [atA, atB] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (atA != a.end() || atB != b.end()) outcome.firstDivergence = atA - a.begin();
    if (outcome.completion == Completion::Done) outcome.completion = stepTogether(model, sparse, prompt, outcome, stop, progress);
    return outcome;
}

} // namespace moa
