#include "engine/search/row_labels.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa {

namespace {

constexpr std::size_t kDirectSlots = std::size_t{1} << 22;
constexpr std::uint32_t kEmpty = 0xffffffffu;
constexpr int kMostKeyed = 8;

struct Label {
    std::uint64_t key;
    double price;
    std::uint32_t parent;
    std::int32_t option;
};

/// Where the label of a key stands in the list being built. Small key spaces are an array, larger ones a hash
/// table.
class Slots {
public:
    void setKeySpace(std::uint64_t keys) {
        m_direct = keys <= kDirectSlots;
        if (m_direct) m_slots.assign(keys, kEmpty);
    }
    void begin(std::size_t expected) {
        if (m_direct) return;
        std::size_t size = 1024;
        while (size < 2 * expected) size *= 2;
        m_slots.assign(size, kEmpty);
        m_keys.resize(size);
    }
    /// The label's place, to be read and written.
    std::uint32_t& at(std::uint64_t key, std::size_t used) {
        if (m_direct) return m_slots[key];
        if (2 * (used + 1) > m_slots.size()) grow();
        const std::size_t mask = m_slots.size() - 1;
        std::size_t i = (key * 0x9e3779b97f4a7c15ull >> 20) & mask;
        while (m_slots[i] != kEmpty && m_keys[i] != key) i = (i + 1) & mask;
        m_keys[i] = key;
        return m_slots[i];
    }
    void end(const std::vector<Label>& labels) {
        if (m_direct)
            for (const Label& label : labels) m_slots[label.key] = kEmpty;
    }

private:
    void grow() {
        std::vector<std::uint32_t> slots(m_slots.size() * 2, kEmpty);
        std::vector<std::uint64_t> keys(slots.size());
        const std::size_t mask = slots.size() - 1;
        for (std::size_t k = 0; k < m_slots.size(); ++k) {
            if (m_slots[k] == kEmpty) continue;
            std::size_t i = (m_keys[k] * 0x9e3779b97f4a7c15ull >> 20) & mask;
            while (slots[i] != kEmpty) i = (i + 1) & mask;
            slots[i] = m_slots[k];
            keys[i] = m_keys[k];
        }
        m_slots.swap(slots);
        m_keys.swap(keys);
    }
    bool m_direct = false;
    std::vector<std::uint32_t> m_slots;
    std::vector<std::uint64_t> m_keys;
};

/// One keyed row in steps: sum = base + step · k.
struct KeyedRow {
    int row = 0;
    double base = 0, step = 1, price = 0; ///< price: multiplier per unit of the sum
    std::int64_t lo = 0, hi = 0;          ///< least and most k of a whole plan
    std::uint64_t stride = 1;             ///< of its k in a key
    std::uint64_t size = 1;
    std::vector<std::int64_t> restLeast, restMost; ///< [items + 1] of the items from there on
};

class RowLabelSearch {
public:
    RowLabelSearch(const Problem& problem, const ItemPool& pool, const std::vector<double>& multipliers,
                   double cutoff)
        : m_problem(problem), m_pool(pool), m_multipliers(multipliers), m_cutoff(cutoff) {}
    RowLabelsResult run(const std::vector<int>& rows, std::size_t work, int plans,
                        const SolveControl& control);

private:
    bool prepareRow(int row);
    bool prepareKeys();
    void prepareOptions();
    /// The least that unused room of the keyed rows will cost a partial plan; +∞ where it can meet a row no
    /// more.
    double roomCost(const std::int64_t* sums, int done) const;
    bool advance(int position, const std::vector<Label>& from, std::vector<Label>& to, std::size_t& work,
                 const SolveControl& control);
    std::vector<int> trace(const Label& last) const;
    void collect(const std::vector<Label>& last, int plans, RowLabelsResult& result) const;

