#include "engine/search/item_exchange.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace moa {

namespace {
/// Moves of a step: those that change the priced sums, and those that change only what is free.
constexpr std::size_t kPricedMoves = 400, kFreeMoves = 160;
/// Pairs looked at in one step.
constexpr int kMostPairs = 120'000;
/// A penalty must exceed what a whole step of the coarsest rule is worth, else exchanges stall just over a
/// limit.
constexpr double kPenalty = 20, kLeastMultiplier = 0.05;
} // namespace

void ItemExchange::setPool(const ItemPool& pool, const std::vector<double>& multipliers, double costSpan) {
    m_pool = &pool;
    m_costSpan = costSpan;
    m_multipliers.clear();
    m_penalty.clear();
    double largest = 0;
    for (double v : multipliers) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < multipliers.size(); ++i) {
        const double scale = m_problem.rows[i].scale;
        m_multipliers.push_back(multipliers[i] / scale);
        m_penalty.push_back(kPenalty * std::max(largest, kLeastMultiplier * costSpan) / scale);
    }
}

double ItemExchange::rowMerit(const double* sums) const {
    double total = 0;
    for (std::size_t i = 0; i < m_multipliers.size(); ++i) {
        const Row& row = m_problem.rows[i];
        const double s = sums[i], lambda = m_multipliers[i];
        if (lambda > 0) total += lambda * (row.hi - s);
        if (lambda < 0) total += lambda * (row.lo - s);
        if (s > row.hi + row.tolerance) total += m_penalty[i] * (s - row.hi);
        if (s < row.lo - row.tolerance) total += m_penalty[i] * (row.lo - s);
    }
    return total;
}

double ItemExchange::merit(const PoolPlan& plan) const {
    double total = rowMerit(plan.sums.data());
    for (int k : plan.option) total += m_pool->price[k];
    return total;
}

bool ItemExchange::meetsRows(const PoolPlan& plan) const {
    for (int i = 0; i < m_problem.rowCount(); ++i)
        if (m_problem.violation(i, plan.sums[i]) > 0) return false;
    return true;
}

PoolPlan ItemExchange::planOf(std::vector<int> options) const {
    PoolPlan plan;
    plan.option = std::move(options);
    plan.sums.assign(m_pool->rows, 0.0);
    for (int k : plan.option) {
        plan.cost += m_pool->cost[k];
        for (int i = 0; i < m_pool->rows; ++i) plan.sums[i] += m_pool->sumsOf(k)[i];
    }
    return plan;
}

/// Items with little freedom first: those with many options of no reduced cost can still take up the drift.
std::vector<int> ItemExchange::roundingOrder() const {
    const ItemPool& pool = *m_pool;
    std::vector<std::pair<int, int>> byFreedom;
    const double tie = 1e-12 * m_costSpan;
    for (int item = 0; item < pool.items(); ++item) {
        int free = 0;
        for (int k = pool.start[item]; k < pool.start[item + 1] && pool.price[k] <= tie; ++k) ++free;
        byFreedom.push_back({free, item});
    }
    std::sort(byFreedom.begin(), byFreedom.end());
    std::vector<int> order;
    for (const auto& [free, item] : byFreedom) order.push_back(item);
    return order;
}

PoolPlan ItemExchange::round(const MixtureTarget& target) const {
    const ItemPool& pool = *m_pool;
    const int rows = pool.rows;
    std::vector<int> chosen(pool.items());
    // Drift in nats: what a sum's distance from its target is worth at the multipliers, with a floor for free
    // rows.
    std::vector<double> drift(rows, 0.0), worth(rows);
    for (int i = 0; i < rows; ++i)
        worth[i] = std::max(std::abs(m_multipliers[i]), m_penalty[i] * (kLeastMultiplier / kPenalty));
    for (int item : roundingOrder()) {
        for (int i = 0; i < rows; ++i) drift[i] -= target.itemSums[std::size_t(item) * rows + i] * worth[i];
        double best = kInfinity;
        for (int k = pool.start[item]; k < pool.start[item + 1]; ++k) {
            if (pool.price[k] >= best) break;
            double off = 0;
            for (int i = 0; i < rows; ++i) {
                const double d = drift[i] + pool.sumsOf(k)[i] * worth[i];
                off += d * d;
            }
            const double score = std::sqrt(off) + pool.price[k];
            if (score >= best) continue;
            best = score;
            chosen[item] = k;
        }
        for (int i = 0; i < rows; ++i) drift[i] += pool.sumsOf(chosen[item])[i] * worth[i];
    }
    return planOf(std::move(chosen));
}

/// The moves a pair is made of. A move whose reduced cost grows by `room` or more can be part of no improving
/// pair. Of a plan that misses no row the cheapest count, of another one those that bring it nearest.
void ItemExchange::collectMoves(const PoolPlan& plan, double room) {
    const ItemPool& pool = *m_pool;
    m_moves.clear();
    m_ties.clear();
    const bool missing = !meetsRows(plan);
    double least = 0; // the most any other move can save
    for (int item = 0; item < pool.items(); ++item)
        least = std::min(least, pool.price[pool.start[item]] - pool.price[plan.option[item]]);
    const double tie = 1e-12 * m_costSpan;
    double sums[kMaxRows];
    for (int item = 0; item < pool.items(); ++item) {
        const int current = plan.option[item];
        for (int k = pool.start[item]; k < pool.start[item + 1]; ++k) {
            if (k == current) continue;
            const double price = pool.price[k] - pool.price[current];
            if (price + least >= room) break;
            double rank = price;
            if (missing) {
                for (int i = 0; i < pool.rows; ++i)
                    sums[i] = plan.sums[i] + pool.sumsOf(k)[i] - pool.sumsOf(current)[i];
                rank += rowMerit(sums);
            }
            (!missing && std::abs(price) <= tie ? m_ties : m_moves).push_back({item, k, price, rank});
        }
    }
    keepBestMoves();
    fillChanges(plan);
}

