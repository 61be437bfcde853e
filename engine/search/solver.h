// What the two solvers share: control in, solution out. Private to engine/search.
#pragma once

#include "engine/search/problem.h"

#include <chrono>
#include <stop_token>
#include <vector>

namespace moa {

struct SolveControl {
    std::stop_token stop;
    std::chrono::steady_clock::time_point deadline;
    double gapTarget = 1e-6;
    std::uint64_t seed = 1;
    ProgressFn progress;

    bool cancelled() const { return stop.stop_requested(); }
    bool outOfTime() const { return std::chrono::steady_clock::now() >= deadline; }
    bool over() const { return cancelled() || outOfTime(); }
};

struct Solution {
    SearchStatus status = SearchStatus::Feasible;
    std::vector<int> choice; ///< [units] option; empty: none found
    double objective = kInfinity;
    double bound = -kInfinity;
    std::int64_t iterations = 0, nodes = 0;
};

/// Whether `objective` is proven within the target.
inline bool withinGap(double objective, double bound, double gapTarget) {
    return objective - bound <= gapTarget * std::abs(objective) + 1e-15;
}

/// Lagrangian bound, rounding, exchange, then branch and bound until proven, stopped or out of time.
/// `starts`: choices worth trying first; those that are not feasible are ignored.
Solution solveLagrangian(const Problem& problem, const SolveControl& control,
                         const std::vector<std::vector<int>>& starts = {});

/// COIN-OR CBC on the MILP. `start`: a feasible choice or empty.
Solution solveCbc(const Problem& problem, const SolveControl& control, const std::vector<int>& start = {});

} // namespace moa
