#include "engine/search/item_oracle.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

// One build for every x86 CPU: the hot loop is compiled for wider vectors too and chosen when the program
// starts. Sanitizers run before such choices can be made, and other machines have no such clones.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) &&      \
    !defined(__SANITIZE_ADDRESS__)
#define MOA_WIDE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MOA_WIDE_CLONES
#endif

namespace moa {

namespace {

/// Accumulators of the pair loop. Their number fixes the order of additions, so that results are the same at
/// every vector width.
constexpr int kLanes = 4;
/// Options beyond this make pairs too many to enumerate.
constexpr int kMostPairOptions = 512;

struct BestPair {
    double total = kInfinity;
    int a = -1, b = -1;
};

/// The pair of rows of prices [classes][padded] with the least Σ min; infinite prices are welcome.
MOA_WIDE_CLONES BestPair bestPair(const double* prices, int classes, int padded) {
    BestPair best;
    for (int a = 0; a < classes; ++a) {
        const double* pa = prices + std::size_t(a) * padded;
        for (int b = a; b < classes; ++b) {
            const double* pb = prices + std::size_t(b) * padded;
            double sum[kLanes] = {};
            for (int u = 0; u < padded; u += kLanes)
                for (int k = 0; k < kLanes; ++k) sum[k] += pa[u + k] < pb[u + k] ? pa[u + k] : pb[u + k];
            const double total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
            if (total < best.total) best = {total, a, b};
        }
    }
    return best;
}

/// best[u] = min(best[u], row[u] + weight), noting which option brought it.
MOA_WIDE_CLONES void lowerTo(const double* row, double weight, int option, int units, double* best,
                             int* which) {
    for (int u = 0; u < units; ++u) {
        const double value = row[u] + weight;
        which[u] = value < best[u] ? option : which[u];
        best[u] = value < best[u] ? value : best[u];
    }
}

double pairTotal(const double* pa, const double* pb, int padded) {
    double sum = 0;
    for (int u = 0; u < padded; ++u) sum += std::min(pa[u], pb[u]);
    return sum;
}

} // namespace

bool ItemOracle::handles(const Problem& problem) {
    return problem.rulesPerLayer == 0 || (problem.rulesPerLayer <= 2 && problem.options <= kMostPairOptions);
}

ItemOracle::ItemOracle(const Problem& problem)
    : m_problem(problem), m_byLayer(problem.rulesPerLayer > 0), m_term(problem.options),
      m_best(problem.units), m_bestOption(problem.units),
      m_layerChoice(problem.options, std::max(1, problem.rulesPerLayer)) {
    makeClasses();
    makeSignatures();
    measureCosts();
    m_itemValue.resize(items());
    const int perLayer = problem.layerStart[1];
    m_padded = (perLayer + kLanes - 1) / kLanes * kLanes;
    m_layerPrice.assign(std::size_t(m_classes) * m_padded, 0.0);
}

/// Options with the same cost and the same losses in every unit. Columns are compared whole, so that a class
/// never mixes what differs, however the tables came about.
void ItemOracle::makeClasses() {
    const Problem& p = m_problem;
    const int lossRows = p.rowCount() - p.densityRows;
    std::map<std::vector<double>, int> known;
    for (int r = 0; r < p.options; ++r) {
        std::vector<double> column;
        column.reserve(std::size_t(p.units) * (lossRows + 1));
        for (int u = 0; u < p.units; ++u) column.push_back(p.cost[p.at(u, r)]);
        for (int i = p.densityRows; i < p.rowCount(); ++i)
            for (int u = 0; u < p.units; ++u) column.push_back(p.coefficient(i, u, r));
        m_classOf.push_back(
            known.try_emplace(std::move(column), static_cast<int>(known.size())).first->second);
    }
    m_classes = static_cast<int>(known.size());
    const std::size_t size = std::size_t(m_classes) * p.units;
    m_cost.resize(size);
    m_loss.resize(size * lossRows);
    for (const auto& [column, c] : known)
        for (int i = 0; i <= lossRows; ++i)
            std::copy_n(column.begin() + std::ptrdiff_t(i) * p.units, p.units,
                        (i == 0 ? m_cost.begin() : m_loss.begin() + (i - 1) * std::ptrdiff_t(size)) +
                            std::ptrdiff_t(c) * p.units);
    m_effective = m_cost;
}

void ItemOracle::makeSignatures() {
    const Problem& p = m_problem;
    std::map<std::vector<char>, int> known;
    for (int u = 0; u < p.units; ++u) {
        std::vector<char> row(p.allowed.begin() + std::ptrdiff_t(p.at(u, 0)),
                              p.allowed.begin() + std::ptrdiff_t(p.at(u + 1, 0)));
        const auto [place, isNew] = known.try_emplace(std::move(row), static_cast<int>(known.size()));
        m_signatureOf.push_back(place->second);
        if (!isNew) continue;
        std::vector<int>& allowed = m_allowed.emplace_back();
        for (int r = 0; r < p.options; ++r)
            if (place->first[r]) allowed.push_back(r);
    }
    for (int l = 0; l < p.layers(); ++l) {
        const auto first = m_signatureOf.begin() + p.layerStart[l],
                   end = m_signatureOf.begin() + p.layerStart[l + 1];
        m_layerSignature.push_back(std::all_of(first, end, [&](int s) { return s == *first; }) ? *first : -1);
    }
    m_weight.resize(m_allowed.size() * m_classes);
    m_cheapest.resize(m_weight.size());
    m_members.resize(m_weight.size());
    for (std::size_t s = 0; s < m_allowed.size(); ++s)
        for (int r : m_allowed[s]) m_members[s * m_classes + m_classOf[r]].push_back(r);
    for (int r = 0; r < p.options; ++r)
        for (int i = 0; i < p.densityRows; ++i)
            m_optionBlocks.push_back(p.blocks[std::size_t(i) * p.options + r]);
}

void ItemOracle::measureCosts() {
    double span = 0, size = 0;
    for (int u = 0; u < m_problem.units; ++u) {
        double least = kInfinity, most = -kInfinity;
        for (int r : m_allowed[m_signatureOf[u]]) {
            least = std::min(least, m_problem.cost[m_problem.at(u, r)]);
            most = std::max(most, m_problem.cost[m_problem.at(u, r)]);
        }
        if (most < least) continue;
        span += most - least;
        size += std::max(std::abs(least), std::abs(most));
    }
    m_costSpan = span > 0 ? span : 1;
    m_costSize = size > 0 ? size : 1;
}

void ItemOracle::price(const std::vector<double>& multipliers) {
    const Problem& p = m_problem;
    std::fill(m_term.begin(), m_term.end(), 0.0);
    for (int i = 0; i < p.densityRows; ++i) {
        const double factor = multipliers[i] / p.rows[i].scale;
        if (factor == 0) continue;
        const double* blocks = p.blocks.data() + std::size_t(i) * p.options;
        for (int r = 0; r < p.options; ++r) m_term[r] += factor * blocks[r];
    }
    std::fill(m_weight.begin(), m_weight.end(), kInfinity);
    for (std::size_t s = 0; s < m_allowed.size(); ++s)
        for (int r : m_allowed[s]) {
            const std::size_t at = s * m_classes + m_classOf[r];
            if (m_term[r] >= m_weight[at]) continue;
            m_weight[at] = m_term[r];
            m_cheapest[at] = r;
        }
    if (p.rowCount() == p.densityRows) return;
    m_effective = m_cost;
    for (int i = p.densityRows; i < p.rowCount(); ++i) {
        const double factor = multipliers[i] / p.rows[i].scale;
        if (factor == 0) continue;
        const double* losses = m_loss.data() + std::size_t(i - p.densityRows) * m_cost.size();
        for (std::size_t k = 0; k < m_cost.size(); ++k) m_effective[k] += factor * losses[k];
    }
}

double ItemOracle::boundTerm(const std::vector<double>& multipliers) const {
    double term = 0;
    for (int i = 0; i < m_problem.rowCount(); ++i) {
        const Row& row = m_problem.rows[i];
        if (multipliers[i] != 0) term += multipliers[i] * (multipliers[i] > 0 ? row.hi : row.lo) / row.scale;
    }
    return term;
}

double ItemOracle::chooseUnits(std::vector<int>& choice) {
    const int units = m_problem.units;
    std::fill(m_best.begin(), m_best.end(), kInfinity);
    if (m_allowed.size() == 1) {
        for (int c = 0; c < m_classes; ++c)
            if (m_weight[c] < kInfinity)
                lowerTo(m_effective.data() + std::size_t(c) * units, m_weight[c], m_cheapest[c], units,
                        m_best.data(), m_bestOption.data());
    } else {
        for (int u = 0; u < units; ++u) {
            const std::size_t s = std::size_t(m_signatureOf[u]) * m_classes;
            for (int c = 0; c < m_classes; ++c) {
                const double value = m_effective[std::size_t(c) * units + u] + m_weight[s + c];
                if (value >= m_best[u]) continue;
                m_best[u] = value;
                m_bestOption[u] = m_cheapest[s + c];
            }
        }
    }
    m_itemValue = m_best;
    choice = m_bestOption;
    return std::accumulate(m_best.begin(), m_best.end(), 0.0);
}

void ItemOracle::layerPrices(int layer) {
    const int first = m_problem.layerStart[layer], heads = m_problem.layerStart[layer + 1] - first;
    const std::size_t s = std::size_t(m_layerSignature[layer]) * m_classes;
    for (int c = 0; c < m_classes; ++c) {
        const double* effective = m_effective.data() + std::size_t(c) * m_problem.units + first;
        double* out = m_layerPrice.data() + std::size_t(c) * m_padded;
        for (int u = 0; u < heads; ++u) out[u] = effective[u] + m_weight[s + c];
    }
}

double ItemOracle::choosePlain(int layer, int* choice) {
    layerPrices(layer);
    const int heads = m_problem.layerStart[layer + 1] - m_problem.layerStart[layer];
    BestPair best;
    if (m_problem.rulesPerLayer == 2) {
        best = bestPair(m_layerPrice.data(), m_classes, m_padded);
    } else {
        for (int c = 0; c < m_classes; ++c) {
            const double* row = m_layerPrice.data() + std::size_t(c) * m_padded;
            const double total = std::accumulate(row, row + heads, 0.0);
            if (total < best.total) best = {total, c, c};
        }
    }
    if (best.a < 0) return kInfinity;
    const double *pa = m_layerPrice.data() + std::size_t(best.a) * m_padded,
                 *pb = m_layerPrice.data() + std::size_t(best.b) * m_padded;
    const std::size_t s = std::size_t(m_layerSignature[layer]) * m_classes;
    for (int u = 0; u < heads; ++u) choice[u] = m_cheapest[s + (pa[u] <= pb[u] ? best.a : best.b)];
    return best.total;
}

double ItemOracle::chooseMixed(int layer, int* choice) {
    const Problem& p = m_problem;
    const int first = p.layerStart[layer], heads = p.layerStart[layer + 1] - first;
    m_unitPrices.assign(std::size_t(heads) * p.options, kInfinity);
    for (int u = 0; u < heads; ++u)
        for (int r : m_allowed[m_signatureOf[first + u]])
            m_unitPrices[std::size_t(u) * p.options + r] =
                m_effective[std::size_t(m_classOf[r]) * p.units + first + u] + m_term[r];
    return m_layerChoice.choose(m_unitPrices.data(), heads, choice);
}

double ItemOracle::chooseLayer(int layer, int* choice) {
    const double value = plainLayer(layer) ? choosePlain(layer, choice) : chooseMixed(layer, choice);
    m_itemValue[layer] = value;
    return value;
}

double ItemOracle::evaluate(const std::vector<double>& multipliers, OraclePlan& plan) {
    const Problem& p = m_problem;
    price(multipliers);
    plan.choice.assign(p.units, 0);
    double total = 0;
    if (m_byLayer)
        for (int l = 0; l < p.layers() && total < kInfinity; ++l)
            total += chooseLayer(l, plan.choice.data() + p.layerStart[l]);
    else
        total = chooseUnits(plan.choice);
    if (total == kInfinity) return kInfinity;
    plan.cost = 0;
    std::vector<int> users(p.options, 0);
    plan.sums.assign(p.rowCount(), 0.0);
    for (int u = 0; u < p.units; ++u) {
        const int r = plan.choice[u];
        ++users[r];
        plan.cost += m_cost[std::size_t(m_classOf[r]) * p.units + u];
        for (int i = p.densityRows; i < p.rowCount(); ++i) plan.sums[i] += p.coefficient(i, u, r);
    }
    for (int i = 0; i < p.densityRows; ++i)
        for (int r = 0; r < p.options; ++r)
            if (users[r]) plan.sums[i] += users[r] * p.blocks[std::size_t(i) * p.options + r];
    return total - boundTerm(multipliers);
}

void ItemOracle::draftUnit(int unit, double threshold) {
    const Problem& p = m_problem;
    const int lossRows = p.rowCount() - p.densityRows;
    const std::size_t s = std::size_t(m_signatureOf[unit]) * m_classes;
    for (int c = 0; c < m_classes; ++c) {
        const double base = m_effective[std::size_t(c) * p.units + unit] - m_itemValue[unit];
        if (base + m_weight[s + c] > threshold) continue;
        const int losses = static_cast<int>(m_draftLosses.size());
        for (int i = 0; i < lossRows; ++i)
            m_draftLosses.push_back(m_loss[std::size_t(i) * m_cost.size() + std::size_t(c) * p.units + unit]);
        const double cost = m_cost[std::size_t(c) * p.units + unit];
        for (int r : m_members[s + c]) {
            if (base + m_term[r] > threshold) break;
            const auto code = static_cast<std::uint16_t>(r);
            m_drafts.push_back({base + m_term[r], cost, {code, code, 0}, losses});
        }
    }
}

bool ItemOracle::orderHeads(int layer, int a, int b, std::vector<int>& order, int& least, int& most) const {
    const Problem& p = m_problem;
    const int first = p.layerStart[layer], heads = p.layerStart[layer + 1] - first;
    order.resize(heads);
    std::iota(order.begin(), order.end(), 0);
    least = 0;
    most = heads;
    if (m_classOf[a] == m_classOf[b] && plainLayer(layer)) return true;
    const double *ea = m_effective.data() + std::size_t(m_classOf[a]) * p.units + first,
                 *eb = m_effective.data() + std::size_t(m_classOf[b]) * p.units + first;
    std::vector<double> saving(heads);
    for (int u = 0; u < heads; ++u) {
        saving[u] = eb[u] - ea[u];
        if (plainLayer(layer)) continue;
        const bool canA = p.allowed[p.at(first + u, a)], canB = p.allowed[p.at(first + u, b)];
        if (!canA && !canB) return false;
        if (!canA) saving[u] = -kInfinity, ++least;
        if (!canB) saving[u] = kInfinity, --most;
    }
    std::sort(order.begin(), order.end(),
              [&](int x, int y) { return std::pair(saving[x], x) < std::pair(saving[y], y); });
    return true;
}

void ItemOracle::scanPair(int layer, int a, int b) {
    const Problem& p = m_problem;
    const int first = p.layerStart[layer], heads = p.layerStart[layer + 1] - first;
    const int lossRows = p.rowCount() - p.densityRows;
    m_pair.serves = orderHeads(layer, a, b, m_pair.order, m_pair.least, m_pair.most);
    if (!m_pair.serves) return;
    m_pair.effective.assign(heads + 1, 0.0);
    m_pair.cost.assign(heads + 1, 0.0);
    m_pair.losses.assign(std::size_t(heads + 1) * lossRows, 0.0);
    const std::size_t ca = std::size_t(m_classOf[a]) * p.units + first,
                      cb = std::size_t(m_classOf[b]) * p.units + first;
    const auto scan = [&](const double* table, double* sums, int stride) {
        for (int u = 0; u < heads; ++u) sums[0] += table[ca + u];
        for (int k = 0; k < heads; ++k) {
            const int u = m_pair.order[k];
            sums[(k + 1) * stride] = sums[k * stride] + (table[cb + u] - table[ca + u]);
        }
    };
    scan(m_effective.data(), m_pair.effective.data(), 1);
    scan(m_cost.data(), m_pair.cost.data(), 1);
    for (int i = 0; i < lossRows; ++i)
        scan(m_loss.data() + std::size_t(i) * m_cost.size(), m_pair.losses.data() + i, lossRows);
}

/// All counts of heads on b for one pair of rules, a ≤ b (equal: one rule for all), after scanPair of their
/// classes.
void ItemOracle::draftPair(int layer, int a, int b, double threshold) {
    const Problem& p = m_problem;
    const int heads = p.layerStart[layer + 1] - p.layerStart[layer], lossRows = p.rowCount() - p.densityRows;
    // One rule alone is the pair (a, a).
    const int first = a == b ? 0 : std::max(1, m_pair.least);
    const int last = a == b ? 0 : std::min(heads - 1, m_pair.most);
    if (m_pair.least > last) return;
    for (int count = first; count <= last; ++count) {
        const double price =
            m_pair.effective[count] + (heads - count) * m_term[a] + count * m_term[b] - m_itemValue[layer];
        if (price > threshold) continue;
        const int losses = static_cast<int>(m_draftLosses.size());
        const auto from = m_pair.losses.begin() + std::ptrdiff_t(count) * lossRows;
        m_draftLosses.insert(m_draftLosses.end(), from, from + lossRows);
        m_drafts.push_back({price,
                            m_pair.cost[count],
                            {static_cast<std::uint16_t>(a), static_cast<std::uint16_t>(b),
                             static_cast<std::uint16_t>(count)},
                            losses});
    }
}

void ItemOracle::draftLayer(int layer, double threshold) {
    const int options = m_problem.options, heads = m_problem.layerStart[1];
    const bool pairs = m_problem.rulesPerLayer == 2;
    if (!plainLayer(layer)) {
        for (int a = 0; a < options; ++a)
            for (int b = a; b < (pairs ? options : a + 1); ++b) {
                scanPair(layer, a, b);
                if (m_pair.serves) draftPair(layer, a, b, threshold);
            }
        return;
    }
    layerPrices(layer);
    const std::size_t s = std::size_t(m_layerSignature[layer]) * m_classes;
    // Above the slack, rounding alone could hide an option at the threshold.
    const double room = threshold + 1e-12 * m_costSize;
    for (int c = 0; c < m_classes; ++c)
        for (int d = c; d < (pairs ? m_classes : c + 1); ++d) {
            const std::vector<int>&as = m_members[s + c], &bs = m_members[s + d];
            if (as.empty() || bs.empty() ||
                pairTotal(m_layerPrice.data() + std::size_t(c) * m_padded,
                          m_layerPrice.data() + std::size_t(d) * m_padded,
                          m_padded) > m_itemValue[layer] + room)
                continue;
            scanPair(layer, as[0], bs[0]);
            for (int a : as)
                for (int b : bs) {
                    if (c == d && (b < a || (!pairs && a != b))) continue;
                    // Every head pays at least the lesser term above its class's cheapest.
                    const double more = std::min(m_term[a] - m_weight[s + c], m_term[b] - m_weight[s + d]);
                    if (heads * more <= room) draftPair(layer, a, b, threshold);
                }
        }
}

void ItemOracle::addDrafts(ItemPool& pool) {
    const Problem& p = m_problem;
    const auto key = [](const Draft& d) { return std::tuple(d.price, d.code.a, d.code.b, d.code.count); };
    std::sort(m_drafts.begin(), m_drafts.end(),
              [&](const Draft& x, const Draft& y) { return key(x) < key(y); });
    const int heads = m_byLayer ? p.layerStart[1] : 1;
    for (const Draft& draft : m_drafts) {
        pool.price.push_back(std::max(0.0, draft.price));
        pool.cost.push_back(draft.cost);
        pool.code.push_back(draft.code);
        const double* a = m_optionBlocks.data() + std::size_t(draft.code.a) * p.densityRows;
        const double* b = m_optionBlocks.data() + std::size_t(draft.code.b) * p.densityRows;
        for (int i = 0; i < p.densityRows; ++i)
            pool.sums.push_back((heads - draft.code.count) * a[i] + draft.code.count * b[i]);
        for (int i = p.densityRows; i < p.rowCount(); ++i)
            pool.sums.push_back(m_draftLosses[std::size_t(draft.losses) + i - p.densityRows]);
    }
    m_drafts.clear();
    m_draftLosses.clear();
    pool.start.push_back(pool.size());
}

void ItemOracle::fillPool(const std::vector<double>& multipliers, double threshold, int most,
                          ItemPool& pool) {
    OraclePlan plan;
    pool.bound = evaluate(multipliers, plan);
    pool.rows = m_problem.rowCount();
    for (std::vector<int>& members : m_members)
        std::sort(members.begin(), members.end(),
                  [&](int a, int b) { return std::pair(m_term[a], a) < std::pair(m_term[b], b); });
    // Below this, rounding could leave an item without its own cheapest option.
    const double least = 1e-12 * m_costSize;
    for (pool.threshold = std::max(threshold, least);; pool.threshold /= 2) {
        pool.start.assign(1, 0);
        pool.price.clear(), pool.cost.clear(), pool.sums.clear(), pool.code.clear();
        bool full = false;
        for (int i = 0; i < items() && !full; ++i) {
            m_byLayer ? draftLayer(i, pool.threshold) : draftUnit(i, pool.threshold);
            addDrafts(pool);
            full = pool.size() > most && pool.threshold > 1e-9 * m_costSize;
        }
        if (!full) return;
    }
}

std::vector<int> ItemOracle::expand(const ItemPool& pool, const std::vector<int>& optionOfItem) const {
    std::vector<int> choice(m_problem.units), order;
    for (int i = 0; i < items(); ++i) {
        const ItemPool::Code code = pool.code[optionOfItem[i]];
        if (!m_byLayer) {
            choice[i] = code.a;
            continue;
        }
        const int first = m_problem.layerStart[i], heads = m_problem.layerStart[i + 1] - first;
        std::fill_n(choice.begin() + first, heads, code.a);
        if (code.count == 0) continue;
        int least = 0, last = 0; // of no interest: the count was checked when it was drafted
        orderHeads(i, code.a, code.b, order, least, last);
        for (int k = 0; k < code.count; ++k) choice[first + order[k]] = code.b;
    }
    return choice;
}

} // namespace moa
