#include "engine/search/lagrangian_dual.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa {

namespace {
/// Plans kept as cuts for later nodes; more cost more in every master than they save.
constexpr std::size_t kKeptPlans = 60;
} // namespace

OptionSets allOptions(const Problem& problem) {
    OptionSets sets;
    sets.start.push_back(0);
    for (int u = 0; u < problem.units; ++u) {
        for (int r = 0; r < problem.options; ++r)
            if (problem.allowed[problem.at(u, r)]) sets.options.push_back(static_cast<std::uint16_t>(r));
        sets.start.push_back(static_cast<int>(sets.options.size()));
    }
    return sets;
}

LagrangianDual::LagrangianDual(const Problem& problem)
    : m_problem(problem), m_layerChoice(problem.options, std::max(1, problem.rulesPerLayer)),
      m_prices(std::size_t(problem.units) * problem.options, kInfinity), m_optionTerm(problem.options),
      m_choice(problem.units, 0) {
    for (const Row& row : problem.rows) {
        m_lo.push_back(row.lo / row.scale);
        m_hi.push_back(row.hi / row.scale);
    }
    double span = 0, size = 0;
    for (int u = 0; u < problem.units; ++u) {
        double least = kInfinity, most = -kInfinity, largest = 0;
        for (int r = 0; r < problem.options; ++r) {
            if (!problem.allowed[problem.at(u, r)]) continue;
            const double c = problem.cost[problem.at(u, r)];
            least = std::min(least, c);
            most = std::max(most, c);
            largest = std::max(largest, std::abs(c));
        }
        if (most > least) span += most - least;
        size += largest;
    }
    m_multiplierSize = span > 0 ? span : 1;
    m_objectiveSize = size > 0 ? size : 1;
}

void LagrangianDual::clampSigns(std::vector<double>& multipliers) const {
    for (std::size_t r = 0; r < multipliers.size(); ++r) {
        if (m_hi[r] == kInfinity) multipliers[r] = std::min(multipliers[r], 0.0);
        if (m_lo[r] == -kInfinity) multipliers[r] = std::max(multipliers[r], 0.0);
    }
}

double LagrangianDual::rowTerm(const std::vector<double>& multipliers) const {
    double term = 0;
    for (std::size_t r = 0; r < multipliers.size(); ++r)
        if (multipliers[r] != 0) term += multipliers[r] * (multipliers[r] > 0 ? m_hi[r] : m_lo[r]);
    return term;
}

void LagrangianDual::price(const OptionSets& sets, const std::vector<double>& multipliers) {
    const Problem& p = m_problem;
    std::fill(m_optionTerm.begin(), m_optionTerm.end(), 0.0);
    for (int i = 0; i < p.densityRows; ++i) {
        const double factor = multipliers[i] / p.rows[i].scale;
        if (factor == 0) continue;
        const double* blocks = p.blocks.data() + std::size_t(i) * p.options;
        for (int r = 0; r < p.options; ++r) m_optionTerm[r] += factor * blocks[r];
    }
    for (int u = 0; u < p.units; ++u) {
        double* out = m_prices.data() + p.at(u, 0);
        if (p.rulesPerLayer > 0) std::fill(out, out + p.options, kInfinity);
        for (int k = sets.start[u]; k < sets.start[u + 1]; ++k) {
            const int r = sets.options[k];
            double value = p.cost[p.at(u, r)] + m_optionTerm[r];
            for (int i = p.densityRows; i < p.rowCount(); ++i)
                value += multipliers[i] / p.rows[i].scale * p.coefficient(i, u, r);
            out[r] = value;
        }
    }
}

double LagrangianDual::evaluate(const OptionSets& sets, const std::vector<double>& multipliers) {
    ++m_evaluations;
    price(sets, multipliers);
    double total = -rowTerm(multipliers);
    if (m_problem.rulesPerLayer > 0) {
        for (int l = 0; l < m_problem.layers(); ++l) {
            const int first = m_problem.layerStart[l];
            total += m_layerChoice.choose(m_prices.data() + m_problem.at(first, 0),
                                          m_problem.layerStart[l + 1] - first, m_choice.data() + first);
        }
        return total;
    }
    for (int u = 0; u < m_problem.units; ++u) {
        const double* prices = m_prices.data() + m_problem.at(u, 0);
        double best = kInfinity;
        for (int k = sets.start[u]; k < sets.start[u + 1]; ++k)
            if (prices[sets.options[k]] < best) {
                best = prices[sets.options[k]];
                m_choice[u] = sets.options[k];
            }
        total += best;
    }
    return total;
}

