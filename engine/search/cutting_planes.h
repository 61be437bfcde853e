// The cutting-plane loop of a Lagrangian dual: asks an oracle at the multipliers the master likes best,
// within a trust region around the best ones so far. Private to engine/search.
#pragma once

#include "engine/search/dual_master.h"
#include "engine/search/solver.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace moa {

struct DualLimits {
    double cutoff = kInfinity; ///< stop once the bound reaches it
    int evaluations = 200;
    double tolerance = 1e-9; ///< closed once model − bound ≤ tolerance · size of the objective
    double radius = 0;       ///< first trust region, 0: chosen from the problem
    const SolveControl* control = nullptr; ///< null: nothing stops it
};

struct DualResult {
    double bound = -kInfinity;
    std::vector<double> multipliers;           ///< [rows], those of the bound
    std::vector<DualMaster::Weighted> mixture; ///< columns of the master
    bool closed = false;                       ///< the bound is the best this relaxation has
    bool emptyUnit = false;                    ///< no plan at all meets options and rule limit
};

/// `master` may hold columns already. `evaluate(multipliers)` returns the oracle's bound, +∞ where no plan
/// exists, after adding its plan to the master; `clamp(multipliers)` keeps their signs legal.
/// `objectiveSize`: what tolerances are relative to; `multiplierSize`: the first radius where the limits name
/// none.
template <class Evaluate, class Clamp>
DualResult cuttingPlanes(DualMaster& master, std::vector<double> start, const DualLimits& limits,
                         double objectiveSize, double multiplierSize, Evaluate&& evaluate, Clamp&& clamp) {
    DualResult result;
    clamp(start);
    result.multipliers = start;
    double radius = limits.radius > 0 ? limits.radius : multiplierSize;
    std::vector<double> at = std::move(start);
    for (int k = 0; k < limits.evaluations; ++k) {
        if (limits.control && limits.control->over()) break;
        const double bound = evaluate(at);
        if (bound == kInfinity) {
            result.emptyUnit = true;
            result.bound = kInfinity;
            return result;
        }
        if (bound > result.bound) {
            const bool first = result.bound == -kInfinity;
            result.bound = bound;
            result.multipliers = at;
            if (!first && master.boxActive()) radius *= 2.5;
        } else {
            radius *= 0.6;
        }
        if (result.bound >= limits.cutoff) return result;
        const double enough = limits.tolerance * std::max(objectiveSize * 1e-3, std::abs(result.bound));
        for (int grow = 0; grow < 60; ++grow) { // the model may close on the edge of its box: widen it
            master.setBox(result.multipliers, radius);
            master.solve();
            if (master.value() - result.bound > enough || !master.boxActive()) break;
            radius *= 4;
        }
        result.closed = master.value() - result.bound <= enough;
        if (result.closed) break;
        at = master.multipliers();
        clamp(at);
    }
    if (result.bound > -kInfinity) result.mixture = master.mixture();
    return result;
}

} // namespace moa
