// Branch and bound on Lagrangian bounds, with rounding and exchange for plans. Best node first, each one
// followed down its preferred child (a plunge), so that both the plan and the bound improve all the time.
#include "engine/search/label_search.h"
#include "engine/search/lagrangian_dual.h"
#include "engine/search/local_search.h"
#include "engine/search/solver.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <numeric>
#include <set>

namespace moa {

namespace {

struct Node {
    OptionSets sets;
    std::vector<double> multipliers;
    double bound = -kInfinity;
    std::int64_t serial = 0;
};

/// Where to cut a node in two: options of `unit` with a coefficient ≤ threshold in `row`, and the others.
struct Split {
    int unit = -1, row = -1;
    double threshold = 0;
    bool lowFirst = true;
};

class BranchAndBound {
public:
    BranchAndBound(const Problem& problem, const SolveControl& control, double bound)
        : m_problem(problem), m_control(control), m_dual(problem), m_search(problem, control.seed),
          m_rootBound(bound) {}

    Solution run(const std::vector<std::vector<int>>& starts);

private:
    using NodePtr = std::unique_ptr<Node>;
    struct WorseBound {
        bool operator()(const NodePtr& a, const NodePtr& b) const {
            return std::pair(a->bound, a->serial) > std::pair(b->bound, b->serial);
        }
    };

    double cutoff() const;
    void offer(const std::vector<int>& choice);
    bool tighten(OptionSets& sets) const;
    void dropDominated(OptionSets& sets) const;
    bool closeByLabels(const Node& node);
    /// One node: bound, plans, fixing, and a split; false where the node is done.
    bool process(Node& node, bool root, Split& split);
    void searchPlans(const Node& node, const DualResult& dual, int kicks);
    std::vector<int> roundMixture(const DualResult& dual, const OptionSets& sets,
                                  const std::vector<double>& reduced) const;
    void roundUnit(const DualResult& dual, const std::vector<double>& reduced, int unit,
                   const std::vector<int>& candidates, std::vector<int>& choice,
                   std::vector<double>& drift) const;
    Split chooseSplit(const Node& node, const DualResult& dual) const;
    NodePtr child(const Node& node, const Split& split, bool low);
    void push(NodePtr node);
    NodePtr pop();
    double openBound() const { return m_open.empty() ? kInfinity : m_open.front()->bound; }
    Solution finish(double openBound, bool exhausted);

