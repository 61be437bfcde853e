#include "engine/search/outcome.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace moa {

namespace {

double gapOf(const SearchOutcome& outcome) {
    if (!outcome.hasPlan() || std::isinf(outcome.lowerBound)) return kInfinity;
    const double difference = std::max(0.0, outcome.objective - outcome.lowerBound);
    return difference <= 1e-15 ? 0.0 : difference / std::max(std::abs(outcome.objective), 1e-15);
}

} // namespace

SearchOutcome outcomeOf(const SearchInstance& instance, const Problem& problem, const Solution& solution,
                        double seconds) {
    SearchOutcome outcome;
    outcome.status = solution.status;
    outcome.lowerBound = solution.bound;
    outcome.iterations = solution.iterations;
    outcome.seconds = seconds;
    if (!solution.choice.empty()) {
        outcome.choice.reserve(problem.unitOfGroup.size());
        for (int unit : problem.unitOfGroup) outcome.choice.push_back(solution.choice[unit]);
        outcome.loss = lossesOf(instance, outcome.choice);
        outcome.density = densitiesOf(instance, outcome.choice);
        outcome.objective = solution.objective;
        outcome.distinctRules =
            static_cast<int>(std::set<int>(outcome.choice.begin(), outcome.choice.end()).size());
    }
    outcome.gap = gapOf(outcome);
    return outcome;
}

std::vector<std::vector<int>> unitStarts(const Problem& problem,
                                         const std::vector<std::vector<int>>& starts) {
    std::vector<std::vector<int>> fitting;
    for (const std::vector<int>& start : starts) {
        if (start.size() != problem.unitOfGroup.size()) continue;
        std::vector<int> units(problem.units, -1);
        bool fits = true;
        for (std::size_t g = 0; g < start.size() && fits; ++g) {
            int& unit = units[problem.unitOfGroup[g]];
            fits = start[g] >= 0 && start[g] < problem.options && (unit < 0 || unit == start[g]);
            unit = start[g];
        }
        if (fits) fitting.push_back(std::move(units));
    }
    return fitting;
}

} // namespace moa
