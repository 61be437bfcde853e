#include "engine/compare/effective_context.h"

#include "engine/core/error.h"
#include "engine/plan/uniform_plan.h"

#include <algorithm>

namespace moa {

namespace {

/// The default grid and short rules: its least span is an eighth of a length, which is all that a mean span far below
/// the length leaves.
RuleGrid gridWithShortRules(const std::vector<int>& lengths) {
    RuleGrid grid = makeGrid(lengths);
    for (int alpha = 2 * int(kBlock); alpha <= lengths.front(); alpha *= 2) {
        grid.alphas.push_back(alpha);
        grid.alphas.push_back(1.5 * alpha);
    }
    grid.betas.insert(grid.betas.end(), {1.0 / 32, 1.0 / 16});
    return grid;
}

/// The plan of least estimated loss whose caches at N hold `density` of the dense ones.
std::optional<SparsePlan> planAt(const ProfileData& profile, int length, double density,
                                 const EffectiveContextOptions& wanted, const std::stop_token& stop) {
    if (density >= 1) return uniformPlan(profile.layers, profile.heads, profile.kvHeads, {0, 1});
    LossTableOptions tables;
    tables.estimate = wanted.estimate;
    tables.extraDensityLengths = std::vector<int>{};
    std::vector<int> profiled;
    for (const auto& [n, at] : profile.lengths) profiled.push_back(n);
    tables.grid = gridWithShortRules(profiled);
    SearchOptions options;
    options.density = std::nullopt;
    options.densityAt = {{length, density}};
    options.minDensityShare = 0; // less is as good
    options.timeLimit = wanted.secondsPerPlan;
    options.explain = false;
    options.objectiveLength = length;
    const SearchInstance instance = makeInstance(profile, tables);
    const SearchOutcome outcome = search(instance, options, stop);
    if (!outcome.hasPlan()) return std::nullopt;
    return toPlan(instance, outcome.choice, profile.heads);
}

Score pooled(const RetrievalOutcome& outcome, std::size_t mask) {
    Score sum;
    for (const RetrievalRow& row : outcome.rows) {
        sum.asked += row.scores[mask].asked;
        sum.right += row.scores[mask].right;
    }
    return sum;
}

} // namespace

EffectiveContext measureEffectiveContext(LanguageModel& model, const ProfileData& profile,
                                         const EffectiveContextOptions& options, std::stop_token stop,
                                         const ProgressFn& progress) {
    const ModelConfig& c = model.config();
    if (profile.layers != c.layers || profile.heads != c.heads || profile.kvHeads != c.kvHeads)
        throw UsageError("the profile is of another model's shape");
    if (options.meanSpan < 2 * kBlock)
        throw UsageError("--mean-span: at least " + std::to_string(2 * kBlock) + " tokens, sink and one block");
    std::vector<int> lengths = options.retrieval.lengths;
    if (lengths.empty())
        for (const auto& [n, at] : profile.lengths) lengths.push_back(n);
    for (const int length : lengths)
        if (!profile.lengths.contains(length))
            throw UsageError("the profile has no samples of " + std::to_string(length) +
                             " tokens; make one with moa profile --lengths");
    EffectiveContext result;
    bool dense = true, planned = true, uniform = true;
    for (const int length : lengths) {
        EffectiveRow row;
        row.length = length;
        row.density = std::min(1.0, static_cast<double>(options.meanSpan) / length);
        row.plan = planAt(profile, length, row.density, options, stop);
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
        row.dense = pooled(outcome, 0);
        row.uniform = pooled(outcome, 1);
        if (row.plan) row.planned = pooled(outcome, 2);
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
