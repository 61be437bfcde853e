// Lagrangian relaxation of every row: the problem falls apart by unit (by layer under a rule limit), and the
// best multipliers give a bound. Private to engine/search. Multipliers are per scaled row: λ_r prices sum_r /
// scale_r.
#pragma once

#include "engine/search/dual_master.h"
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

struct DualResult {
    double bound = -kInfinity;
    std::vector<double> multipliers;           ///< [rows], those of the bound
    std::vector<DualMaster::Weighted> mixture; ///< indices into LagrangianDual::plans()
    bool closed = false;                       ///< the bound is the best this relaxation has
    bool emptyUnit = false;                    ///< no plan at all meets options and rule limit
};

class LagrangianDual {
public:
    explicit LagrangianDual(const Problem& problem);

    struct Limits {
        double cutoff = kInfinity; ///< stop once the bound reaches it
        int evaluations = 200;
        double tolerance = 1e-9; ///< closed once model − bound ≤ tolerance · size of the objective
        double radius = 0;       ///< first trust region, 0: chosen from the problem
        const SolveControl* control = nullptr; ///< null: nothing stops it
    };

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
    DualResult result;
    result.multipliers = start.empty() ? std::vector<double>(m_problem.rows.size(), 0.0) : start;
    clampSigns(result.multipliers);
    m_tried.clear();
    std::vector<int> planOf = usablePlans(sets);
    DualMaster master(m_lo, m_hi);
    for (int index : planOf) master.addColumn(m_plans[index].cost, m_plans[index].sums);
    double radius = limits.radius > 0 ? limits.radius : m_multiplierSize;
    std::vector<double> at = result.multipliers;
    for (int k = 0; k < limits.evaluations; ++k) {
        if (limits.control && limits.control->over()) break;
        const double bound = evaluate(sets, at);
        if (bound == kInfinity) {
            result.emptyUnit = true;
            result.bound = kInfinity;
            return result;
        }
        m_tried.push_back({bound, at});
        m_plans.push_back(makePlan());
        onPlan(m_plans.back());
        planOf.push_back(static_cast<int>(m_plans.size()) - 1);
        master.addColumn(m_plans.back().cost, m_plans.back().sums);
        if (bound > result.bound) {
            const bool first = result.bound == -kInfinity;
            result.bound = bound;
            result.multipliers = at;
            if (!first && master.boxActive()) radius *= 2.5;
        } else {
            radius *= 0.6;
        }
        if (result.bound >= limits.cutoff) return result;
        const double enough = limits.tolerance * std::max(m_objectiveSize * 1e-3, std::abs(result.bound));
        for (int grow = 0; grow < 60; ++grow) { // the model may close on the edge of its box: widen it
            master.setBox(result.multipliers, radius);
            master.solve();
            if (master.value() - result.bound > enough || !master.boxActive()) break;
            radius *= 4;
        }
        result.closed = master.value() - result.bound <= enough;
        if (result.closed) break;
        at = master.multipliers();
        clampSigns(at);
    }
    if (result.bound == -kInfinity) return result; // stopped before the first evaluation
    for (const DualMaster::Weighted& w : master.mixture())
        result.mixture.push_back({planOf[w.column], w.weight});
    return result;
}

} // namespace moa
