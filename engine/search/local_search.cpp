#include "engine/search/local_search.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace moa {

namespace {
/// Moves kept for the pair step: its time is quadratic in them.
constexpr std::size_t kPairMoves = 700;
} // namespace

LocalSearch::LocalSearch(const Problem& problem, std::uint64_t seed)
    : m_problem(problem), m_rows(problem.rowCount()), m_random(seed) {}

void LocalSearch::setNeighbourhood(const OptionSets& sets, std::vector<double> reducedCosts, double penalty) {
    m_sets = sets;
    m_reduced = std::move(reducedCosts);
    m_penalty = penalty;
}

double LocalSearch::penalty(const double* sums) const {
    double total = 0;
    for (int r = 0; r < m_rows; ++r) {
        const double miss = m_problem.violation(r, sums[r]);
        if (miss > 0) total += m_penalty * miss / m_problem.rows[r].scale;
    }
    return total;
}

double LocalSearch::penalised(const std::vector<int>& choice) const {
    return m_problem.objective(choice) + penalty(m_problem.sums(choice).data());
}

/// Turns m_pending into a move.
void LocalSearch::addMove(int item, const std::vector<int>& choice) {
    if (m_pending.empty()) return;
    Move move{item, static_cast<int>(m_changes.size()), static_cast<int>(m_pending.size()), 0, 0};
    const std::size_t base = m_rowChanges.size();
    m_rowChanges.resize(base + m_rows, 0.0);
    for (const Change& c : m_pending) {
        const int old = choice[c.unit];
        move.cost +=
            m_problem.cost[m_problem.at(c.unit, c.option)] - m_problem.cost[m_problem.at(c.unit, old)];
        move.merit += m_reduced[m_problem.at(c.unit, c.option)] - m_reduced[m_problem.at(c.unit, old)];
        for (int r = 0; r < m_rows; ++r)
            m_rowChanges[base + r] +=
                m_problem.coefficient(r, c.unit, c.option) - m_problem.coefficient(r, c.unit, old);
    }
    m_changes.insert(m_changes.end(), m_pending.begin(), m_pending.end());
    m_moves.push_back(move);
}

/// Under a rule limit: one unit to a rule the layer may still have, two units swapped or moved together
/// through pair steps of the layer, and a rule of the layer replaced by another for all its users.
void LocalSearch::addLayerMoves(int layer, const std::vector<int>& choice) {
    const int first = m_problem.layerStart[layer], end = m_problem.layerStart[layer + 1];
    std::vector<int> used(choice.begin() + first, choice.begin() + end);
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    const auto isUsed = [&](int r) { return std::binary_search(used.begin(), used.end(), r); };
    const auto allowed = [&](int u, int r) { return m_reduced[m_problem.at(u, r)] < kInfinity; };
    for (int u = first; u < end; ++u) {
        const bool alone = std::count(choice.begin() + first, choice.begin() + end, choice[u]) == 1;
        const bool room = static_cast<int>(used.size()) < m_problem.rulesPerLayer || alone;
        for (int k = m_sets.start[u]; k < m_sets.start[u + 1]; ++k) {
            const int r = m_sets.options[k];
            if (r == choice[u] || (!room && !isUsed(r))) continue;
            m_pending.assign(1, {u, r});
            addMove(layer, choice);
        }
    }
    for (int old : used)
        for (int r = 0; r < m_problem.options; ++r) {
            if (r == old) continue;
            m_pending.clear();
            bool possible = true;
            for (int u = first; u < end && possible; ++u) {
                if (choice[u] != old) continue;
                possible = allowed(u, r);
                m_pending.push_back({u, r});
            }
            if (possible && m_pending.size() > 1) addMove(layer, choice);
            // The new rule beside the others, every unit on the cheapest at the current multipliers.
            m_pending.clear();
            for (int u = first; u < end; ++u) {
                int best = -1;
                for (int other : used) {
                    const int candidate = other == old ? r : other;
                    if (allowed(u, candidate) && (best < 0 || m_reduced[m_problem.at(u, candidate)] <
                                                                  m_reduced[m_problem.at(u, best)]))
                        best = candidate;
                }
                possible = possible && best >= 0;
                if (best >= 0 && best != choice[u]) m_pending.push_back({u, best});
            }
            if (possible && m_pending.size() > 1) addMove(layer, choice);
        }
}

