#include "engine/search/relative_limits.h"

#include <algorithm>
#include <cmath>

namespace moa {

bool hasRelativeLimits(const SearchOptions& options) {
    return std::any_of(options.lossLimits.begin(), options.lossLimits.end(),
                       [](const auto& limit) { return limit.second.overBest.has_value(); });
}

SearchOptions withPlainLossLimits(const SearchInstance& instance, const SearchOptions& options,
                                  const SolveControl& control) {
    SearchOptions plain = options;
    for (auto& [length, limit] : plain.lossLimits) {
        if (!limit.overBest) continue;
        SearchOptions alone = options;
        alone.lossLimits.clear();
        alone.objectiveLength = length;
        SolveControl quiet = control;
        quiet.improved = nullptr;
        const Solution best = solveLagrangian(makeProblem(instance, alone), quiet);
        const double share = *limit.overBest;
        limit.overBest.reset();
        if (best.choice.empty()) continue;
        // The plan found is what the share is over: its own loss is then always within the limit.
        const double upper = best.objective + share * std::abs(best.objective);
        limit.upper = std::min(upper, limit.upper.value_or(upper));
    }
    return plain;
}

} // namespace moa