    const Problem& m_problem;
    const SolveControl& m_control;
    LagrangianDual m_dual;
    LocalSearch m_search;
    std::vector<int> m_best;
    double m_bestCost = kInfinity;
    double m_worstCost = kInfinity;
    std::vector<NodePtr> m_open; ///< heap
    std::size_t m_openBytes = 0;
    std::int64_t m_nodes = 0, m_serial = 0;
    std::int64_t m_nextLabels = 100; ///< the node count from which labels are tried again
    int m_labelFailures = 0;
    double m_rootBound = -kInfinity;
};

/// A gap the tree closes faster than more exchanges would.
constexpr double kGoodEnough = 1e-3;
/// Restarts of the exchange search at the root; the tree restarts it now and then as well.
constexpr int kRootKicks = 5;
/// Labels of one node: a few hundredths of a second.
constexpr std::size_t kLabelWork = 200'000;
constexpr std::size_t kLabelMultipliers = 12;
/// Nodes kept open at once: beyond this the search ends with the plan and bound it has.
constexpr std::size_t kOpenBytes = std::size_t(512) << 20;

double BranchAndBound::cutoff() const {
    if (m_best.empty()) return m_worstCost;
    return m_bestCost - m_control.gapTarget * std::abs(m_bestCost) - 1e-15;
}

void BranchAndBound::offer(const std::vector<int>& choice) {
    const double cost = m_problem.objective(choice);
    if (cost >= m_bestCost || !m_problem.feasible(choice)) return;
    m_bestCost = cost;
    m_best = choice;
    if (!m_control.improved) return;
    Solution better;
    better.choice = m_best;
    better.objective = m_bestCost;
    better.bound = std::min(m_rootBound, m_bestCost);
    m_control.improved(better);
}

/// Drops options no plan within the rows can have, judged by the least and most the other units can add.
/// False where a unit is left without any.
bool BranchAndBound::tighten(OptionSets& sets) const {
    const Problem& p = m_problem;
    for (bool changed = true; changed;) {
        changed = false;
        for (int row = 0; row < p.rowCount(); ++row) {
            std::vector<double> least(p.units, kInfinity), most(p.units, -kInfinity);
            double leastSum = 0, mostSum = 0;
            for (int u = 0; u < p.units; ++u) {
                for (int k = sets.start[u]; k < sets.start[u + 1]; ++k) {
                    const double a = p.coefficient(row, u, sets.options[k]);
                    least[u] = std::min(least[u], a);
                    most[u] = std::max(most[u], a);
                }
                leastSum += least[u];
                mostSum += most[u];
            }
            // Loss rows are sums of real numbers: their tolerance is doubled so that rounding drops nothing
            // valid.
            const double lo = p.rows[row].lo - 2 * p.rows[row].tolerance,
                         hi = p.rows[row].hi + 2 * p.rows[row].tolerance;
            if (leastSum > hi || mostSum < lo) return false;
            OptionSets kept;
            kept.start.push_back(0);
            for (int u = 0; u < p.units; ++u) {
                for (int k = sets.start[u]; k < sets.start[u + 1]; ++k) {
                    const double a = p.coefficient(row, u, sets.options[k]);
                    if (leastSum - least[u] + a <= hi && mostSum - most[u] + a >= lo)
                        kept.options.push_back(sets.options[k]);
                }
                kept.start.push_back(static_cast<int>(kept.options.size()));
                if (kept.count(u) == 0) return false;
            }
            if (kept.options.size() < sets.options.size()) {
                sets = std::move(kept);
                changed = true;
            }
        }
    }
    return true;
}

/// Drops options that another of the same unit can always replace: no dearer, and no worse in any row whose
/// limits could bind. Without a rule limit only, where a rule's use elsewhere in the layer does not matter.
void BranchAndBound::dropDominated(OptionSets& sets) const {
    const Problem& p = m_problem;
    if (p.rulesPerLayer > 0) return;
    std::vector<char> canExceed(p.rowCount()), canFallShort(p.rowCount());
    for (int i = 0; i < p.rowCount(); ++i) {
        double least = 0, most = 0;
        for (int u = 0; u < p.units; ++u) {
            double unitLeast = kInfinity, unitMost = -kInfinity;
            for (int k = sets.start[u]; k < sets.start[u + 1]; ++k) {
                unitLeast = std::min(unitLeast, p.coefficient(i, u, sets.options[k]));
                unitMost = std::max(unitMost, p.coefficient(i, u, sets.options[k]));
            }
            least += unitLeast;
            most += unitMost;
        }
        canExceed[i] = most > p.rows[i].hi;
        canFallShort[i] = least < p.rows[i].lo;
    }
    const auto replaces = [&](int u, int better, int worse) {
        const double gain = p.cost[p.at(u, worse)] - p.cost[p.at(u, better)];
        bool equal = gain == 0;
        if (gain < 0) return false;
        for (int i = 0; i < p.rowCount(); ++i) {
            const double more = p.coefficient(i, u, better) - p.coefficient(i, u, worse);
            if ((more > 0 && canExceed[i]) || (more < 0 && canFallShort[i])) return false;
            equal = equal && (more == 0 || (!canExceed[i] && !canFallShort[i]));
        }
        return !equal || better < worse; // of two equals the first stays
    };
    OptionSets kept;
    kept.start.push_back(0);
    for (int u = 0; u < p.units; ++u) {
        const auto first = sets.options.begin() + sets.start[u],
                   end = sets.options.begin() + sets.start[u + 1];
        std::copy_if(first, end, std::back_inserter(kept.options), [&](int worse) {
            return std::none_of(first, end,
                                [&](int better) { return better != worse && replaces(u, better, worse); });
        });
        kept.start.push_back(static_cast<int>(kept.options.size()));
    }
    sets = std::move(kept);
}

/// Tries to finish a node by labels; the less often the more often they failed.
bool BranchAndBound::closeByLabels(const Node& node) {
    if (m_nodes < m_nextLabels) return false;
    const LabelResult result = searchLabels(m_problem, node.sets, m_dual.goodMultipliers(kLabelMultipliers),
                                            cutoff(), kLabelWork, m_control);
    if (!result.complete) {
        m_nextLabels = m_nodes + (std::int64_t{50} << std::min(m_labelFailures++, 8));
        return false;
    }
    m_labelFailures = 0;
    if (!result.choice.empty()) offer(result.choice);
    return true;
}

/// Walks the units and keeps the running sums near those of the mixture, which meets every row. Under a rule
/// limit each layer keeps to the rules of one of the mixture's plans.
std::vector<int> BranchAndBound::roundMixture(const DualResult& dual, const OptionSets& sets,
                                              const std::vector<double>& reduced) const {
    const Problem& p = m_problem;
    std::vector<int> choice(p.units, 0);
    std::vector<double> drift(p.rowCount(), 0.0);
    for (int l = 0; l < p.layers(); ++l) {
        if (p.rulesPerLayer == 0) {
            for (int u = p.layerStart[l]; u < p.layerStart[l + 1]; ++u)
                roundUnit(dual, reduced, u,
                          {sets.options.begin() + sets.start[u], sets.options.begin() + sets.start[u + 1]},
                          choice, drift);
            continue;
        }
        std::vector<int> bestChoice;
        std::vector<double> bestDrift;
        double bestOff = kInfinity;
        for (const auto& w : dual.mixture) {
            std::vector<int> tried = choice;
            std::vector<double> triedDrift = drift;
            const std::vector<int>& plan = m_dual.plan(w.column).choice;
            const std::set<int> rules(plan.begin() + p.layerStart[l], plan.begin() + p.layerStart[l + 1]);
            for (int u = p.layerStart[l]; u < p.layerStart[l + 1]; ++u) {
                std::vector<int> candidates;
                std::copy_if(rules.begin(), rules.end(), std::back_inserter(candidates),
                             [&](int r) { return reduced[p.at(u, r)] < kInfinity; });
                roundUnit(dual, reduced, u, candidates, tried, triedDrift);
            }
            const double off =
                std::inner_product(triedDrift.begin(), triedDrift.end(), triedDrift.begin(), 0.0);
            if (off >= bestOff) continue;
            bestOff = off;
            bestChoice = tried;
            bestDrift = triedDrift;
        }
        choice = bestChoice;
        drift = bestDrift;
    }
    return choice;
}

/// Picks a unit's option so that the drift, running sums less the running mixture (scaled), stays small.
void BranchAndBound::roundUnit(const DualResult& dual, const std::vector<double>& reduced, int unit,
                               const std::vector<int>& candidates, std::vector<int>& choice,
                               std::vector<double>& drift) const {
    const Problem& p = m_problem;
    const double weight = 1.0 / std::max(m_dual.multiplierSize(), 1e-300);
    const auto add = [&](int r, double factor) {
        for (int i = 0; i < p.rowCount(); ++i)
            drift[i] += factor * p.coefficient(i, unit, r) / p.rows[i].scale;
    };
    for (const auto& w : dual.mixture) add(m_dual.plan(w.column).choice[unit], -w.weight);
    double best = kInfinity;
    for (int r : candidates) {
        double off = 0;
        for (int i = 0; i < p.rowCount(); ++i) {
            const double d = drift[i] + p.coefficient(i, unit, r) / p.rows[i].scale;
            off += d * d;
        }
        const double score = std::sqrt(off) + weight * reduced[p.at(unit, r)];
        if (score < best) {
            best = score;
            choice[unit] = r;
        }
    }
    add(choice[unit], 1);
}

void BranchAndBound::searchPlans(const Node& node, const DualResult& dual, int kicks) {
    if (dual.mixture.empty() || m_control.over()) return;
    const std::vector<double> reduced = m_dual.reducedCosts(node.sets, dual.multipliers);
    double largest = 0;
    for (double v : dual.multipliers) largest = std::max(largest, std::abs(v));
    const double penalty = 20 * std::max(largest, 0.05 * m_dual.multiplierSize());
    m_search.setNeighbourhood(node.sets, reduced, penalty);
    std::vector<int> current = roundMixture(dual, node.sets, reduced);
    double value = m_search.improve(current, m_control);
    offer(current);
    if (kicks > 0 && !m_best.empty()) { // with a plan in hand most options are out of the running
        OptionSets left = node.sets;
        bool possible = true;
        m_dual.fixOptions(left, dual.multipliers, cutoff(), possible);
        if (!possible) return;
        m_search.setNeighbourhood(left, reduced, penalty);
    }
    for (int k = 0; k < kicks && !m_control.over(); ++k) {
        if (withinGap(m_bestCost, m_rootBound, std::max(kGoodEnough, m_control.gapTarget))) return;
        std::vector<int> next = current;
        m_search.kick(next, 2 + k % 3);
        const double nextValue = m_search.improve(next, m_control);
        offer(next);
        if (nextValue <= value) {
            value = nextValue;
            current = std::move(next);
        }
    }
}

Split BranchAndBound::chooseSplit(const Node& node, const DualResult& dual) const {
    const Problem& p = m_problem;
    Split split;
    double bestScore = 1e-12;
    for (int u = 0; u < p.units; ++u) {
        if (node.sets.count(u) < 2) continue;
        double unitScore = 0, unitBest = 0, unitMean = 0;
        int unitRow = -1;
        for (int i = 0; i < p.rowCount(); ++i) {
            double mean = 0, spread = 0;
            for (const auto& w : dual.mixture)
                mean += w.weight * p.coefficient(i, u, m_dual.plan(w.column).choice[u]);
            for (const auto& w : dual.mixture)
                spread += w.weight * std::abs(p.coefficient(i, u, m_dual.plan(w.column).choice[u]) - mean);
            const double importance = 1 + 10 * std::abs(dual.multipliers[i]) / m_dual.multiplierSize();
            const double score = spread / p.rows[i].scale * importance;
            unitScore += score;
            if (score > unitBest) {
                unitBest = score;
                unitRow = i;
                unitMean = mean;
            }
        }
        if (unitRow < 0 || unitScore <= bestScore) continue;
        bestScore = unitScore;
        split = {u, unitRow, unitMean, true};
    }
    if (split.unit >= 0) {
        double low = 0;
        for (const auto& w : dual.mixture)
            if (p.coefficient(split.row, split.unit, m_dual.plan(w.column).choice[split.unit]) <=
                split.threshold)
                low += w.weight;
        split.lowFirst = low >= 0.5;
        return split;
    }
    // The mixture agrees with itself: halve the widest choice that is left.
    for (int u = 0; u < p.units; ++u)
        for (int i = 0; i < p.rowCount() && node.sets.count(u) > 1; ++i) {
            double least = kInfinity, most = -kInfinity;
            for (int k = node.sets.start[u]; k < node.sets.start[u + 1]; ++k) {
                least = std::min(least, p.coefficient(i, u, node.sets.options[k]));
                most = std::max(most, p.coefficient(i, u, node.sets.options[k]));
            }
            const double score = (most - least) / p.rows[i].scale;
            if (score > bestScore) {
                bestScore = score;
                split = {u, i, (least + most) / 2, true};
            }
        }
    return split;
}

BranchAndBound::NodePtr BranchAndBound::child(const Node& node, const Split& split, bool low) {
    auto result = std::make_unique<Node>();
    result->bound = node.bound;
    result->multipliers = node.multipliers;
    result->serial = ++m_serial;
    OptionSets& sets = result->sets;
    sets.start.push_back(0);
    for (int u = 0; u < m_problem.units; ++u) {
        for (int k = node.sets.start[u]; k < node.sets.start[u + 1]; ++k) {
            const int r = node.sets.options[k];
            // Row −1: the options differ in no row; the first one against the others.
            const bool isLow = split.row >= 0 ? m_problem.coefficient(split.row, u, r) <= split.threshold
                                              : k == node.sets.start[u];
            if (u == split.unit && isLow != low) continue;
            sets.options.push_back(static_cast<std::uint16_t>(r));
        }
        sets.start.push_back(static_cast<int>(sets.options.size()));
    }
    return result;
}

bool BranchAndBound::process(Node& node, bool root, Split& split) {
    ++m_nodes;
    if (!tighten(node.sets)) return false;
    LagrangianDual::Limits limits;
    limits.cutoff = cutoff();
    limits.control = &m_control;
    limits.evaluations = root ? 300 : 25;
    limits.tolerance = root ? 1e-9 : 1e-6;
    if (!root) {
        double largest = 0;
        for (double v : node.multipliers) largest = std::max(largest, std::abs(v));
        limits.radius = std::max(0.1 * largest, 1e-4 * m_dual.multiplierSize());
    }
    DualResult dual = m_dual.optimise(node.sets, node.multipliers, limits,
                                      [&](const PlanColumn& plan) { offer(plan.choice); });
    if (dual.emptyUnit) return false;
    node.bound = std::max(node.bound, dual.bound);
    node.multipliers = dual.multipliers;
    if (root) m_rootBound = std::max(m_rootBound, node.bound);
    if (node.bound >= cutoff()) return false;
    if (root)
        searchPlans(node, dual, kRootKicks);
    else if (m_nodes % 50 == 0 || (m_best.empty() && m_nodes % 5 == 0))
        searchPlans(node, dual, 1);
    bool possible = true;
    m_dual.fixOptions(node.sets, dual.multipliers, cutoff(), possible);
    if (!possible || !tighten(node.sets)) return false;
    if (static_cast<int>(node.sets.options.size()) == m_problem.units) {
        offer(std::vector<int>(node.sets.options.begin(), node.sets.options.end()));
        return false;
    }
    if (closeByLabels(node)) return false;
    split = chooseSplit(node, dual);
    for (int u = 0; u < m_problem.units && split.unit < 0; ++u)
        if (node.sets.count(u) > 1) split.unit = u;
    return true;
}

std::size_t bytesOf(const Node& node) {
    return sizeof(Node) + node.sets.options.size() * sizeof(std::uint16_t) +
           node.sets.start.size() * sizeof(int) + node.multipliers.size() * sizeof(double);
}

void BranchAndBound::push(NodePtr node) {
    m_openBytes += bytesOf(*node);
    m_open.push_back(std::move(node));
    std::push_heap(m_open.begin(), m_open.end(), WorseBound{});
}

BranchAndBound::NodePtr BranchAndBound::pop() {
    std::pop_heap(m_open.begin(), m_open.end(), WorseBound{});
    NodePtr node = std::move(m_open.back());
    m_open.pop_back();
    m_openBytes -= bytesOf(*node);
    return node;
}

Solution BranchAndBound::finish(double openBound, bool exhausted) {
    Solution solution;
    solution.choice = m_best;
    solution.objective = m_bestCost;
    solution.nodes = m_nodes;
    solution.iterations = m_dual.evaluations();
    // Nodes were dropped at the cutoff, so nothing below it is left; rounding is given its due.
    openBound = std::max(openBound, m_rootBound);
    const double rounding = 1e-13 * m_dual.objectiveSize();
    solution.bound = std::min(
        openBound, m_best.empty() ? kInfinity : std::min(m_bestCost, std::max(cutoff(), m_rootBound)));
    if (solution.bound < kInfinity) solution.bound -= rounding;
    if (exhausted)
        solution.status = m_best.empty() ? SearchStatus::Infeasible : SearchStatus::Optimal;
    else if (!m_best.empty() && withinGap(m_bestCost, openBound, m_control.gapTarget))
        solution.status = SearchStatus::Optimal;
    else if (m_control.cancelled())
        solution.status = SearchStatus::Cancelled;
    else if (m_control.outOfTime())
        solution.status = SearchStatus::TimeLimit;
    else
        solution.status = SearchStatus::Feasible;
    return solution;
}

Solution BranchAndBound::run(const std::vector<std::vector<int>>& starts) {
    if (m_problem.emptyRow() >= 0) return finish(kInfinity, true);
    double worst = 0;
    auto root = std::make_unique<Node>();
    root->sets = allOptions(m_problem);
    for (int u = 0; u < m_problem.units; ++u) {
        if (root->sets.count(u) == 0) return finish(kInfinity, true);
        double most = -kInfinity;
        for (int k = root->sets.start[u]; k < root->sets.start[u + 1]; ++k)
            most = std::max(most, m_problem.cost[m_problem.at(u, root->sets.options[k])]);
        worst += most;
    }
    dropDominated(root->sets);
    m_worstCost = worst + 0.01 * m_dual.objectiveSize() + 1e-6;
    for (const std::vector<int>& start : starts) offer(start);
    NodePtr current = std::move(root);
    bool isRoot = true;
    while (current || !m_open.empty()) {
        if (!current) {
            current = pop();
            if (current->bound >= cutoff()) return finish(kInfinity, true);
        }
        if (m_control.over() || m_openBytes > kOpenBytes)
            return finish(std::min(current->bound, openBound()), false);
        Split split;
        const bool open = process(*current, isRoot, split);
        isRoot = false;
        if (m_control.progress && m_nodes % 64 == 0) m_control.progress({"search", m_nodes, 0});
        if (!open) {
            current.reset();
            continue;
        }
        push(child(*current, split, !split.lowFirst));
        current = child(*current, split, split.lowFirst);
    }
    return finish(kInfinity, true);
}

} // namespace

Solution solveTree(const Problem& problem, const SolveControl& control,
                   const std::vector<std::vector<int>>& starts, double bound) {
    BranchAndBound tree(problem, control, bound);
    return tree.run(starts);
}

} // namespace moa
