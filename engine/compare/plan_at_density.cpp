#include "engine/compare/plan_at_density.h"

#include "engine/core/error.h"
#include "engine/core/model_config.h"
#include "engine/plan/uniform_plan.h"
#include "engine/search/search.h"

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

} // namespace

std::optional<SparsePlan> planAtDensity(const ProfileData& profile, const PlanRequest& request, const std::stop_token& stop) {
    if (request.density >= 1) return uniformPlan(profile.layers, profile.heads, profile.kvHeads, {0, 1});
    LossTableOptions tables;
    tables.estimate = request.estimate;
    tables.extraDensityLengths = std::vector<int>{};
    std::vector<int> profiled;
    for (const auto& [n, at] : profile.lengths) profiled.push_back(n);
    tables.grid = gridWithShortRules(profiled);
    SearchOptions options;
    options.density = std::nullopt;
    options.densityAt = {{request.length, request.density}};
    options.minDensityShare = 0; // less is as good
    options.timeLimit = request.seconds;
    options.explain = false;
    options.objectiveLength = request.length;
    const SearchInstance instance = makeInstance(profile, tables);
    const SearchOutcome outcome = search(instance, options, stop);
    if (!outcome.hasPlan()) return std::nullopt;
    return toPlan(instance, outcome.choice, profile.heads);
}

void checkProfiled(const ProfileData& profile, const ModelConfig& config, const std::vector<int>& lengths) {
    if (profile.layers != config.layers || profile.heads != config.heads || profile.kvHeads != config.kvHeads)
        throw UsageError("the profile is of another model's shape");
    for (const int length : lengths)
        if (!profile.lengths.contains(length))
            throw UsageError("the profile has no samples of " + std::to_string(length) +
                             " tokens; make one with moa profile --lengths");
}

} // namespace moa
