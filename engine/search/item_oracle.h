// The relaxed problem by items: an item is what decides alone once the rows are priced, a unit, or a whole
// layer under a limit of one or two rules. Private to engine/search. What makes it fast: a loss depends on a
// rule through its clipped window only, so rules fall into few classes with equal loss columns. Inside a
// class the rule with the least multiplier cost wins, and of a pair of rules in a layer only the number of
// heads on each matters: heads are sorted by what the second rule saves them. Non-goal: limits of three and
// more rules a layer (LayerChoice and branch and bound know those).
#pragma once

#include "engine/search/layer_choice.h"
#include "engine/search/problem.h"

#include <cstdint>
#include <vector>

namespace moa {

/// A whole plan as the oracle returned it.
struct OraclePlan {
    std::vector<int> choice; ///< [units]
    double cost = 0;
    std::vector<double> sums; ///< [rows], unscaled
};

/// The options of every item whose reduced cost is below a threshold, at some multipliers.
struct ItemPool {
    /// Rule `b` for the `count` heads of the layer it saves most, `a` for the others; a unit has a alone.
    struct Code {
        std::uint16_t a = 0, b = 0, count = 0;
    };
    int rows = 0;
    std::vector<int> start;    ///< [items + 1]
    std::vector<double> price; ///< reduced cost, ascending within an item; the first is 0
    std::vector<double> cost;
    std::vector<double> sums; ///< [options][rows], unscaled
    std::vector<Code> code;
    double bound = 0; ///< the relaxation's value at these multipliers
    /// Every option below it is here. Where losses are limited, of the ways to put a count of heads on b only
    /// the one of the least price: a plan with the same rules and counts can be no cheaper at these
    /// multipliers.
    double threshold = 0;

    int items() const { return static_cast<int>(start.size()) - 1; }
    int size() const { return static_cast<int>(code.size()); }
    const double* sumsOf(int option) const { return sums.data() + std::size_t(option) * rows; }
};

class ItemOracle {
public:
    /// Whether this problem's items can be priced here.
    static bool handles(const Problem& problem);
    explicit ItemOracle(const Problem& problem);

    int items() const { return m_byLayer ? m_problem.layers() : m_problem.units; }
    /// Multipliers are per scaled row, as DualMaster's. Returns the bound, +∞ where some item has no option.
    double evaluate(const std::vector<double>& multipliers, OraclePlan& plan);

    /// Fills `pool` at `multipliers`. Halves the threshold until at most `most` options are in it.
    void fillPool(const std::vector<double>& multipliers, double threshold, int most, ItemPool& pool);

    /// The choice [units] of one option per item, at the multipliers of the last fillPool.
    std::vector<int> expand(const ItemPool& pool, const std::vector<int>& optionOfItem) const;

    /// Σ over units of largest less least cost, and of the largest |cost|; 1 where they are 0.
    double costSpan() const { return m_costSpan; }
    double costSize() const { return m_costSize; }

private:
    void makeClasses();
    void makeSignatures();
    void measureCosts();
    void price(const std::vector<double>& multipliers);
    double boundTerm(const std::vector<double>& multipliers) const;
    bool plainLayer(int layer) const { return m_layerSignature[layer] >= 0; }
    double chooseUnits(std::vector<int>& choice);
    double chooseLayer(int layer, int* choice);
    double choosePlain(int layer, int* choice);
    double chooseMixed(int layer, int* choice);
    /// Prices of one layer's heads by class: m_layerPrice [classes][padded].
    void layerPrices(int layer);
    void draftUnit(int unit, double threshold);
    void draftLayer(int layer, double threshold);
    /// Orders a layer's heads by what rule b saves over a, and sums costs by the number of heads on b:
    /// m_pair.
    void scanPair(int layer, int a, int b);
    void draftPair(int layer, int a, int b, double threshold);
    /// Moves m_drafts into the pool, cheapest first.
    void addDrafts(ItemPool& pool);
    /// Orders a layer's heads by what rule b saves over a; false where the pair does not serve every head.
    /// `least` and `most`: how many heads must, and may, take b.
    bool orderHeads(int layer, int a, int b, std::vector<int>& order, int& least, int& most) const;

    struct Draft {
        double price = 0, cost = 0;
        ItemPool::Code code;
        int losses = 0; ///< place in m_draftLosses
    };
    /// One pair of classes in one layer: sums over its heads by the number of them on the second, [heads +
    /// 1].
    struct PairScan {
        bool serves = false;
        int least = 0, most = 0;
        std::vector<int> order;
        std::vector<double> effective, cost;
        std::vector<double> losses; ///< [heads + 1][loss rows]
    };

    const Problem& m_problem;
    bool m_byLayer;
    int m_classes = 0, m_padded = 0;
    std::vector<int> m_classOf;              ///< [options]
    std::vector<double> m_cost;              ///< [classes][units]
    std::vector<double> m_loss;              ///< [loss rows][classes][units]
    std::vector<int> m_signatureOf;          ///< [units] which options are allowed, equal for most
    std::vector<int> m_layerSignature;       ///< [layers], −1 where its units differ
    std::vector<std::vector<int>> m_allowed; ///< [signatures] options
    std::vector<double> m_term;              ///< [options] Σ λ · density coefficient
    std::vector<double> m_weight;            ///< [signatures][classes] least m_term, +∞: none
    std::vector<int> m_cheapest;             ///< [signatures][classes] the option of m_weight
    std::vector<double> m_effective;         ///< [classes][units] cost + Σ λ · loss
    std::vector<double> m_layerPrice;        ///< [classes][padded]
    std::vector<double> m_itemValue;         ///< [items] least price
    std::vector<double> m_unitPrices;        ///< [units of a layer][options], mixed layers
    std::vector<double> m_best;              ///< [units]
    std::vector<int> m_bestOption;           ///< [units]
    std::vector<std::vector<int>> m_members; ///< [signatures · classes] options, least m_term first
    std::vector<double> m_optionBlocks;      ///< [options][density rows]
    PairScan m_pair;
    std::vector<Draft> m_drafts; ///< of the item being drafted
    std::vector<double> m_draftLosses;
    LayerChoice m_layerChoice;
    double m_costSpan = 1, m_costSize = 1;
};

} // namespace moa
