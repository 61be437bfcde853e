// Sets of plans: the Pareto set over the losses at all profiled lengths, and loss against density.
// Definitions: docs/method.md, "Optimisation".
#pragma once

#include "engine/search/search.h"

#include <functional>
#include <vector>

namespace moa {

struct ParetoPoint {
    SearchOutcome outcome;
    int objectiveLength = 0;             ///< the length this solve minimised
    std::map<int, LossLimit> lossLimits; ///< the cell it was confined to; empty for the single objectives
    bool dominated =
        false; ///< another plan is no worse at any length and better at one; while streaming: so far
};

/// Sees every plan of a set or a sweep as it is found, on the caller's thread.
using ParetoFn = std::function<void(const ParetoPoint& point)>;

struct ParetoSet {
    Completion completion = Completion::Done;
    std::vector<ParetoPoint> points;    ///< none dominated, ascending by the loss at the longest length
    std::vector<ParetoPoint> dominated; ///< the other plans found, in the order of the grid
    int solves = 0;                     ///< searches run
    int feasible = 0;                   ///< of them with a plan
    bool outOfTime = false;             ///< the time limit came before the last solve
    SearchOutcome infeasible;           ///< where no plan exists at all: the search that says why
};

/// Each profiled length is the objective once freely; the losses of these plans span a range per length. Then
/// each is the objective in every combination of cells of the other lengths, a range being cut at `edges`
/// even edges into edges − 1 two-sided cells: 3 + 3·16 solves for three lengths and 5 edges. Dominated plans
/// are set apart: those with no loss lower and one higher than another's. `options.objectiveLength` is
/// ignored, its solver too; its loss limits hold in all solves, its time limit is that of the whole set, its
/// gap target that of every plan. `onPoint` streams the plans. Progress stage: "pareto". Throws as `search`,
/// and UsageError where the grid would take more than 5,000 solves.
ParetoSet paretoSet(const SearchInstance& instance, const SearchOptions& options, int edges = 5,
                    std::stop_token stop = {}, const ProgressFn& progress = {}, const ParetoFn& onPoint = {});

/// One search per density (each in place of `options.density`), each starting from the one before. Infeasible
/// bounds are outcomes like any other. The time limit is that of the whole sweep. Stops early when cancelled.
/// `onPoint` streams the outcomes that have a plan. Progress stage: "sweep".
std::vector<SearchOutcome> sweepDensity(const SearchInstance& instance, const SearchOptions& options,
                                        const std::vector<double>& densities, std::stop_token stop = {},
                                        const ProgressFn& progress = {}, const ParetoFn& onPoint = {});

/// 0.10, 0.15, … 1.00: what a curve of loss against density is drawn from.
std::vector<double> sweepDensities();

} // namespace moa
