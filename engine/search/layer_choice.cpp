#include "engine/search/layer_choice.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace moa {

namespace {
constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr int kMaxNodes = 4000;
} // namespace

void LayerChoice::collectCandidates(const double* prices, int units) {
    m_candidates.clear();
    for (int r = 0; r < m_options; ++r)
        for (int u = 0; u < units; ++u)
            if (prices[std::size_t(u) * m_options + r] < kNone) {
                m_candidates.push_back(r);
                break;
            }
    m_byRule.resize(m_candidates.size() * units);
    for (std::size_t i = 0; i < m_candidates.size(); ++i)
        for (int u = 0; u < units; ++u)
            m_byRule[i * units + u] = prices[std::size_t(u) * m_options + m_candidates[i]];
}

double LayerChoice::assign(const std::vector<int>& set, const double* prices, int units, int* choice) const {
    double total = 0;
    for (int u = 0; u < units; ++u) {
        double best = kNone;
        for (int r : set)
            if (const double p = prices[std::size_t(u) * m_options + r]; p < best) {
                best = p;
                choice[u] = r;
            }
        total += best;
    }
    return total;
}

double LayerChoice::chooseOne(const double* prices, int units, int* choice) const {
    double best = kNone;
    int rule = 0;
    for (std::size_t i = 0; i < m_candidates.size(); ++i) {
        const double total =
            std::accumulate(m_byRule.begin() + i * units, m_byRule.begin() + (i + 1) * units, 0.0);
        if (total < best) {
            best = total;
            rule = m_candidates[i];
        }
    }
    return best < kNone ? assign({rule}, prices, units, choice) : kNone;
}

double LayerChoice::choosePair(const double* prices, int units, int* choice) {
    double best = kNone;
    std::size_t bestA = 0, bestB = 0;
    for (std::size_t a = 0; a < m_candidates.size(); ++a)
        for (std::size_t b = a; b < m_candidates.size(); ++b) {
            const double *pa = m_byRule.data() + a * units, *pb = m_byRule.data() + b * units;
            double total = 0;
            for (int u = 0; u < units; ++u) total += std::min(pa[u], pb[u]);
            if (total < best) {
                best = total;
                bestA = a;
                bestB = b;
            }
        }
    return best < kNone ? assign({m_candidates[bestA], m_candidates[bestB]}, prices, units, choice) : kNone;
}

/// A first set: the rule that saves most is added K times over.
void LayerChoice::greedySet(int units) {
    m_bestSet.clear();
    std::vector<double> least(units, kNone);
    for (int k = 0; k < m_limit; ++k) {
        double best = kNone;
        int place = -1, bestServed = -1;
        for (std::size_t i = 0; i < m_candidates.size(); ++i) {
            double total = 0;
            int served = 0; // while some unit has no rule at all, serving more units comes first
            for (int u = 0; u < units; ++u) {
                const double p = std::min(least[u], m_byRule[i * units + u]);
                if (p < kNone) {
                    total += p;
                    ++served;
                }
            }
            if (served > bestServed || (served == bestServed && total < best)) {
                best = total;
                bestServed = served;
                place = static_cast<int>(i);
            }
        }
        if (place < 0) break;
        m_bestSet.push_back(place);
        for (int u = 0; u < units; ++u)
            least[u] = std::min(least[u], m_byRule[std::size_t(place) * units + u]);
    }
    m_best = std::accumulate(least.begin(), least.end(), 0.0);
}

void LayerChoice::visit(std::size_t from, int depth, int units) {
    const std::vector<double>& now = m_current[depth];
    const double total = std::accumulate(now.begin(), now.end(), 0.0);
    if (total < m_best) {
        m_best = total;
        m_bestSet = m_set;
    }
    if (depth == m_limit) return;
    for (std::size_t i = from; i < m_candidates.size(); ++i) {
        double bound = 0;
        for (int u = 0; u < units; ++u) bound += std::min(now[u], m_suffix[i * units + u]);
        if (bound >= m_best) return; // later suffixes are no better
        if (++m_nodes > kMaxNodes) {
            m_cutBound = std::min(m_cutBound, bound);
            return;
        }
        for (int u = 0; u < units; ++u) m_current[depth + 1][u] = std::min(now[u], m_byRule[i * units + u]);
        m_set.push_back(static_cast<int>(i));
        visit(i + 1, depth + 1, units);
        m_set.pop_back();
    }
}

double LayerChoice::chooseSet(const double* prices, int units, int* choice) {
    const std::size_t count = m_candidates.size();
    m_suffix.assign((count + 1) * units, kNone);
    for (std::size_t i = count; i-- > 0;)
        for (int u = 0; u < units; ++u)
            m_suffix[i * units + u] = std::min(m_suffix[(i + 1) * units + u], m_byRule[i * units + u]);
    m_current.assign(m_limit + 1, std::vector<double>(units, kNone));
    m_set.clear();
    m_nodes = 0;
    m_cutBound = kNone;
    greedySet(units);
    visit(0, 0, units);
    if (m_best == kNone) return m_cutBound;
    std::vector<int> rules;
    for (int place : m_bestSet) rules.push_back(m_candidates[place]);
    return std::min(assign(rules, prices, units, choice), m_cutBound);
}

double LayerChoice::choose(const double* prices, int units, int* choice) {
    collectCandidates(prices, units);
    if (m_limit == 1) return chooseOne(prices, units, choice);
    if (m_limit == 2) return choosePair(prices, units, choice);
    return chooseSet(prices, units, choice);
}

void LayerChoice::leastWith(const double* prices, int units, double layerValue, double* least) {
    if (m_limit > 2) { // without the limit: each other unit takes its cheapest
        double sum = 0;
        std::vector<double> cheapest(units);
        for (int u = 0; u < units; ++u) {
            cheapest[u] = *std::min_element(prices + std::size_t(u) * m_options,
                                            prices + std::size_t(u + 1) * m_options);
            sum += cheapest[u];
        }
        for (int u = 0; u < units; ++u)
            for (int r = 0; r < m_options; ++r) {
                const std::size_t at = std::size_t(u) * m_options + r;
                least[at] = std::max(layerValue, sum - cheapest[u] + prices[at]);
            }
        return;
    }
    std::fill(least, least + std::size_t(units) * m_options, kNone);
    for (std::size_t a = 0; a < m_candidates.size(); ++a)
        for (std::size_t b = a; b < m_candidates.size(); ++b) {
            if (m_limit == 1 && b > a) break;
            const double *pa = m_byRule.data() + a * units, *pb = m_byRule.data() + b * units;
            double total = 0;
            for (int u = 0; u < units; ++u) total += std::min(pa[u], pb[u]);
            if (total == kNone) continue;
            for (int u = 0; u < units; ++u) {
                double& withA = least[std::size_t(u) * m_options + m_candidates[a]];
                double& withB = least[std::size_t(u) * m_options + m_candidates[b]];
                const double rest = total - std::min(pa[u], pb[u]);
                withA = std::min(withA, rest + pa[u]);
                withB = std::min(withB, rest + pb[u]);
            }
        }
}

} // namespace moa
