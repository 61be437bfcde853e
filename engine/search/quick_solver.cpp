#include "engine/search/quick_solver.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace moa {

namespace {
/// Columns kept for the next solve: cuts stay valid when only limits move.
constexpr std::size_t kKeptPlans = 48;
constexpr double kColdTolerance = 1e-6, kWarmTolerance = 1e-5;
/// Reduced costs of the first pool, as a share of the bound.
constexpr double kFirstPool = 3e-3, kPoolItems = 200;
constexpr int kExchangePool = 20'000, kLabelPool = 400'000;
constexpr int kKicks = 12;
/// Labels followed: a first look within a frame, then more and more.
constexpr std::size_t kLabelWork[] = {60'000, 600'000, 4'000'000};
constexpr int kLabelPlans = 6;
/// What the easier problems around a limit of three and more rules are solved to.
constexpr double kEasierGap = 1e-4;
} // namespace

QuickSolver::QuickSolver(const Problem& problem)
    : m_problem(problem), m_oracle(problem), m_exchange(problem, 1), m_multipliers(problem.rows.size(), 0.0) {
    for (int u = 0; u < problem.units; ++u) {
        double most = -kInfinity, least = kInfinity;
        for (int r = 0; r < problem.options; ++r) {
            if (!problem.allowed[problem.at(u, r)]) continue;
            most = std::max(most, problem.cost[problem.at(u, r)]);
            least = std::min(least, problem.cost[problem.at(u, r)]);
        }
        m_worst += most;
        m_least += least;
    }
    m_worst += 1e-9 * m_oracle.costSize();
    m_least -= 1e-13 * std::abs(m_least);
}

void QuickSolver::setMultipliers(std::vector<double> multipliers) {
    if (multipliers.size() == m_multipliers.size()) m_multipliers = std::move(multipliers);
}

bool QuickSolver::reached() const {
    return !m_best.empty() && withinGap(m_bestCost, m_bound, m_control->gapTarget);
}

void QuickSolver::publish() {
    if (!m_control->improved || m_best.empty()) return;
    Solution solution;
    solution.choice = m_best;
    solution.objective = m_bestCost;
    solution.bound = std::min(m_bound, m_bestCost);
    m_control->improved(solution);
}

bool QuickSolver::offer(const std::vector<int>& choice) {
    const double cost = m_problem.objective(choice);
    if (cost >= m_bestCost || !m_problem.feasible(choice)) return false;
    m_bestCost = cost;
    m_best = choice;
    publish();
    return true;
}

bool QuickSolver::offer(const PoolPlan& plan) {
    if (plan.cost >= m_bestCost || !m_exchange.meetsRows(plan)) return false;
    return offer(m_oracle.expand(m_pool, plan.option));
}

bool QuickSolver::meetsRows(const std::vector<double>& sums) const {
    for (int i = 0; i < m_problem.rowCount(); ++i)
        if (m_problem.violation(i, sums[i]) > 0) return false;
    return true;
}

void QuickSolver::raiseBound(double bound) {
    // Sums of many terms: what rounding could have added is taken off.
    bound -= 1e-13 * m_oracle.costSize();
    if (bound <= m_bound) return;
    m_bound = bound;
    publish();
}

/// What a plan may cost above the pool's bound and still be worth finding.
double QuickSolver::excessAllowed() const {
    return m_best.empty() ? kInfinity
                          : m_bestCost - m_control->gapTarget * 0.5 * std::abs(m_bestCost) - m_pool.bound;
}

void QuickSolver::begin(const SolveControl& control, const std::vector<std::vector<int>>& starts) {
    m_control = &control;
    m_best.clear();
    m_bestCost = kInfinity;
    m_bound = m_least; // exact where every unit can lose nothing: 0 then proves 0
    m_dualBound = -kInfinity;
    m_evaluations = 0;
    m_exchange.reseed(control.seed);
    for (const std::vector<int>& start : starts) offer(start);
}

