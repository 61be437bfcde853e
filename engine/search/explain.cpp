#include "engine/search/explain.h"

#include "engine/core/format.h"

#include <algorithm>
#include <cmath>

namespace moa {

namespace {

/// Loosening is found to this share of a row's full size.
constexpr double kLooseningStep = 1e-3;

/// A row's sum as people know it: a density, or nats.
std::string shown(const Row& row, double sum) {
    return row.density ? formatFixed(sum / row.scale, 4) : formatFixed(sum, 6) + " nats";
}

/// The problem with only the rows of one kind (all of them, or none with neither).
Problem withRows(const Problem& problem, bool density, bool losses) {
    Problem reduced = problem;
    if (!density) {
        reduced.rows.erase(reduced.rows.begin(), reduced.rows.begin() + problem.densityRows);
        reduced.densityRows = 0;
        reduced.blocks.clear();
    }
    if (!losses) {
        reduced.rows.resize(reduced.densityRows);
        reduced.losses.clear();
    }
    return reduced;
}

void dropObjective(Problem& problem) {
    std::fill(problem.cost.begin(), problem.cost.end(), 0.0);
}

std::string emptyUnit(const SearchInstance& instance, const Problem& problem) {
    for (int g = 0; g < instance.groups(); ++g) {
        const char* row = problem.allowed.data() + problem.at(problem.unitOfGroup[g], 0);
        if (std::none_of(row, row + problem.options, [](char a) { return a != 0; }))
            return "the pins leave layer " + std::to_string(g / instance.kvHeads) + ", KV head " +
                   std::to_string(g % instance.kvHeads) + " without a rule";
    }
    return {};
}

/// A row that no sum of these options can meet: its two sides are closer than a step.
std::string rowBetweenSteps(const Problem& p) {
    const int i = p.emptyRow();
    if (i < 0) return {};
    const Row& row = p.rows[i];
    return row.name + " has no plan between " + shown(row, row.askedLo) + " and " + shown(row, row.askedHi) +
           ": with these rules the nearest are " + shown(row, row.hi) + " and " + shown(row, row.lo);
}

/// A row that misses its limits even when nothing else matters.
std::string rowOutOfReach(const Problem& p) {
    for (int i = 0; i < p.rowCount(); ++i) {
        double least = 0, most = 0;
        for (int u = 0; u < p.units; ++u) {
            double unitLeast = kInfinity, unitMost = -kInfinity;
            for (int r = 0; r < p.options; ++r) {
                if (!p.allowed[p.at(u, r)]) continue;
                unitLeast = std::min(unitLeast, p.coefficient(i, u, r));
                unitMost = std::max(unitMost, p.coefficient(i, u, r));
            }
            least += unitLeast;
            most += unitMost;
        }
        const Row& row = p.rows[i];
        if (least > row.hi + row.tolerance)
            return row.name + " is at least " + shown(row, least) + " with these rules and pins, its limit " +
                   shown(row, row.askedHi);
        if (most < row.lo - row.tolerance)
            return row.name + " is at most " + shown(row, most) + " with these rules and pins, at least " +
                   shown(row, row.askedLo) + " is asked for";
    }
    return {};
}

/// Smallest common loosening of all density limits that lets a plan exist.
std::string densitiesTogether(const Problem& densityOnly, const SolveControl& control) {
    double low = 0, high = 1;
    while (high - low > kLooseningStep && !control.over()) {
        const double middle = (low + high) / 2;
        Problem loose = densityOnly;
        for (Row& row : loose.rows) {
            row.hi += std::floor(middle * row.scale);
            row.lo -= std::floor(middle * row.scale);
        }
        const Solution solution = solveLagrangian(loose, control);
        (solution.choice.empty() ? low : high) = middle;
    }
    std::string names;
    for (const Row& row : densityOnly.rows) names += (names.empty() ? "" : ", ") + row.name;
    return "no plan meets these limits together: " + names + "; with each of them loosened by " +
           formatFixed(high, 3) + " one does";
}

/// The nearest a plan within the densities comes to each loss limit.
std::string lossOutOfReach(const Problem& p, const Problem& densityOnly, const SolveControl& control) {
    for (int i = p.densityRows; i < p.rowCount(); ++i) {
        const Row& row = p.rows[i];
        for (const bool upper : {true, false}) {
            if (std::isinf(upper ? row.hi : row.lo)) continue;
            Problem nearest = densityOnly;
            for (int u = 0; u < p.units; ++u)
                for (int r = 0; r < p.options; ++r)
                    nearest.cost[p.at(u, r)] = (upper ? 1 : -1) * p.coefficient(i, u, r);
            const Solution solution = solveLagrangian(nearest, control);
            const double reach = (upper ? 1 : -1) * (control.over() ? solution.objective : solution.bound);
            if (upper && reach > row.hi)
                return row.name + " is at least " + shown(row, reach) +
                       " within the other limits, its limit " + shown(row, row.hi);
            if (!upper && reach < row.lo)
                return row.name + " is at most " + shown(row, reach) + " within the other limits, at least " +
                       shown(row, row.askedLo) + " is asked for";
        }
    }
    return "each limit on a loss can be met alone, but no plan meets them together";
}

} // namespace

std::string explainInfeasible(const SearchInstance& instance, const SearchOptions& options,
                              const Problem& problem, const SolveControl& control) {
    if (std::string text = emptyUnit(instance, problem); !text.empty()) return text;
    Problem noRows = withRows(problem, false, false);
    dropObjective(noRows);
    if (solveLagrangian(noRows, control).status == SearchStatus::Infeasible)
        return "the pins of a layer need more than " + std::to_string(options.rulesPerLayer) +
               " distinct rules";
    if (std::string text = rowOutOfReach(problem); !text.empty()) return text;
    if (std::string text = rowBetweenSteps(problem); !text.empty()) return text;
    const Problem densityOnly = withRows(problem, true, false);
    Problem feasibility = densityOnly;
    dropObjective(feasibility);
    if (problem.rowCount() == problem.densityRows ||
        solveLagrangian(feasibility, control).status == SearchStatus::Infeasible)
        return densitiesTogether(feasibility, control);
    return lossOutOfReach(problem, densityOnly, control);
}

} // namespace moa
