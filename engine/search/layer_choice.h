// The oracle of one layer under a limit on distinct rules: the cheapest set of at most K rules when every
// unit takes its cheapest of the set. Private to engine/search. Exact for K = 1 and 2; for K ≥ 3 a bounded
// tree search (a small K-median problem) whose value stays a lower bound when it runs out of nodes.
#pragma once

#include <vector>

namespace moa {

class LayerChoice {
public:
    LayerChoice(int options, int rulesPerLayer) : m_options(options), m_limit(rulesPerLayer) {}

    /// `prices` [units][options], +∞ where not allowed. Writes the choice [units] and returns a lower bound
    /// on the least total: equal to the choice's total except where the tree search stopped early; +∞ where
    /// none is allowed.
    double choose(const double* prices, int units, int* choice);

    /// After `choose` with the same arguments: `least` [units][options], a lower bound on the layer's total
    /// when that unit takes that option.
    void leastWith(const double* prices, int units, double layerValue, double* least);

private:
    void collectCandidates(const double* prices, int units);
    double chooseOne(const double* prices, int units, int* choice) const;
    double choosePair(const double* prices, int units, int* choice);
    double chooseSet(const double* prices, int units, int* choice);
    void greedySet(int units);
    void visit(std::size_t from, int depth, int units);
    double assign(const std::vector<int>& set, const double* prices, int units, int* choice) const;

    int m_options, m_limit;
    std::vector<int> m_candidates;
    std::vector<double> m_byRule;               ///< [candidates][units] prices
    std::vector<double> m_suffix;               ///< [candidates + 1][units] least price from there on
    std::vector<std::vector<double>> m_current; ///< [depth][units] least price in the set so far
    std::vector<int> m_set, m_bestSet;          ///< candidate places
    double m_best = 0, m_cutBound = 0;
    int m_nodes = 0;
};

} // namespace moa