DualResult QuickSolver::optimiseDual() {
    const Problem& p = m_problem;
    std::vector<double> lo, hi;
    for (const Row& row : p.rows) {
        lo.push_back(row.lo / row.scale);
        hi.push_back(row.hi / row.scale);
    }
    DualMaster master(lo, hi);
    std::vector<double> sums(p.rows.size());
    const auto add = [&](const OraclePlan& plan) {
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = plan.sums[i] / p.rows[i].scale;
        master.addColumn(plan.cost, sums);
    };
    const bool warm = !m_plans.empty();
    if (m_plans.size() > kKeptPlans)
        m_plans.erase(m_plans.begin(), m_plans.end() - static_cast<std::ptrdiff_t>(kKeptPlans));
    for (const OraclePlan& plan : m_plans) add(plan);
    const auto ask = [&](const std::vector<double>& at) {
        OraclePlan plan;
        const double bound = m_oracle.evaluate(at, plan);
        ++m_evaluations;
        if (bound == kInfinity) return bound;
        if (plan.cost < m_bestCost && meetsRows(plan.sums)) offer(plan.choice);
        add(plan);
        m_plans.push_back(std::move(plan));
        return bound;
    };
    const auto clamp = [&](std::vector<double>& l) {
        for (std::size_t i = 0; i < l.size(); ++i) {
            if (p.rows[i].hi == kInfinity) l[i] = std::min(l[i], 0.0);
            if (p.rows[i].lo == -kInfinity) l[i] = std::max(l[i], 0.0);
        }
    };
    DualLimits limits;
    limits.control = m_control;
    limits.cutoff = m_worst;
    limits.tolerance = warm ? kWarmTolerance : kColdTolerance;
    double largest = 0;
    for (double v : m_multipliers) largest = std::max(largest, std::abs(v));
    if (largest > 0) limits.radius = std::max(0.1 * largest, 1e-4 * m_oracle.costSpan());
    return cuttingPlanes(master, m_multipliers, limits, m_oracle.costSize(), m_oracle.costSpan(), ask, clamp);
}

MixtureTarget QuickSolver::targetOf(const std::vector<DualMaster::Weighted>& mixture,
                                    const ItemPool& pool) const {
    const Problem& p = m_problem;
    MixtureTarget target;
    target.itemSums.assign(std::size_t(pool.items()) * p.rowCount(), 0.0);
    const bool byLayer = p.rulesPerLayer > 0;
    for (const DualMaster::Weighted& w : mixture) {
        const std::vector<int>& choice = m_plans[w.column].choice;
        for (int item = 0; item < pool.items(); ++item) {
            const int first = byLayer ? p.layerStart[item] : item,
                      end = byLayer ? p.layerStart[item + 1] : item + 1;
            for (int u = first; u < end; ++u)
                for (int i = 0; i < p.rowCount(); ++i)
                    target.itemSums[std::size_t(item) * p.rowCount() + i] +=
                        w.weight * p.coefficient(i, u, choice[u]);
        }
    }
    return target;
}

void QuickSolver::kickAbout(PoolPlan current, int kicks) {
    double value = m_exchange.merit(current);
    for (int k = 0; k < kicks && !over() && !reached(); ++k) {
        PoolPlan next = current;
        m_exchange.kick(next, 2 + k % 3);
        const double nextValue = m_exchange.improve(next, 0, *m_control);
        offer(next);
        if (nextValue > value) continue;
        value = nextValue;
        current = std::move(next);
    }
}

void QuickSolver::exchange(const DualResult& dual) {
    // The more items, the less each of them may give away.
    const double share = kFirstPool / (1 + m_oracle.items() / kPoolItems);
    m_oracle.fillPool(m_multipliers, share * std::max(std::abs(m_dualBound), 1e-3 * m_oracle.costSize()),
                      kExchangePool, m_pool);
    m_exchange.setPool(m_pool, m_multipliers, m_oracle.costSpan());
    PoolPlan plan = m_exchange.round(targetOf(dual.mixture, m_pool));
    offer(plan);
    const double enough = 0.5 * m_control->gapTarget * std::abs(m_dualBound);
    m_exchange.improve(plan, enough, *m_control);
    offer(plan);
    kickAbout(plan, kKicks);
}

/// Rows of whole numbers that can be missed, the dearest first.
std::vector<int> QuickSolver::rowsByImportance(const ItemPool& pool) const {
    std::vector<int> rows = rowsThatBind(m_problem, pool);
    std::erase_if(rows, [&](int row) { return m_problem.rows[row].tolerance > 0; });
    std::stable_sort(rows.begin(), rows.end(),
                     [&](int a, int b) { return std::abs(m_multipliers[a]) > std::abs(m_multipliers[b]); });
    return rows;
}

/// Labels over some rows; true where they were followed to the end.
bool QuickSolver::labelRound(const std::vector<int>& rows, std::size_t work, double cutoff) {
    const RowLabelsResult result =
        searchRowLabels(m_problem, m_pool, m_multipliers, rows, cutoff, work, kLabelPlans, *m_control);
    if (!result.complete) return false;
    raiseBound(m_pool.bound + std::min(result.excess, m_pool.threshold));
    for (const std::vector<int>& options : result.plans) {
        PoolPlan plan = m_exchange.planOf(options);
        offer(plan);
        if (reached() || over()) return true;
        m_exchange.improve(plan, 0, *m_control);
        offer(plan);
    }
    return true;
}

