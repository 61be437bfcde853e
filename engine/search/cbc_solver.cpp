// The same problem as a mixed-integer program for COIN-OR CBC, through its C interface: a binary per (unit,
// option) and, under a rule limit, one per (layer, option). CBC's C interface has no interrupt and may stay
// long in one of its heuristics, so it runs in a child process; there the interrupt signal ends its tree
// search with what it has.
#include "engine/search/child_process.h"
#include "engine/search/solver.h"

#include "engine/core/error.h"

#include <coin/Cbc_C_Interface.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace moa {

namespace {

/// Objective and rows are scaled to sums of about this size: CBC's tolerances are absolute.
constexpr double kScaledSize = 1e4;
/// CBC's bounds of this size and more mean that it has none.
constexpr double kNoBound = 1e40;

struct CbcDeleter {
    void operator()(Cbc_Model* model) const noexcept { Cbc_deleteModel(model); }
};
using CbcPtr = std::unique_ptr<Cbc_Model, CbcDeleter>;

/// Columns of the MILP and the matrix, column by column.
struct Milp {
    std::vector<int> columnOf; ///< [units][options], −1 where not allowed
    std::vector<int> starts{0};
    std::vector<int> rowOf;
    std::vector<double> values, objective;
    std::vector<double> rowLo, rowHi;
    double objectiveFactor = 1;
};

double objectiveFactor(const Problem& p) {
    double size = 0;
    for (int u = 0; u < p.units; ++u) {
        double most = 0;
        for (int r = 0; r < p.options; ++r)
            if (p.allowed[p.at(u, r)]) most = std::max(most, std::abs(p.cost[p.at(u, r)]));
        size += most;
    }
    return size > 0 ? kScaledSize / size : 1.0;
}

/// Rows: one per unit (choose one), the problem's rows, then under a rule limit x ≤ y per (unit, option) and
/// one sum of y per layer.
Milp makeMilp(const Problem& p) {
    Milp milp;
    milp.columnOf.assign(std::size_t(p.units) * p.options, -1);
    milp.objectiveFactor = objectiveFactor(p);
    milp.rowLo.assign(p.units, 1.0);
    milp.rowHi.assign(p.units, 1.0);
    std::vector<double> factor;
    for (const Row& row : p.rows) {
        // Whole-number rows of ordinary size stay whole numbers.
        factor.push_back(row.tolerance == 0 && row.scale <= 1e7 ? 1.0 : kScaledSize / row.scale);
        milp.rowLo.push_back(row.lo * factor.back());
        milp.rowHi.push_back(row.hi * factor.back());
    }
    const bool limited = p.rulesPerLayer > 0;
    std::vector<int> linkOf(milp.columnOf.size(), -1);
    for (int u = 0; u < p.units; ++u)
        for (int r = 0; r < p.options; ++r) {
            if (!p.allowed[p.at(u, r)]) continue;
            milp.columnOf[p.at(u, r)] = static_cast<int>(milp.objective.size());
            milp.objective.push_back(p.cost[p.at(u, r)] * milp.objectiveFactor);
            milp.rowOf.push_back(u);
            milp.values.push_back(1);
            for (int i = 0; i < p.rowCount(); ++i) {
                milp.rowOf.push_back(p.units + i);
                milp.values.push_back(p.coefficient(i, u, r) * factor[i]);
            }
            if (limited) {
                linkOf[p.at(u, r)] = static_cast<int>(milp.rowLo.size());
                milp.rowLo.push_back(-kInfinity);
                milp.rowHi.push_back(0);
                milp.rowOf.push_back(linkOf[p.at(u, r)]);
                milp.values.push_back(1);
            }
            milp.starts.push_back(static_cast<int>(milp.rowOf.size()));
        }
    for (int l = 0; limited && l < p.layers(); ++l) {
        const int sumRow = static_cast<int>(milp.rowLo.size());
        milp.rowLo.push_back(-kInfinity);
        milp.rowHi.push_back(p.rulesPerLayer);
        for (int r = 0; r < p.options; ++r) {
            milp.objective.push_back(0);
            for (int u = p.layerStart[l]; u < p.layerStart[l + 1]; ++u)
                if (linkOf[p.at(u, r)] >= 0) {
                    milp.rowOf.push_back(linkOf[p.at(u, r)]);
                    milp.values.push_back(-1);
                }
            milp.rowOf.push_back(sumRow);
            milp.values.push_back(1);
            milp.starts.push_back(static_cast<int>(milp.rowOf.size()));
        }
    }
    return milp;
}

std::vector<double> startValues(const Problem& p, const Milp& milp, const std::vector<int>& start) {
    std::vector<double> values(milp.objective.size(), 0.0);
    for (int u = 0; u < p.units; ++u) values[milp.columnOf[p.at(u, start[u])]] = 1;
    if (p.rulesPerLayer == 0) return values;
    const std::size_t first = values.size() - std::size_t(p.layers()) * p.options;
    for (int l = 0; l < p.layers(); ++l)
        for (int u = p.layerStart[l]; u < p.layerStart[l + 1]; ++u)
            values[first + std::size_t(l) * p.options + start[u]] = 1;
    return values;
}

void readSolution(const Problem& p, const Milp& milp, Cbc_Model* model, Solution& solution) {
    const double* x = Cbc_bestSolution(model);
    if (!x) return;
    std::vector<int> choice(p.units, 0);
    for (int u = 0; u < p.units; ++u) {
        double most = -1;
        for (int r = 0; r < p.options; ++r)
            if (const int c = milp.columnOf[p.at(u, r)]; c >= 0 && x[c] > most) {
                most = x[c];
                choice[u] = r;
            }
    }
    const double objective = p.objective(choice);
    if (objective >= solution.objective || !p.feasible(choice)) return;
    solution.choice = choice;
    solution.objective = objective;
}

void setParameters(Cbc_Model* model, const SolveControl& control) {
    const auto left =
        std::chrono::duration<double>(control.deadline - std::chrono::steady_clock::now()).count();
    Cbc_setLogLevel(model, 0);
    Cbc_setParameter(model, "logLevel", "0");
    Cbc_setParameter(model, "slogLevel", "0");
    Cbc_setParameter(model, "timeMode", "elapsed");
    Cbc_setParameter(model, "primalTolerance", "1e-9");
    Cbc_setParameter(model, "randomCbcSeed", std::to_string(control.seed % 1'000'000 + 1).c_str());
    Cbc_setMaximumSeconds(model, std::max(left, 0.01));
    Cbc_setAllowableGap(model, 0);
    Cbc_setAllowableFractionGap(model, control.gapTarget);
}

/// What crosses from the child: plain values, then the choice.
struct Answer {
    double bound = -kInfinity;
    std::int64_t iterations = 0, nodes = 0;
    SearchStatus status = SearchStatus::Feasible;
    bool hasChoice = false;
};

std::vector<std::byte> pack(const Solution& solution) {
    const Answer answer{solution.bound, solution.iterations, solution.nodes, solution.status,
                        !solution.choice.empty()};
    std::vector<std::byte> bytes(sizeof answer + solution.choice.size() * sizeof(int));
    std::memcpy(bytes.data(), &answer, sizeof answer);
    if (answer.hasChoice)
        std::memcpy(bytes.data() + sizeof answer, solution.choice.data(),
                    solution.choice.size() * sizeof(int));
    return bytes;
}

Solution unpack(const Problem& p, const std::vector<std::byte>& bytes) {
    Answer answer;
    if (bytes.size() < sizeof answer) throw Error("CBC's child process gave no answer");
    std::memcpy(&answer, bytes.data(), sizeof answer);
    Solution solution;
    solution.bound = answer.bound;
    solution.iterations = answer.iterations;
    solution.nodes = answer.nodes;
    solution.status = answer.status;
    if (!answer.hasChoice) return solution;
    solution.choice.resize(p.units);
    std::memcpy(solution.choice.data(), bytes.data() + sizeof answer, solution.choice.size() * sizeof(int));
    solution.objective = p.objective(solution.choice);
    return solution;
}

/// Builds and solves; runs in the child.
Solution solveHere(const Problem& p, const SolveControl& control, const std::vector<int>& start) {
    Solution solution;
    if (!start.empty()) {
        solution.choice = start;
        solution.objective = p.objective(start);
    }
    const Milp milp = makeMilp(p);
    const CbcPtr model(Cbc_newModel());
    if (!model) throw Error("CBC could not make a model");
    const int columns = static_cast<int>(milp.objective.size());
    const std::vector<double> zeros(columns, 0.0), ones(columns, 1.0);
    Cbc_loadProblem(model.get(), columns, static_cast<int>(milp.rowLo.size()), milp.starts.data(),
                    milp.rowOf.data(), milp.values.data(), zeros.data(), ones.data(), milp.objective.data(),
                    milp.rowLo.data(), milp.rowHi.data());
    for (int c = 0; c < columns; ++c) Cbc_setInteger(model.get(), c);
    setParameters(model.get(), control);
    if (!start.empty()) Cbc_setInitialSolution(model.get(), startValues(p, milp, start).data());
    Cbc_solve(model.get());
    readSolution(p, milp, model.get(), solution);
    solution.iterations = Cbc_getIterationCount(model.get());
    solution.nodes = Cbc_getNodeCount(model.get());
    // Out of time before its first relaxation is solved, CBC calls the problem infeasible.
    const bool late = Cbc_isSecondsLimitReached(model.get()) || control.outOfTime();
    const double best = Cbc_getBestPossibleObjValue(model.get());
    if (Cbc_isProvenOptimal(model.get()) && !solution.choice.empty())
        solution.status = SearchStatus::Optimal;
    else if (late)
        solution.status = SearchStatus::TimeLimit;
    else if (Cbc_isProvenInfeasible(model.get()) && solution.choice.empty())
        solution.status = SearchStatus::Infeasible;
    if (solution.status == SearchStatus::Infeasible)
        solution.bound = kInfinity;
    else if (std::abs(best) < kNoBound)
        solution.bound = std::min(solution.objective, best / milp.objectiveFactor);
    return solution;
}

} // namespace

Solution solveCbc(const Problem& p, const SolveControl& control, const std::vector<int>& start) {
    using namespace std::chrono_literals;
    Solution solution;
    solution.choice = start;
    if (!start.empty()) solution.objective = p.objective(start);
    if (!control.over()) {
        // CBC keeps its own time limit; the child is ended only where it overruns it.
        const auto answer = runInChild([&] { return pack(solveHere(p, control, start)); }, control.stop,
                                       control.deadline + 500ms, 500ms);
        if (answer)
            solution = unpack(p, *answer);
        else if (!control.over())
            throw Error("CBC ended unexpectedly");
    }
    if (control.cancelled()) { // what CBC calls a bound after an interrupt is no proof
        solution.status = SearchStatus::Cancelled;
        solution.bound = -kInfinity;
    } else if (solution.status == SearchStatus::Feasible && control.outOfTime()) {
        solution.status = SearchStatus::TimeLimit;
    }
    return solution;
}

} // namespace moa
