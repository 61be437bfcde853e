#include "engine/search/candidates.h"

#include "engine/core/error.h"
#include "engine/search/outcome.h"
#include "engine/search/search_session.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace moa {

namespace {

/// Perturbed searches per plan wanted: several of them find the same plan.
constexpr int kTriesPerPlan = 3;
/// A perturbed search need not be proven: its plan is judged under the true losses anyway.
constexpr double kPerturbedGap = 2e-3;

/// Standard normal, Box–Muller: the library's distribution differs between implementations.
double normal(std::mt19937_64& random) {
    const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) / 9007199254740992.0; };
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
}

} // namespace

SearchInstance withScaledLosses(const SearchInstance& instance, const std::vector<double>& factors) {
    if (static_cast<int>(factors.size()) != instance.groups())
        throw UsageError("a factor for each of " + std::to_string(instance.groups()) + " groups expected");
    SearchInstance scaled = instance;
    for (auto& table : scaled.loss)
        for (std::size_t g = 0; g < table.size(); ++g)
            for (double& v : table[g]) v *= factors[g];
    return scaled;
}

bool meetsLimits(const SearchInstance& instance, const SearchOptions& options,
                 const std::vector<int>& choice) {
    const Problem problem = makeProblem(instance, options);
    const auto units = unitStarts(problem, {choice});
    return !units.empty() && problem.feasible(units.front());
}

std::vector<SearchOutcome> candidatePlans(const SearchInstance& instance, const SearchOptions& options,
                                          int count, double spread, std::stop_token stop) {
    if (count < 1 || !(spread >= 0))
        throw UsageError("at least one candidate and a spread of at least 0 expected");
    std::vector<SearchOutcome> found;
    const double share = options.timeLimit / (1 + kTriesPerPlan * count);
    SearchSession session(instance);
    found.push_back(session.solve(options, {2 * share, options.gapTarget}, stop));
    if (!found.front().hasPlan()) return {};
    std::mt19937_64 random(options.seed);
    std::vector<double> factors(instance.groups());
    for (int k = 0; k < kTriesPerPlan * count && static_cast<int>(found.size()) < count; ++k) {
        if (stop.stop_requested()) break;
        // Small errors give near neighbours, large ones what is only thinkable.
        const double now = spread * (k % 3 == 0 ? 1 : k % 3 == 1 ? 2 : 0.5);
        for (double& f : factors) f = std::exp(now * normal(random));
        SearchSession perturbed(withScaledLosses(instance, factors));
        SearchOutcome outcome =
            perturbed.solve(options, {share, std::max(options.gapTarget, kPerturbedGap)}, stop);
        const auto known = [&](const SearchOutcome& other) { return other.choice == outcome.choice; };
        if (!outcome.hasPlan() || std::any_of(found.begin(), found.end(), known)) continue;
        // Limits on losses were met by the perturbed losses only.
        if (!options.lossLimits.empty() && !meetsLimits(instance, options, outcome.choice)) continue;
        outcome.loss = lossesOf(instance, outcome.choice);
        outcome.objective = outcome.loss.at(objectiveLengthOf(instance, options));
        outcome.lowerBound = found.front().lowerBound;
        outcome.gap = (outcome.objective - outcome.lowerBound) / std::max(std::abs(outcome.objective), 1e-15);
        outcome.status = SearchStatus::Feasible;
        found.push_back(std::move(outcome));
    }
    std::stable_sort(found.begin() + 1, found.end(), [](const SearchOutcome& a, const SearchOutcome& b) {
        return a.objective < b.objective;
    });
    return found;
}

} // namespace moa
