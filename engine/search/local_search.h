// Exchange search around a choice: single changes, then pairs of changes, with missed rows priced as a
// penalty. Private to engine/search. Keeps the rule limit at every step; rows may be missed on the way.
#pragma once

#include "engine/search/lagrangian_dual.h"
#include "engine/search/solver.h"

#include <cstdint>
#include <random>
#include <vector>

namespace moa {

class LocalSearch {
public:
    LocalSearch(const Problem& problem, std::uint64_t seed);

    /// What a step may use: `sets` (the options left), their reduced costs [units][options] at the current
    /// multipliers, and the price of missing one scaled unit of a row.
    void setNeighbourhood(const OptionSets& sets, std::vector<double> reducedCosts, double penalty);

    /// Improves `choice` until no move helps; returns its penalised objective.
    double improve(std::vector<int>& choice, const SolveControl& control);

    /// A few random cheap changes, to leave a local optimum.
    void kick(std::vector<int>& choice, int changes);

    /// Cost plus penalty of what is missed.
    double penalised(const std::vector<int>& choice) const;

private:
    struct Change {
        int unit, option;
    };
    /// One move: changes in one item (a unit, or a layer under a rule limit), and what they do.
    struct Move {
        int item = 0;
        int first = 0, count = 0; ///< in m_changes
        double cost = 0;
        double merit = 0; ///< change of the reduced cost, to rank by
    };
    void collectMoves(const std::vector<int>& choice);
    void addMove(int item, const std::vector<int>& choice);
    void addLayerMoves(int layer, const std::vector<int>& choice);
    double penalty(const double* sums) const;
    bool singleStep(std::vector<int>& choice);
    bool pairStep(std::vector<int>& choice);
    void apply(const Move& move, std::vector<int>& choice);
    const double* rowChange(std::size_t move) const { return m_rowChanges.data() + move * m_rows; }

    const Problem& m_problem;
    int m_rows;
    OptionSets m_sets;
    std::vector<double> m_reduced;
    double m_penalty = 1;
    std::vector<Change> m_changes, m_pending;
    std::vector<Move> m_moves;
    std::vector<double> m_rowChanges; ///< [moves][rows]
    std::vector<double> m_sums;       ///< [rows] of the current choice
    std::mt19937_64 m_random;
};

} // namespace moa