PlanColumn LagrangianDual::makePlan() const {
    PlanColumn plan{m_choice, m_problem.objective(m_choice), m_problem.sums(m_choice)};
    for (std::size_t r = 0; r < plan.sums.size(); ++r) plan.sums[r] /= m_problem.rows[r].scale;
    return plan;
}

std::vector<std::vector<double>> LagrangianDual::goodMultipliers(std::size_t count) const {
    std::vector<std::size_t> order(m_tried.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return m_tried[a].bound > m_tried[b].bound; });
    std::vector<std::vector<double>> good;
    for (std::size_t i = 0; i < std::min(count, order.size()); ++i)
        good.push_back(m_tried[order[i]].multipliers);
    return good;
}

bool LagrangianDual::fits(const PlanColumn& plan, const OptionSets& sets) const {
    for (int u = 0; u < m_problem.units; ++u)
        if (!std::binary_search(sets.options.begin() + sets.start[u],
                                sets.options.begin() + sets.start[u + 1],
                                static_cast<std::uint16_t>(plan.choice[u])))
            return false;
    return true;
}

std::vector<int> LagrangianDual::usablePlans(const OptionSets& sets) {
    if (m_plans.size() > kKeptPlans)
        m_plans.erase(m_plans.begin(), m_plans.end() - static_cast<std::ptrdiff_t>(kKeptPlans));
    std::vector<int> usable;
    for (std::size_t i = 0; i < m_plans.size(); ++i)
        if (fits(m_plans[i], sets)) usable.push_back(static_cast<int>(i));
    return usable;
}

double LagrangianDual::fixOptions(OptionSets& sets, const std::vector<double>& multipliers, double cutoff,
                                  bool& possible) {
    const Problem& p = m_problem;
    const double bound = evaluate(sets, multipliers);
    possible = bound < cutoff;
    if (!possible) return bound;
    OptionSets kept;
    kept.start.push_back(0);
    std::vector<double> least;
    for (int l = 0; l < p.layers(); ++l) {
        const int first = p.layerStart[l], units = p.layerStart[l + 1] - first;
        const double* prices = m_prices.data() + p.at(first, 0);
        double layerValue = 0;
        if (p.rulesPerLayer > 0) {
            std::vector<int> choice(units);
            least.resize(std::size_t(units) * p.options);
            layerValue = m_layerChoice.choose(prices, units, choice.data());
            m_layerChoice.leastWith(prices, units, layerValue, least.data());
        }
        for (int u = 0; u < units; ++u) {
            const int unit = first + u;
            for (int k = sets.start[unit]; k < sets.start[unit + 1]; ++k) {
                const int r = sets.options[k];
                const std::size_t at = std::size_t(u) * p.options + r;
                const double extra = p.rulesPerLayer > 0 ? least[at] - layerValue
                                                         : prices[at] - m_prices[p.at(unit, m_choice[unit])];
                if (bound + extra < cutoff) kept.options.push_back(static_cast<std::uint16_t>(r));
            }
            kept.start.push_back(static_cast<int>(kept.options.size()));
            possible = possible && kept.count(unit) > 0;
        }
    }
    sets = std::move(kept);
    return bound;
}

std::vector<double> LagrangianDual::reducedCosts(const OptionSets& sets,
                                                 const std::vector<double>& multipliers) {
    price(sets, multipliers);
    std::vector<double> reduced(m_prices.size(), kInfinity);
    for (int u = 0; u < m_problem.units; ++u) {
        double least = kInfinity;
        for (int k = sets.start[u]; k < sets.start[u + 1]; ++k)
            least = std::min(least, m_prices[m_problem.at(u, sets.options[k])]);
        for (int k = sets.start[u]; k < sets.start[u + 1]; ++k)
            reduced[m_problem.at(u, sets.options[k])] = m_prices[m_problem.at(u, sets.options[k])] - least;
    }
    return reduced;
}

} // namespace moa