    const Problem& m_problem;
    const ItemPool& m_pool;
    const std::vector<double>& m_multipliers;
    double m_cutoff;
    std::vector<KeyedRow> m_rows;
    std::vector<int> m_order; ///< items with a choice
    struct Step {
        double price;
        int option;
        std::int64_t sums[kMostKeyed];
    };
    std::vector<std::vector<Step>> m_steps; ///< [order] cheapest option per keyed sums
    struct Trace {
        std::uint32_t parent;
        std::int32_t option;
    };
    std::vector<std::vector<Trace>> m_trace;
    Slots m_slots;
};

bool whole(double v) {
    return v == std::floor(v) && std::abs(v) < 1e15;
}

bool RowLabelSearch::prepareRow(int row) {
    if (row >= m_problem.densityRows) return false;
    KeyedRow keyed;
    keyed.row = row;
    std::int64_t step = 0, span = 0;
    for (int item = 0; item < m_pool.items(); ++item) {
        double least = kInfinity, most = -kInfinity;
        for (int k = m_pool.start[item]; k < m_pool.start[item + 1]; ++k) {
            const double s = m_pool.sumsOf(k)[row];
            if (!whole(s)) return false;
            least = std::min(least, s);
            most = std::max(most, s);
        }
        for (int k = m_pool.start[item]; k < m_pool.start[item + 1]; ++k)
            step = std::gcd(step, static_cast<std::int64_t>(m_pool.sumsOf(k)[row] - least));
        keyed.base += least;
        span += static_cast<std::int64_t>(most - least);
    }
    keyed.step = static_cast<double>(std::max<std::int64_t>(1, step));
    const Row& limits = m_problem.rows[row];
    span /= std::max<std::int64_t>(1, step);
    keyed.hi = span;
    if (limits.hi < kInfinity)
        keyed.hi =
            std::min(span, static_cast<std::int64_t>(std::floor((limits.hi - keyed.base) / keyed.step)));
    keyed.lo = 0;
    if (limits.lo > -kInfinity)
        keyed.lo = std::max<std::int64_t>(
            0, static_cast<std::int64_t>(std::ceil((limits.lo - keyed.base) / keyed.step)));
    keyed.price = m_multipliers[row] / limits.scale;
    keyed.size = keyed.hi < 0 ? 0 : static_cast<std::uint64_t>(keyed.hi) + 1;
    m_rows.push_back(std::move(keyed));
    return true;
}

bool RowLabelSearch::prepareKeys() {
    std::uint64_t keys = 1;
    for (KeyedRow& row : m_rows) {
        if (row.size == 0) return true; // nothing fits; found out by the first label
        row.stride = keys;
        if (keys > (std::uint64_t{1} << 62) / row.size) return false;
        keys *= row.size;
    }
    m_slots.setKeySpace(keys);
    return true;
}

/// Items with a choice, fewest options first, and for each the cheapest option per keyed sums.
void RowLabelSearch::prepareOptions() {
    const std::size_t rows = m_rows.size();
    for (int item = 0; item < m_pool.items(); ++item) {
        std::vector<Step> steps;
        std::vector<double> least(rows, kInfinity);
        for (int k = m_pool.start[item]; k < m_pool.start[item + 1]; ++k)
            for (std::size_t i = 0; i < rows; ++i)
                least[i] = std::min(least[i], m_pool.sumsOf(k)[m_rows[i].row]);
        for (int k = m_pool.start[item]; k < m_pool.start[item + 1] && m_pool.price[k] < m_cutoff; ++k) {
            Step step{m_pool.price[k], k, {}};
            for (std::size_t i = 0; i < rows; ++i)
                step.sums[i] =
                    static_cast<std::int64_t>((m_pool.sumsOf(k)[m_rows[i].row] - least[i]) / m_rows[i].step);
            steps.push_back(step);
        }
        std::stable_sort(steps.begin(), steps.end(), [&](const Step& a, const Step& b) {
            return std::lexicographical_compare(a.sums, a.sums + rows, b.sums, b.sums + rows);
        });
        steps.erase(std::unique(steps.begin(), steps.end(),
                                [&](const Step& a, const Step& b) {
                                    return std::equal(a.sums, a.sums + rows, b.sums);
                                }),
                    steps.end());
        std::stable_sort(steps.begin(), steps.end(),
                         [](const Step& a, const Step& b) { return a.price < b.price; });
        m_order.push_back(item);
        m_steps.push_back(std::move(steps));
    }
    std::vector<int> by(m_order.size());
    std::iota(by.begin(), by.end(), 0);
    std::stable_sort(by.begin(), by.end(),
                     [&](int a, int b) { return m_steps[a].size() < m_steps[b].size(); });
    std::vector<std::vector<Step>> sorted;
    for (int k : by) sorted.push_back(std::move(m_steps[k]));
    m_steps.swap(sorted);
    m_order = std::move(by);
    for (std::size_t i = 0; i < rows; ++i) {
        KeyedRow& row = m_rows[i];
        row.restLeast.assign(m_order.size() + 1, 0);
        row.restMost.assign(m_order.size() + 1, 0);
        for (std::size_t p = m_order.size(); p-- > 0;) {
            std::int64_t low = m_steps[p].empty() ? 0 : m_steps[p][0].sums[i], high = low;
            for (const Step& s : m_steps[p]) {
                low = std::min(low, s.sums[i]);
                high = std::max(high, s.sums[i]);
            }
            row.restLeast[p] = row.restLeast[p + 1] + low;
            row.restMost[p] = row.restMost[p + 1] + high;
        }
    }
}

double RowLabelSearch::roomCost(const std::int64_t* sums, int done) const {
    double cost = 0;
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        const KeyedRow& row = m_rows[i];
        const std::int64_t low = sums[i] + row.restLeast[done], high = sums[i] + row.restMost[done];
        if (low > row.hi || high < row.lo) return kInfinity;
        const Row& limits = m_problem.rows[row.row];
        if (row.price > 0)
            cost += row.price * std::max(0.0, limits.hi - row.base -
                                                  row.step * static_cast<double>(std::min(high, row.hi)));
        if (row.price < 0)
            cost += row.price * std::min(0.0, limits.lo - row.base -
                                                  row.step * static_cast<double>(std::max(low, row.lo)));
    }
    return cost;
}

