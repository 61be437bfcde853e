#include "engine/compare/effective_context.h"

#include "engine/compare/plan_at_density.h"
#include "engine/core/error.h"
#include "engine/plan/uniform_plan.h"

#include <algorithm>

namespace moa {

EffectiveContext measureEffectiveContext(LanguageModel& model, const ProfileData& profile,
                                         const EffectiveContextOptions& options, std::stop_token stop,
                                         const ProgressFn& progress) {
    const ModelConfig& c = model.config();
    if (options.meanSpan < 2 * kBlock)
        throw UsageError("--mean-span: at least " + std::to_string(2 * kBlock) + " tokens, sink and one block");
    std::vector<int> lengths = options.retrieval.lengths;
    if (lengths.empty())
        for (const auto& [n, at] : profile.lengths) lengths.push_back(n);
    checkProfiled(profile, c, lengths);
    EffectiveContext result;
    bool dense = true, planned = true, uniform = true;
    for (const int length : lengths) {
        EffectiveRow row;
        row.length = length;
        row.density = std::min(1.0, static_cast<double>(options.meanSpan) / length);
        row.plan = planAtDensity(profile, {length, row.density, options.estimate, options.secondsPerPlan}, stop);
        std::vector<MaskChoice> masks{
            {"dense", MaskSource::dense()},
            {"uniform", MaskSource::plan(uniformAtDensity(c.layers, c.heads, c.kvHeads, row.density))}};
        if (row.plan) masks.push_back({"plan", MaskSource::plan(*row.plan)});
        RetrievalOptions at = options.retrieval;
        at.lengths = {length};
        const RetrievalOutcome outcome = measureRetrieval(model, masks, at, stop, progress);
        if (outcome.completion == Completion::Cancelled || stop.stop_requested()) {
            result.completion = Completion::Cancelled;
            break;
        }
        row.dense = outcome.pooled(0);
        row.uniform = outcome.pooled(1);
        if (row.plan) row.planned = outcome.pooled(2);
        const auto keep = [&](bool& going, const Score& score, int& reached) {
            going = going && score.accuracy() >= options.threshold;
            if (going) reached = length;
        };
        keep(dense, row.dense, result.dense);
        keep(planned, row.planned, result.planned);
        keep(uniform, row.uniform, result.uniform);
        result.rows.push_back(std::move(row));
    }
    return result;
}

} // namespace moa
