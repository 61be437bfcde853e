// Plan and bound within a frame, and the warm start of the next: cutting planes over items, rounding,
// exchanges, then labels over the rows that are tight. Private to engine/search; SearchSession and
// solveLagrangian use it. Non-goal: proving everything. What it leaves open, branch and bound closes.
#pragma once

#include "engine/search/cutting_planes.h"
#include "engine/search/item_exchange.h"
#include "engine/search/item_oracle.h"
#include "engine/search/row_labels.h"
#include "engine/search/solver.h"

#include <vector>

namespace moa {

class QuickSolver {
public:
    /// Whether this kind of problem is solved here.
    static bool handles(const Problem& problem) {
        return ItemOracle::handles(problem) && problem.rowCount() > 0;
    }

    /// `problem` must outlive this; its rows' limits may move between solves, nothing else.
    explicit QuickSolver(const Problem& problem);

    /// `starts`: choices [units] worth offering. Ends at the gap target, when control is over, or when it has
    /// no means left (status Feasible, or Infeasible where proven).
    Solution solve(const SolveControl& control, const std::vector<std::vector<int>>& starts);

    /// Multipliers of the best bound so far [rows], per scaled row: what the next solve starts from.
    const std::vector<double>& multipliers() const { return m_multipliers; }
    void setMultipliers(std::vector<double> multipliers);

private:
    void begin(const SolveControl& control, const std::vector<std::vector<int>>& starts);
    bool offer(const std::vector<int>& choice);
    bool offer(const PoolPlan& plan);
    bool meetsRows(const std::vector<double>& sums) const;
    void raiseBound(double bound);
    void publish();
    bool reached() const;
    bool over() const { return m_control->over(); }
    double excessAllowed() const;
    DualResult optimiseDual();
    MixtureTarget targetOf(const std::vector<DualMaster::Weighted>& mixture, const ItemPool& pool) const;
    void exchange(const DualResult& dual);
    void kickAbout(PoolPlan current, int kicks);
    void labels();
    bool labelRound(const std::vector<int>& rows, std::size_t work, double cutoff);
    std::vector<int> rowsByImportance(const ItemPool& pool) const;
    Solution finish(bool infeasible) const;

    const Problem& m_problem;
    ItemOracle m_oracle;
    ItemExchange m_exchange;
    ItemPool m_pool;
    std::vector<double> m_multipliers;
    std::vector<OraclePlan> m_plans; ///< the dual's columns, kept between solves
    double m_worst = 0, m_least = 0; ///< no plan costs more, none less
    // Of one solve.
    const SolveControl* m_control = nullptr;
    std::vector<int> m_best;
    double m_bestCost = kInfinity, m_bound = -kInfinity, m_dualBound = -kInfinity;
    std::int64_t m_evaluations = 0;
};

} // namespace moa