void LocalSearch::collectMoves(const std::vector<int>& choice) {
    m_moves.clear();
    m_changes.clear();
    m_rowChanges.clear();
    if (m_problem.rulesPerLayer > 0) {
        for (int l = 0; l < m_problem.layers(); ++l) addLayerMoves(l, choice);
        return;
    }
    for (int u = 0; u < m_problem.units; ++u)
        for (int k = m_sets.start[u]; k < m_sets.start[u + 1]; ++k) {
            if (m_sets.options[k] == choice[u]) continue;
            m_pending.assign(1, {u, m_sets.options[k]});
            addMove(u, choice);
        }
}

void LocalSearch::apply(const Move& move, std::vector<int>& choice) {
    for (int k = 0; k < move.count; ++k)
        choice[m_changes[move.first + k].unit] = m_changes[move.first + k].option;
}

bool LocalSearch::singleStep(std::vector<int>& choice) {
    collectMoves(choice);
    const double now = penalty(m_sums.data());
    double best = -1e-13 * (1 + std::abs(now));
    std::size_t bestMove = m_moves.size();
    std::vector<double> sums(m_rows);
    for (std::size_t i = 0; i < m_moves.size(); ++i) {
        for (int r = 0; r < m_rows; ++r) sums[r] = m_sums[r] + rowChange(i)[r];
        const double gain = m_moves[i].cost + penalty(sums.data()) - now;
        if (gain < best) {
            best = gain;
            bestMove = i;
        }
    }
    if (bestMove == m_moves.size()) return false;
    apply(m_moves[bestMove], choice);
    m_sums = m_problem.sums(choice);
    return true;
}

bool LocalSearch::pairStep(std::vector<int>& choice) {
    std::vector<std::size_t> order(m_moves.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (order.size() > kPairMoves) {
        std::nth_element(order.begin(), order.begin() + kPairMoves, order.end(),
                         [&](std::size_t a, std::size_t b) {
                             return std::pair(m_moves[a].merit, a) < std::pair(m_moves[b].merit, b);
                         });
        order.resize(kPairMoves);
        std::sort(order.begin(), order.end());
    }
    const double now = penalty(m_sums.data());
    double best = -1e-13 * (1 + std::abs(now));
    std::pair<std::size_t, std::size_t> bestPair{0, 0};
    bool found = false;
    std::vector<double> base(m_rows), sums(m_rows);
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Move& a = m_moves[order[i]];
        for (int r = 0; r < m_rows; ++r) base[r] = m_sums[r] + rowChange(order[i])[r];
        for (std::size_t j = i + 1; j < order.size(); ++j) {
            const Move& b = m_moves[order[j]];
            if (a.item == b.item || a.cost + b.cost - now >= best) continue;
            const double* change = rowChange(order[j]);
            for (int r = 0; r < m_rows; ++r) sums[r] = base[r] + change[r];
            const double gain = a.cost + b.cost + penalty(sums.data()) - now;
            if (gain < best) {
                best = gain;
                bestPair = {order[i], order[j]};
                found = true;
            }
        }
    }
    if (!found) return false;
    apply(m_moves[bestPair.first], choice);
    apply(m_moves[bestPair.second], choice);
    m_sums = m_problem.sums(choice);
    return true;
}

double LocalSearch::improve(std::vector<int>& choice, const SolveControl& control) {
    m_sums = m_problem.sums(choice);
    while (!control.over()) {
        if (singleStep(choice)) continue;
        if (!pairStep(choice)) break;
    }
    return penalised(choice);
}

void LocalSearch::kick(std::vector<int>& choice, int changes) {
    for (int k = 0; k < changes; ++k) {
        collectMoves(choice);
        if (m_moves.empty()) return;
        // Of three random moves the cheapest: random enough, and seldom far off.
        const Move* best = nullptr;
        for (int i = 0; i < 3; ++i) {
            const Move& move = m_moves[m_random() % m_moves.size()];
            if (!best || move.merit < best->merit) best = &move;
        }
        apply(*best, choice);
    }
}

} // namespace moa
