// What the two solvers share: control in, solution out. Private to engine/search.
#pragma once

#include "engine/search/problem.h"

#include <chrono>
#include <functional>
#include <stop_token>
#include <vector>

namespace moa {

struct Solution {
    SearchStatus status = SearchStatus::Feasible;
    std::vector<int> choice; ///< [units] option; empty: none found
    double objective = kInfinity;
    double bound = -kInfinity;
    std::int64_t iterations = 0, nodes = 0;
};

struct SolveControl {
    std::stop_token stop;
    std::chrono::steady_clock::time_point deadline;
    double gapTarget = 1e-6;
    std::uint64_t seed = 1;
    ProgressFn progress;
    /// Sees every better plan and bound as it is found; may be empty.
    std::function<void(const Solution&)> improved;

    bool cancelled() const { return stop.stop_requested(); }
    bool outOfTime() const { return std::chrono::steady_clock::now() >= deadline; }
    bool over() const { return cancelled() || outOfTime(); }
};

/// Whether `objective` is proven within the target.
inline bool withinGap(double objective, double bound, double gapTarget) {
    return objective - bound <= gapTarget * std::abs(objective) + 1e-15;
}

/// The quick solver, then branch and bound until proven, stopped or out of time. `starts`: choices worth
/// trying first; those that are not feasible are ignored.
Solution solveLagrangian(const Problem& problem, const SolveControl& control,
                         const std::vector<std::vector<int>>& starts = {});

/// Branch and bound alone, with `bound` known from elsewhere.
Solution solveTree(const Problem& problem, const SolveControl& control,
                   const std::vector<std::vector<int>>& starts = {}, double bound = -kInfinity);

/// For limits of three and more rules a layer: bound and first plan from the problems without that limit and
/// with two rules, the rest by branch and bound.
Solution solveManyRules(const Problem& problem, const SolveControl& control,
                        std::vector<std::vector<int>> starts = {});

/// What `quick` left open, by branch and bound; `quick` itself where nothing is open.
Solution finishByTree(const Problem& problem, const SolveControl& control, Solution quick);

/// COIN-OR CBC on the MILP. `start`: a feasible choice or empty.
Solution solveCbc(const Problem& problem, const SolveControl& control, const std::vector<int>& start = {});

} // namespace moa
