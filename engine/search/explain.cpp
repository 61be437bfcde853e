#include "engine/search/explain.h"

#include "engine/core/format.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace moa {

namespace {

/// A reason is wanted at once, and a hundredth more or less does not change it.
constexpr double kReasonGap = 1e-2, kReasonSeconds = 0.5;

/// One solve's share of `control`.
SolveControl briefly(const SolveControl& control) {
    using namespace std::chrono;
    SolveControl brief = control;
    brief.gapTarget = std::max(control.gapTarget, kReasonGap);
    brief.deadline = std::min(control.deadline, steady_clock::now() + duration_cast<steady_clock::duration>(
                                                                          duration<double>(kReasonSeconds)));
    return brief;
}

/// A row's sum as people know it.
std::string shown(const Row& row, double sum) {
    const double value = sum * row.perUnit;
    if (row.unit == "density") return formatFixed(value, 4);
    if (row.unit == "bytes") return formatFixed(value, 0) + " bytes";
    return formatFixed(value, 6) + " " + row.unit;
}

/// The problem with only the rows that `keep` names, and no objective.
Problem withRows(const Problem& problem, const std::vector<char>& keep) {
    Problem reduced = problem;
    reduced.rows.clear();
    reduced.blocks.clear();
    reduced.losses.clear();
    reduced.densityRows = 0;
    const std::size_t lossSize = std::size_t(problem.units) * problem.options;
    for (int i = 0; i < problem.rowCount(); ++i) {
        if (!keep[i]) continue;
        reduced.rows.push_back(problem.rows[i]);
        const bool block = i < problem.densityRows;
        reduced.densityRows += block;
        const std::vector<double>& from = block ? problem.blocks : problem.losses;
        const std::size_t size = block ? std::size_t(problem.options) : lossSize;
        const auto first = from.begin() + std::ptrdiff_t(size) * (block ? i : i - problem.densityRows);
        std::vector<double>& to = block ? reduced.blocks : reduced.losses;
        to.insert(to.end(), first, first + std::ptrdiff_t(size));
    }
    std::fill(reduced.cost.begin(), reduced.cost.end(), 0.0);
    return reduced;
}

bool infeasible(const Problem& problem, const SolveControl& control) {
    return solveLagrangian(problem, briefly(control)).status == SearchStatus::Infeasible;
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
                   shown(row, row.askedHi) + ": it must give " + shown(row, least - row.askedHi);
        if (most < row.lo - row.tolerance)
            return row.name + " is at most " + shown(row, most) + " with these rules and pins, at least " +
                   shown(row, row.askedLo) + " is asked for: it must give " + shown(row, row.askedLo - most);
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

/// Rows that collide: without any one of them, the others could be met. Found by leaving rows out one by one;
/// a row that a brief solve cannot judge stays in.
std::vector<char> collidingRows(const Problem& p, const SolveControl& control) {
    std::vector<char> keep(p.rowCount(), 1);
    for (int i = p.rowCount(); i-- > 0 && !control.over();) {
        keep[i] = 0;
        if (!infeasible(withRows(p, keep), control)) keep[i] = 1;
    }
    return keep;
}

/// How much one side of a row must give for the others of `keep` to be met.
struct Give {
    int row = 0;
    bool upper = true;
    double reach = 0; ///< the nearest sum
    double share = 0; ///< of the limit
};

std::optional<Give> giveOf(const Problem& p, std::vector<char> keep, int i, bool upper,
                           const SolveControl& control) {
    const Row& row = p.rows[i];
    if (std::isinf(upper ? row.hi : row.lo)) return std::nullopt;
    keep[i] = 0;
    Problem nearest = withRows(p, keep);
    const double sign = upper ? 1 : -1;
    for (int u = 0; u < p.units; ++u)
        for (int r = 0; r < p.options; ++r) nearest.cost[p.at(u, r)] = sign * p.coefficient(i, u, r);
    const Solution solution = solveLagrangian(nearest, briefly(control));
    if (solution.choice.empty()) return std::nullopt;
    Give give{i, upper, sign * solution.objective, 0};
    const double limit = upper ? row.askedHi : row.askedLo;
    if (sign * (give.reach - limit) <= row.tolerance)
        return std::nullopt; // this side is not the one in the way
    give.share = std::abs(give.reach - limit) / std::max(std::abs(limit), 1e-300);
    return give;
}

std::string sentence(const Problem& p, const Give& give) {
    const Row& row = p.rows[give.row];
    const double limit = give.upper ? row.askedHi : row.askedLo;
    return row.name + " is at " + (give.upper ? "least " : "most ") + shown(row, give.reach) +
           " within the other limits, " + (give.upper ? "its limit " : "asked for is at least ") +
           shown(row, limit) + ": it must give " + shown(row, std::abs(give.reach - limit));
}

std::string collision(const Problem& p, const SolveControl& control) {
    const std::vector<char> keep = collidingRows(p, control);
    std::string names;
    std::vector<Give> gives;
    for (int i = 0; i < p.rowCount(); ++i) {
        if (!keep[i]) continue;
        names += (names.empty() ? "" : ", ") + p.rows[i].name;
        for (const bool upper : {true, false})
            if (const auto give = giveOf(p, keep, i, upper, control)) gives.push_back(*give);
    }
    std::string text = "no plan meets these limits together: " + names;
    std::stable_sort(gives.begin(), gives.end(),
                     [](const Give& a, const Give& b) { return a.share < b.share; });
    for (std::size_t k = 0; k < gives.size(); ++k)
        text += (k == 0 ? "; the tightest: " : "; or: ") + sentence(p, gives[k]);
    return text;
}

/// Whether the pins are to blame too.
std::string withoutPins(const SearchInstance& instance, const SearchOptions& options,
                        const SolveControl& control) {
    if (options.pins.empty() || control.over()) return {};
    SearchOptions free = options;
    free.pins.clear();
    const Problem problem = makeProblem(instance, free);
    const Solution solution =
        solveLagrangian(withRows(problem, std::vector<char>(problem.rows.size(), 1)), briefly(control));
    return solution.choice.empty() ? std::string() : "; without the pins there is a plan";
}

} // namespace

std::string explainInfeasible(const SearchInstance& instance, const SearchOptions& options,
                              const Problem& problem, const SolveControl& control) {
    if (std::string text = emptyUnit(instance, problem); !text.empty()) return text;
    if (infeasible(withRows(problem, std::vector<char>(problem.rows.size(), 0)), control))
        return "the pins of a layer need more than " + std::to_string(options.rulesPerLayer) +
               " distinct rules";
    if (std::string text = rowOutOfReach(problem); !text.empty())
        return text + withoutPins(instance, options, control);
    if (std::string text = rowBetweenSteps(problem); !text.empty()) return text;
    return collision(problem, control) + withoutPins(instance, options, control);
}

} // namespace moa
