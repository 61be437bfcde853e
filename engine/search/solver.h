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

/// Where a later solve of a similar problem may begin.
struct WarmStart {
    std::vector<double> multipliers;     ///< [rows], scaled rows
    std::vector<std::vector<int>> plans; ///< choices worth trying
};

/// Whether `objective` is proven within the target.
inline bool withinGap(double objective, double bound, double gapTarget) {
    return objective - bound <= gapTarget * std::abs(objective) + 1e-15;
}

/// Lagrangian bound, rounding, exchange, then branch and bound until proven, stopped or out of time. `warm`
/// may be null; it is read and then filled with this solve's end.
Solution solveLagrangian(const Problem& problem, const SolveControl& control, WarmStart* warm = nullptr);

/// COIN-OR CBC on the MILP. `start`: a feasible choice or empty.
Solution solveCbc(const Problem& problem, const SolveControl& control, const std::vector<int>& start = {});

} // namespace moa