/// Labels over more and more rows with more and more work.
void QuickSolver::labels() {
    const bool lossRows = m_problem.rowCount() > m_problem.densityRows;
    for (std::size_t work : kLabelWork) {
        // Losses are no keys: labels then raise the bound a little, and finding plans is left to the tree.
        if (lossRows && work > kLabelWork[0]) return;
        double threshold = excessAllowed();
        if (m_best.empty())
            threshold = 10 * kFirstPool * std::max(std::abs(m_dualBound), 1e-3 * m_oracle.costSize());
        m_oracle.fillPool(m_multipliers, threshold * (1 + 1e-9), kLabelPool, m_pool);
        m_exchange.setPool(m_pool, m_multipliers, m_oracle.costSpan());
        const std::vector<int> all = rowsByImportance(m_pool);
        for (std::size_t count = 1; count <= all.size() && count <= 4; ++count) {
            if (over() || reached()) return;
            const std::vector<int> rows(all.begin(), all.begin() + std::ptrdiff_t(count));
            const double cutoff = std::min(m_pool.threshold, excessAllowed());
            if (cutoff <= 0 || !labelRound(rows, work, cutoff)) break;
        }
        if (over() || reached()) return;
    }
}

Solution QuickSolver::finish(bool infeasible) const {
    Solution solution;
    solution.choice = m_best;
    solution.objective = m_bestCost;
    solution.bound = infeasible ? kInfinity : std::min(m_bound, m_bestCost);
    solution.iterations = m_evaluations;
    if (infeasible)
        solution.status = SearchStatus::Infeasible;
    else if (reached())
        solution.status = SearchStatus::Optimal;
    else if (m_control->cancelled())
        solution.status = SearchStatus::Cancelled;
    else if (m_control->outOfTime())
        solution.status = SearchStatus::TimeLimit;
    return solution;
}

Solution QuickSolver::solve(const SolveControl& control, const std::vector<std::vector<int>>& starts) {
    begin(control, starts);
    if (m_problem.emptyRow() >= 0) return finish(true);
    const DualResult dual = optimiseDual();
    if (dual.bound == -kInfinity) return finish(false);
    if (dual.emptyUnit || (dual.bound >= m_worst && m_best.empty())) return finish(true);
    m_multipliers = dual.multipliers;
    m_dualBound = dual.bound;
    raiseBound(dual.bound);
    if (reached() || over()) return finish(false);
    exchange(dual);
    if (!reached() && !over()) labels();
    return finish(false);
}

Solution finishByTree(const Problem& problem, const SolveControl& control, Solution quick) {
    if (quick.status != SearchStatus::Feasible || control.over()) return quick;
    std::vector<std::vector<int>> starts;
    if (!quick.choice.empty()) starts.push_back(quick.choice);
    Solution tree = solveTree(problem, control, starts, quick.bound);
    tree.iterations += quick.iterations;
    return tree;
}

Solution solveManyRules(const Problem& problem, const SolveControl& control,
                        std::vector<std::vector<int>> starts) {
    // Two rules a layer are a plan for more; no limit at all gives a bound, and a plan where it needs no
    // more.
    Problem easier = problem;
    SolveControl part = control;
    part.improved = nullptr;
    double bound = -kInfinity;
    for (int rules : {0, 2}) {
        easier.rulesPerLayer = rules;
        if (!QuickSolver::handles(easier)) continue;
        part.deadline =
            std::chrono::steady_clock::now() + (control.deadline - std::chrono::steady_clock::now()) / 4;
        part.gapTarget = std::max(control.gapTarget, kEasierGap);
        const Solution solution = QuickSolver(easier).solve(part, starts);
        if (rules == 0) {
            bound = solution.bound;
            if (solution.status == SearchStatus::Infeasible) return solution;
        }
        if (solution.choice.empty() || !problem.feasible(solution.choice)) continue;
        starts.push_back(solution.choice);
        if (!withinGap(solution.objective, bound, control.gapTarget)) continue;
        Solution proven = solution;
        proven.bound = std::min(bound, proven.objective);
        proven.status = SearchStatus::Optimal;
        return proven;
    }
    return solveTree(problem, control, starts, bound);
}

Solution solveLagrangian(const Problem& problem, const SolveControl& control,
                         const std::vector<std::vector<int>>& starts) {
    if (problem.rowCount() == 0) return solveTree(problem, control, starts);
    if (!QuickSolver::handles(problem)) return solveManyRules(problem, control, starts);
    QuickSolver quick(problem);
    return finishByTree(problem, control, quick.solve(control, starts));
}

} // namespace moa
