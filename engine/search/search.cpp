#include "engine/search/search.h"

#include "engine/core/error.h"
#include "engine/search/explain.h"
#include "engine/search/outcome.h"
#include "engine/search/relative_limits.h"
#include "engine/search/solver.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace moa {

namespace {

using Clock = std::chrono::steady_clock;

template <class E, std::size_t N>
E parseName(const std::array<std::pair<E, const char*>, N>& names, const std::string& name,
            const char* what) {
    std::string known;
    for (const auto& [value, text] : names) {
        if (name == text) return value;
        known += (known.empty() ? "" : ", ") + std::string(text);
    }
    throw UsageError("unknown " + std::string(what) + " \"" + name + "\": one of " + known + " expected");
}

template <class E, std::size_t N>
std::string nameOf(const std::array<std::pair<E, const char*>, N>& names, E value) {
    for (const auto& [known, text] : names)
        if (known == value) return text;
    return {};
}

constexpr std::array<std::pair<Granularity, const char*>, 4> kGranularities = {
    {{Granularity::Elastic, "elastic"},
     {Granularity::Head, "head"},
     {Granularity::Layer, "layer"},
     {Granularity::Uniform, "uniform"}}};
constexpr std::array<std::pair<SolverKind, const char*>, 3> kSolvers = {
    {{SolverKind::Lagrangian, "lagrangian"}, {SolverKind::Cbc, "cbc"}, {SolverKind::Both, "both"}}};
constexpr std::array<std::pair<SearchStatus, const char*>, 5> kStatuses = {
    {{SearchStatus::Optimal, "optimal"},
     {SearchStatus::Feasible, "feasible"},
     {SearchStatus::Infeasible, "infeasible"},
     {SearchStatus::TimeLimit, "time_limit"},
     {SearchStatus::Cancelled, "cancelled"}}};

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

SolverReport report(SolverKind kind, const Solution& solution, double seconds) {
    SolverReport r;
    r.solver = kind;
    r.status = solution.status;
    if (!solution.choice.empty()) r.objective = solution.objective;
    r.lowerBound = solution.bound;
    r.seconds = seconds;
    r.iterations = solution.iterations;
    r.nodes = solution.nodes;
    return r;
}

/// The better plan and the better bound of two solves.
Solution combine(const Solution& ours, const Solution& cbc, double gapTarget) {
    Solution best = cbc.objective < ours.objective ? cbc : ours;
    best.bound = std::max(ours.bound, cbc.bound);
    best.iterations = ours.iterations + cbc.iterations;
    const bool infeasible = ours.status == SearchStatus::Infeasible || cbc.status == SearchStatus::Infeasible;
    if (!best.choice.empty() && withinGap(best.objective, best.bound, gapTarget))
        best.status = SearchStatus::Optimal;
    else if (best.choice.empty() && infeasible)
        best.status = SearchStatus::Infeasible;
    else
        best.status = cbc.status;
    return best;
}

/// Runs the solvers asked for and notes what each did.
Solution runSolvers(const Problem& problem, const SearchOptions& options, const SolveControl& control,
                    std::vector<SolverReport>& reports) {
    Solution ours;
    const std::vector<std::vector<int>> starts = unitStarts(problem, options.starts);
    if (options.solver != SolverKind::Cbc) {
        SolveControl half = control;
        // With both, CBC must get its turn.
        if (options.solver == SolverKind::Both)
            half.deadline = Clock::now() + (control.deadline - Clock::now()) / 2;
        const auto start = Clock::now();
        ours = solveLagrangian(problem, half, starts);
        reports.push_back(report(SolverKind::Lagrangian, ours, secondsSince(start)));
        if (options.solver == SolverKind::Lagrangian || control.cancelled()) return ours;
    }
    for (const std::vector<int>& plan : starts)
        if (problem.feasible(plan) && problem.objective(plan) < ours.objective) {
            ours.choice = plan;
            ours.objective = problem.objective(plan);
        }
    const auto start = Clock::now();
    const Solution cbc = solveCbc(problem, control, ours.choice);
    reports.push_back(report(SolverKind::Cbc, cbc, secondsSince(start)));
    return options.solver == SolverKind::Both ? combine(ours, cbc, options.gapTarget) : cbc;
}

} // namespace

Granularity parseGranularity(const std::string& name) {
    return parseName(kGranularities, name, "granularity");
}
std::string toString(Granularity granularity) {
    return nameOf(kGranularities, granularity);
}
SolverKind parseSolver(const std::string& name) {
    return parseName(kSolvers, name, "solver");
}
std::string toString(SolverKind solver) {
    return nameOf(kSolvers, solver);
}
std::string toString(SearchStatus status) {
    return nameOf(kStatuses, status);
}

SearchOutcome search(const SearchInstance& instance, const SearchOptions& options, std::stop_token stop,
                     const ProgressFn& progress) {
    const auto start = Clock::now();
    SolveControl control;
    control.stop = stop;
    const double seconds = std::min(options.timeLimit, 1e8);
    control.deadline =
        start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    control.gapTarget = options.gapTarget;
    control.seed = options.seed;
    control.progress = progress;
    Problem problem = makeProblem(instance, options);
    SearchOptions plain = options;
    if (hasRelativeLimits(options)) {
        plain = withPlainLossLimits(instance, options, control);
        problem = makeProblem(instance, plain);
    }
    std::vector<SolverReport> reports;
    const Solution solution = runSolvers(problem, plain, control, reports);
    SearchOutcome outcome = outcomeOf(instance, problem, solution, 0);
    outcome.solvers = std::move(reports);
    if (outcome.status == SearchStatus::Infeasible && options.explain)
        outcome.explanation = explainInfeasible(instance, plain, problem, control);
    outcome.seconds = secondsSince(start);
    return outcome;
}

std::map<int, double> lossesOf(const SearchInstance& instance, const std::vector<int>& choice) {
    std::map<int, double> losses;
    for (std::size_t n = 0; n < instance.lengths.size(); ++n) {
        double sum = 0;
        for (std::size_t g = 0; g < choice.size(); ++g) sum += instance.loss[n][g][choice[g]];
        losses[instance.lengths[n]] = sum;
    }
    return losses;
}

std::map<int, double> densitiesOf(const SearchInstance& instance, const std::vector<int>& choice) {
    std::map<int, double> densities;
    const std::vector<int> lengths = instance.densityLengths();
    for (std::size_t n = 0; n < lengths.size(); ++n) {
        std::int64_t blocks = 0;
        for (int r : choice) blocks += instance.cacheBlocks[n][r];
        densities[lengths[n]] = static_cast<double>(blocks) / (static_cast<double>(instance.denseBlocks[n]) *
                                                               static_cast<double>(choice.size()));
    }
    return densities;
}

SparsePlan toPlan(const SearchInstance& instance, const std::vector<int>& choice, int heads) {
    if (heads < 1 || heads % instance.kvHeads != 0)
        throw UsageError("query heads: a multiple of " + std::to_string(instance.kvHeads) +
                         " KV heads expected");
    if (static_cast<int>(choice.size()) != instance.groups())
        throw UsageError("a choice for each of " + std::to_string(instance.groups()) + " groups expected");
    SparsePlan plan = uniformPlan(instance.layers, heads, instance.kvHeads, {}, instance.sink);
    const int perGroup = heads / instance.kvHeads;
    for (int l = 0; l < instance.layers; ++l)
        for (int h = 0; h < heads; ++h)
            plan.rule(LayerIndex(l), HeadIndex(h)) =
                instance.rules[choice[std::size_t(l) * instance.kvHeads + h / perGroup]];
    return plan;
}

} // namespace moa
