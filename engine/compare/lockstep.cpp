#include "engine/compare/lockstep.h"

#include "engine/compare/lockstep_session.h"
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

/// Both sides on the dense tokens; one after the other where both caches do not fit.
Completion stepTogether(LanguageModel& model, const MaskSource& mask, std::span<const int> prompt,
                        LockstepOutcome& outcome, std::stop_token stop, const ProgressFn& progress) {
    const auto count = static_cast<int>(outcome.dense.ids.size());
    if (count == 0) return Completion::Done;
    const bool apart = !outcome.memory.fitsTogether();
    LockstepSession session(model, mask, prompt, count, {LockstepFeed::DenseTokens, apart, 0});
    if (session.prefill(stop, progress) == Completion::Cancelled) return Completion::Cancelled;
    for (int t = 0; t < count; ++t) {
        if (progress) progress({"lockstep", t, count});
        const auto token = session.step(stop);
        if (!token) return stop.stop_requested() ? Completion::Cancelled : Completion::Done;
        outcome.kl.push_back(token->kl);
        outcome.rank.push_back(token->rank);
    }
    return Completion::Done;
}

} // namespace

LockstepOutcome runLockstep(LanguageModel& model, const MaskSource& sparse, std::span<const int> prompt, int maxNew,
                            std::stop_token stop, const ProgressFn& progress) {
    if (maxNew < 1) throw UsageError("--max-new must be at least 1");
    LockstepOutcome outcome;
    outcome.memory = lockstepMemory(model, sparse, static_cast<std::int64_t>(prompt.size()), maxNew);
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
