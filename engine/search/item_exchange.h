// Plans from a pool of options near the optimum: rounding of a mixture of plans, then exchanges of one and
// two options with missed rows priced as a penalty. Private to engine/search.
#pragma once

#include "engine/search/item_oracle.h"
#include "engine/search/solver.h"

#include <random>
#include <vector>

namespace moa {

/// One option per item, by index into the pool.
struct PoolPlan {
    std::vector<int> option;  ///< [items]
    std::vector<double> sums; ///< [rows]
    double cost = 0;
};

/// A plan of the mixture that meets the rows on average, [rows] sums per item.
struct MixtureTarget {
    std::vector<double> itemSums; ///< [items][rows] weighted means
};

class ItemExchange {
public:
    ItemExchange(const Problem& problem, std::uint64_t seed) : m_problem(problem), m_random(seed) {}

    void reseed(std::uint64_t seed) { m_random.seed(seed); }

    /// What later calls work on. `multipliers` are those of the pool, per scaled row; `costSpan` as
    /// ItemOracle's.
    void setPool(const ItemPool& pool, const std::vector<double>& multipliers, double costSpan);

    /// Walks the items and keeps the running sums near those of the target, at little reduced cost.
    PoolPlan round(const MixtureTarget& target) const;
    /// The plan of these options.
    PoolPlan planOf(std::vector<int> options) const;

    /// Exchanges until none helps, `control` is over or the plan's merit is at most `enough`. Returns the
    /// merit: the excess over the pool's bound, plus penalties.
    double improve(PoolPlan& plan, double enough, const SolveControl& control);
    /// A few random cheap changes, to leave a local optimum.
    void kick(PoolPlan& plan, int changes);
    double merit(const PoolPlan& plan) const;
    bool meetsRows(const PoolPlan& plan) const;

private:
    struct Move {
        int item, option;
        double price; ///< change of the reduced cost
        double rank;  ///< what moves are chosen by, least first
    };
    /// Unused room of a priced row and the penalty for a missed one: never negative.
    double rowMerit(const double* sums) const;
    std::vector<int> roundingOrder() const;
    void collectMoves(const PoolPlan& plan, double room);
    void keepBestMoves();
    void fillChanges(const PoolPlan& plan);
    bool single(PoolPlan& plan);
    bool pair(PoolPlan& plan);
    void apply(PoolPlan& plan, const Move& move) const;

    const Problem& m_problem;
    const ItemPool* m_pool = nullptr;
    std::vector<double> m_multipliers; ///< [rows] per unit of a sum
    std::vector<double> m_penalty;     ///< [rows] per unit of a sum
    double m_costSpan = 1;
    std::vector<Move> m_moves, m_ties;
    std::vector<double> m_changes; ///< [moves][rows]
    std::mt19937_64 m_random;
};

} // namespace moa
