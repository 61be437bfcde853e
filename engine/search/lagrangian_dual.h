// Lagrangian relaxation of every row: the problem falls apart by unit (by layer under a rule limit), and the
// best multipliers give a bound. Private to engine/search. Multipliers are per scaled row: λ_r prices sum_r /
// scale_r.
#pragma once

#include "engine/search/cutting_planes.h"
#include "engine/search/layer_choice.h"
#include "engine/search/solver.h"

#include <cstdint>
#include <vector>

namespace moa {

/// The options each unit still has in one node of the tree, ascending.
struct OptionSets {
    std::vector<std::uint16_t> options; ///< concatenated
    std::vector<int> start;             ///< [units + 1]
    int count(int unit) const { return start[unit + 1] - start[unit]; }
};

/// All that the problem allows.
OptionSets allOptions(const Problem& problem);

/// A whole plan as the oracle returned it.
struct PlanColumn {
    std::vector<int> choice; ///< [units]
    double cost = 0;
    std::vector<double> sums; ///< [rows], scaled
};

class LagrangianDual {
public:
    explicit LagrangianDual(const Problem& problem);

    using Limits = DualLimits;

    /// Best multipliers over the given options, from `start` (empty: zeros). `onPlan(plan)` sees every plan
    /// of the oracle.
    template <class OnPlan>
    DualResult optimise(const OptionSets& sets, const std::vector<double>& start, const Limits& limits,
                        OnPlan&& onPlan);

    /// Drops the options that cannot be in a plan cheaper than `cutoff`, judged at `multipliers`. Returns the
    /// bound there; false in `possible` where a unit has no option left.
    double fixOptions(OptionSets& sets, const std::vector<double>& multipliers, double cutoff,
                      bool& possible);

    /// Per (unit, option) price above the unit's cheapest at `multipliers`, +∞ outside `sets`.
    /// [units][options]
    std::vector<double> reducedCosts(const OptionSets& sets, const std::vector<double>& multipliers);

    /// Up to `count` multipliers tried by the last `optimise`, best bound first.
    std::vector<std::vector<double>> goodMultipliers(std::size_t count) const;

    const PlanColumn& plan(int index) const { return m_plans[index]; }
    std::int64_t evaluations() const { return m_evaluations; }
    /// Typical size of a multiplier: what the objective spans for what the rows span.
    double multiplierSize() const { return m_multiplierSize; }
    /// Σ over units of the largest |cost|: the size rounding errors are measured by.
    double objectiveSize() const { return m_objectiveSize; }

private:
    void price(const OptionSets& sets, const std::vector<double>& multipliers);
    double rowTerm(const std::vector<double>& multipliers) const;
    /// The oracle: fills m_choice and returns the bound, +∞ where no plan exists.
    double evaluate(const OptionSets& sets, const std::vector<double>& multipliers);
    PlanColumn makePlan() const;
    bool fits(const PlanColumn& plan, const OptionSets& sets) const;
    /// Keeps the plans list short; returns the indices that fit `sets`.
    std::vector<int> usablePlans(const OptionSets& sets);
    void clampSigns(std::vector<double>& multipliers) const;

    const Problem& m_problem;
    LayerChoice m_layerChoice;
    std::vector<double> m_lo, m_hi;   ///< [rows], scaled
    std::vector<double> m_prices;     ///< [units][options]
    std::vector<double> m_optionTerm; ///< [options] Σ λ · density coefficient
    std::vector<int> m_choice;        ///< [units]
    std::vector<PlanColumn> m_plans;
    struct Tried {
        double bound;
        std::vector<double> multipliers;
    };
    std::vector<Tried> m_tried; ///< by the last optimise
    double m_multiplierSize = 1, m_objectiveSize = 1;
    std::int64_t m_evaluations = 0;
};

template <class OnPlan>
DualResult LagrangianDual::optimise(const OptionSets& sets, const std::vector<double>& start,
                                    const Limits& limits, OnPlan&& onPlan) {
    m_tried.clear();
    std::vector<int> planOf = usablePlans(sets);
    DualMaster master(m_lo, m_hi);
    for (int index : planOf) master.addColumn(m_plans[index].cost, m_plans[index].sums);
    const auto ask = [&](const std::vector<double>& at) {
        const double bound = evaluate(sets, at);
        if (bound == kInfinity) return bound;
        m_tried.push_back({bound, at});
        m_plans.push_back(makePlan());
        onPlan(m_plans.back());
        planOf.push_back(static_cast<int>(m_plans.size()) - 1);
        master.addColumn(m_plans.back().cost, m_plans.back().sums);
        return bound;
    };
    DualResult result =
        cuttingPlanes(master, start.empty() ? std::vector<double>(m_problem.rows.size(), 0.0) : start, limits,
                      m_objectiveSize, m_multiplierSize, ask, [&](std::vector<double>& l) { clampSigns(l); });
    for (DualMaster::Weighted& w : result.mixture) w.column = planOf[w.column];
    return result;
}

} // namespace moa