void ItemExchange::keepBestMoves() {
    if (m_moves.size() > kPricedMoves) {
        std::nth_element(m_moves.begin(), m_moves.begin() + kPricedMoves, m_moves.end(),
                         [](const Move& a, const Move& b) {
                             return std::pair(a.rank, a.option) < std::pair(b.rank, b.option);
                         });
        m_moves.resize(kPricedMoves);
    }
    // Of the many options that cost the same, a sample that is another one every time.
    const std::size_t free = std::min(m_ties.size(), kFreeMoves);
    const std::size_t offset = m_ties.empty() ? 0 : m_random() % m_ties.size();
    for (std::size_t k = 0; k < free; ++k)
        m_moves.push_back(m_ties[(offset + k * m_ties.size() / free) % m_ties.size()]);
    std::sort(m_moves.begin(), m_moves.end(), [](const Move& a, const Move& b) {
        return std::pair(a.price, a.option) < std::pair(b.price, b.option);
    });
}

void ItemExchange::fillChanges(const PoolPlan& plan) {
    const int rows = m_pool->rows;
    m_changes.resize(m_moves.size() * rows);
    for (std::size_t k = 0; k < m_moves.size(); ++k) {
        const double *to = m_pool->sumsOf(m_moves[k].option),
                     *from = m_pool->sumsOf(plan.option[m_moves[k].item]);
        for (int i = 0; i < rows; ++i) m_changes[k * rows + i] = to[i] - from[i];
    }
}

void ItemExchange::apply(PoolPlan& plan, const Move& move) const {
    int& current = plan.option[move.item];
    plan.cost += m_pool->cost[move.option] - m_pool->cost[current];
    for (int i = 0; i < m_pool->rows; ++i)
        plan.sums[i] += m_pool->sumsOf(move.option)[i] - m_pool->sumsOf(current)[i];
    current = move.option;
}

bool ItemExchange::single(PoolPlan& plan) {
    const ItemPool& pool = *m_pool;
    const double now = rowMerit(plan.sums.data());
    double best = -1e-13 * m_costSpan;
    Move bestMove{-1, 0, 0, 0};
    double sums[kMaxRows];
    for (int item = 0; item < pool.items(); ++item) {
        const int current = plan.option[item];
        for (int k = pool.start[item]; k < pool.start[item + 1]; ++k) {
            const double price = pool.price[k] - pool.price[current];
            if (price - now >= best) break;
            if (k == current) continue;
            for (int i = 0; i < pool.rows; ++i)
                sums[i] = plan.sums[i] + pool.sumsOf(k)[i] - pool.sumsOf(current)[i];
            const double gain = price + rowMerit(sums) - now;
            if (gain >= best) continue;
            best = gain;
            bestMove = {item, k, price, gain};
        }
    }
    if (bestMove.item < 0) return false;
    apply(plan, bestMove);
    return true;
}

bool ItemExchange::pair(PoolPlan& plan) {
    const int rows = m_pool->rows;
    const double now = rowMerit(plan.sums.data());
    collectMoves(plan, now);
    double best = -1e-13 * m_costSpan;
    int first = -1, second = -1, looked = 0;
    double base[kMaxRows], sums[kMaxRows];
    const int count = static_cast<int>(m_moves.size());
    for (int a = 0; a < count && looked < kMostPairs; ++a) {
        if (2 * m_moves[a].price - now >= best) break;
        for (int i = 0; i < rows; ++i) base[i] = plan.sums[i] + m_changes[std::size_t(a) * rows + i];
        for (int b = a + 1; b < count; ++b) {
            const double price = m_moves[a].price + m_moves[b].price;
            if (price - now >= best) break;
            if (m_moves[a].item == m_moves[b].item) continue;
            ++looked;
            for (int i = 0; i < rows; ++i) sums[i] = base[i] + m_changes[std::size_t(b) * rows + i];
            const double gain = price + rowMerit(sums) - now;
            if (gain >= best) continue;
            best = gain;
            first = a;
            second = b;
        }
    }
    if (first < 0) return false;
    apply(plan, m_moves[first]);
    apply(plan, m_moves[second]);
    return true;
}

double ItemExchange::improve(PoolPlan& plan, double enough, const SolveControl& control) {
    double value = merit(plan);
    while (value > enough && !control.over()) {
        if (!single(plan) && !pair(plan)) break;
        value = merit(plan);
    }
    return value;
}

void ItemExchange::kick(PoolPlan& plan, int changes) {
    const ItemPool& pool = *m_pool;
    for (int k = 0; k < changes; ++k) {
        Move best{-1, 0, kInfinity, 0};
        // Of three random moves the cheapest: random enough, and seldom far off.
        for (int t = 0; t < 3; ++t) {
            const int item = static_cast<int>(m_random() % pool.items());
            const int options = pool.start[item + 1] - pool.start[item];
            const int option = pool.start[item] + static_cast<int>(m_random() % options);
            const double price = pool.price[option] - pool.price[plan.option[item]];
            if (option != plan.option[item] && price < best.price) best = {item, option, price, price};
        }
        if (best.item >= 0) apply(plan, best);
    }
}

} // namespace moa