bool RowLabelSearch::advance(int position, const std::vector<Label>& from, std::vector<Label>& to,
                             std::size_t& work, const SolveControl& control) {
    const std::size_t rows = m_rows.size();
    m_slots.begin(from.size() * 2);
    to.clear();
    std::int64_t sums[kMostKeyed], next[kMostKeyed];
    for (std::size_t l = 0; l < from.size(); ++l) {
        if (l % 1024 == 0 && control.over()) return false;
        for (std::size_t i = 0; i < rows; ++i)
            sums[i] = static_cast<std::int64_t>(from[l].key / m_rows[i].stride % m_rows[i].size);
        for (const Step& step : m_steps[position]) {
            const double price = from[l].price + step.price;
            if (price >= m_cutoff) break;
            for (std::size_t i = 0; i < rows; ++i) next[i] = sums[i] + step.sums[i];
            if (price + roomCost(next, position + 1) >= m_cutoff) continue;
            std::uint64_t key = 0;
            for (std::size_t i = 0; i < rows; ++i)
                key += m_rows[i].stride * static_cast<std::uint64_t>(next[i]);
            std::uint32_t& slot = m_slots.at(key, to.size());
            if (slot == kEmpty) {
                slot = static_cast<std::uint32_t>(to.size());
                to.push_back({key, price, static_cast<std::uint32_t>(l), step.option});
            } else if (price < to[slot].price) {
                to[slot] = {key, price, static_cast<std::uint32_t>(l), step.option};
            }
        }
        if (to.size() > work) return false;
    }
    m_slots.end(to);
    work -= to.size();
    return true;
}

std::vector<int> RowLabelSearch::trace(const Label& last) const {
    std::vector<int> option(m_pool.items());
    std::uint32_t parent = last.parent;
    std::int32_t chosen = last.option;
    for (std::size_t p = m_order.size(); p-- > 0;) {
        option[m_order[p]] = chosen;
        if (p == 0) break;
        chosen = m_trace[p - 1][parent].option;
        parent = m_trace[p - 1][parent].parent;
    }
    return option;
}

void RowLabelSearch::collect(const std::vector<Label>& last, int plans, RowLabelsResult& result) const {
    std::vector<std::pair<double, std::size_t>> ends;
    for (std::size_t l = 0; l < last.size(); ++l) {
        std::int64_t sums[kMostKeyed];
        for (std::size_t i = 0; i < m_rows.size(); ++i)
            sums[i] = static_cast<std::int64_t>(last[l].key / m_rows[i].stride % m_rows[i].size);
        ends.push_back({last[l].price + roomCost(sums, static_cast<int>(m_order.size())), l});
    }
    std::sort(ends.begin(), ends.end());
    result.excess = ends.empty() ? m_cutoff : ends.front().first;
    for (std::size_t k = 0; k < ends.size() && k < std::size_t(plans); ++k)
        result.plans.push_back(trace(last[ends[k].second]));
}

RowLabelsResult RowLabelSearch::run(const std::vector<int>& rows, std::size_t work, int plans,
                                    const SolveControl& control) {
    RowLabelsResult result;
    if (rows.empty() || rows.size() > kMostKeyed) return result;
    for (int row : rows)
        if (!prepareRow(row)) return result;
    if (!prepareKeys()) return result;
    prepareOptions();
    result.excess = m_cutoff;
    const std::int64_t zero[kMostKeyed] = {};
    std::vector<Label> labels, next;
    if (roomCost(zero, 0) < m_cutoff) labels.push_back({0, 0, 0, 0});
    for (int p = 0; p < static_cast<int>(m_order.size()) && !labels.empty(); ++p) {
        if (!advance(p, labels, next, work, control)) return result;
        std::vector<Trace>& trace = m_trace.emplace_back();
        for (const Label& label : next) trace.push_back({label.parent, label.option});
        labels.swap(next);
    }
    result.complete = true;
    collect(labels, plans, result);
    return result;
}

} // namespace

std::vector<int> rowsThatBind(const Problem& problem, const ItemPool& pool) {
    std::vector<int> binding;
    for (int row = 0; row < problem.rowCount(); ++row) {
        double least = 0, most = 0;
        for (int item = 0; item < pool.items(); ++item) {
            double low = kInfinity, high = -kInfinity;
            for (int k = pool.start[item]; k < pool.start[item + 1]; ++k) {
                low = std::min(low, pool.sumsOf(k)[row]);
                high = std::max(high, pool.sumsOf(k)[row]);
            }
            least += low;
            most += high;
        }
        if (problem.violation(row, least) > 0 || problem.violation(row, most) > 0) binding.push_back(row);
    }
    return binding;
}

RowLabelsResult searchRowLabels(const Problem& problem, const ItemPool& pool,
                                const std::vector<double>& multipliers, const std::vector<int>& rows,
                                double cutoff, std::size_t work, int plans, const SolveControl& control) {
    return RowLabelSearch(problem, pool, multipliers, cutoff).run(rows, work, plans, control);
}

} // namespace moa
