#include "engine/search/label_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <utility>

namespace moa {

namespace {

/// A partial plan: its sums packed into one number, what it costs, and where it came from.
struct Label {
    std::uint64_t key = 0;
    double cost = 0;
    std::uint32_t parent = 0;
    std::uint16_t option = 0;
};

class LabelSearch {
public:
    LabelSearch(const Problem& problem, const OptionSets& sets,
                const std::vector<std::vector<double>>& multipliers, double cutoff)
        : m_problem(problem), m_sets(sets), m_multipliers(multipliers), m_cutoff(cutoff),
          m_rows(problem.rowCount()) {}

    LabelResult run(std::size_t work, const SolveControl& control);

private:
    bool prepare();
    void prepareBounds();
    bool promising(const std::int64_t* sums, double cost, int done) const;
    void unpack(std::uint64_t key, std::int64_t* sums) const;
    std::uint64_t pack(const std::int64_t* sums) const;
    LabelResult trace(const Label& last) const;

    struct Trace {
        std::uint32_t parent;
        std::uint16_t option;
    };

    const Problem& m_problem;
    const OptionSets& m_sets;
    const std::vector<std::vector<double>>& m_multipliers;
    double m_cutoff;
    int m_rows;
    std::vector<int> m_order;                  ///< units, fewest options first
    std::vector<int> m_shift;                  ///< [rows] place of a row's sum in a key
    std::vector<std::int64_t> m_lo, m_hi;      ///< [rows]
    std::vector<std::int64_t> m_blocks;        ///< [options][rows]
    std::vector<std::int64_t> m_least, m_most; ///< [units + 1][rows] what the units still to come can add
    std::vector<double> m_restCost;            ///< [multipliers][units + 1] least price to come − row term
    std::vector<double> m_price;               ///< [multipliers][rows] per unscaled sum
    std::vector<std::vector<Trace>> m_trace;   ///< [units done]
};

bool LabelSearch::prepare() {
    const Problem& p = m_problem;
    if (p.rulesPerLayer > 0 || m_rows > p.densityRows) return false;
    if (std::any_of(p.rows.begin(), p.rows.end(), [](const Row& row) { return row.tolerance > 0; }))
        return false;
    m_order.resize(p.units);
    std::iota(m_order.begin(), m_order.end(), 0);
    std::stable_sort(m_order.begin(), m_order.end(),
                     [&](int a, int b) { return m_sets.count(a) < m_sets.count(b); });
    m_blocks.resize(std::size_t(p.options) * m_rows);
    for (int r = 0; r < p.options; ++r)
        for (int i = 0; i < m_rows; ++i)
            m_blocks[std::size_t(r) * m_rows + i] = std::llround(p.coefficient(i, 0, r));
    m_least.assign(std::size_t(p.units + 1) * m_rows, 0);
    m_most = m_least;
    int bits = 0;
    for (int i = 0; i < m_rows; ++i) {
        for (int k = p.units; k-- > 0;) {
            const int u = m_order[k];
            std::int64_t least = INT64_MAX, most = 0;
            for (int j = m_sets.start[u]; j < m_sets.start[u + 1]; ++j) {
                const std::int64_t a = m_blocks[std::size_t(m_sets.options[j]) * m_rows + i];
                least = std::min(least, a);
                most = std::max(most, a);
            }
            m_least[std::size_t(k) * m_rows + i] = m_least[std::size_t(k + 1) * m_rows + i] + least;
            m_most[std::size_t(k) * m_rows + i] = m_most[std::size_t(k + 1) * m_rows + i] + most;
        }
        m_shift.push_back(bits);
        bits += static_cast<int>(std::bit_width(static_cast<std::uint64_t>(m_most[i])));
        const Row& row = p.rows[i];
        m_lo.push_back(std::isinf(row.lo) ? 0 : std::llround(row.lo));
        m_hi.push_back(std::isinf(row.hi) ? INT64_MAX / 4 : std::llround(row.hi));
    }
    return bits < 64;
}

void LabelSearch::prepareBounds() {
    const Problem& p = m_problem;
    m_restCost.assign(m_multipliers.size() * (p.units + 1), 0.0);
    m_price.resize(m_multipliers.size() * m_rows);
    for (std::size_t m = 0; m < m_multipliers.size(); ++m) {
        double* rest = m_restCost.data() + m * (p.units + 1);
        double* price = m_price.data() + m * m_rows;
        for (int i = 0; i < m_rows; ++i) {
            price[i] = m_multipliers[m][i] / p.rows[i].scale;
            if (price[i] != 0) rest[p.units] -= price[i] * (price[i] > 0 ? p.rows[i].hi : p.rows[i].lo);
        }
        for (int k = p.units; k-- > 0;) {
            const int u = m_order[k];
            double least = kInfinity;
            for (int j = m_sets.start[u]; j < m_sets.start[u + 1]; ++j) {
                const int r = m_sets.options[j];
                double value = p.cost[p.at(u, r)];
                for (int i = 0; i < m_rows; ++i)
                    value += price[i] * static_cast<double>(m_blocks[std::size_t(r) * m_rows + i]);
                least = std::min(least, value);
            }
            rest[k] = rest[k + 1] + least;
        }
    }
}

/// Whether a partial plan over the first `done` units can still meet the rows and stay below the cutoff.
bool LabelSearch::promising(const std::int64_t* sums, double cost, int done) const {
    const std::int64_t* least = m_least.data() + std::size_t(done) * m_rows;
    const std::int64_t* most = m_most.data() + std::size_t(done) * m_rows;
    for (int i = 0; i < m_rows; ++i)
        if (sums[i] + least[i] > m_hi[i] || sums[i] + most[i] < m_lo[i]) return false;
    for (std::size_t m = 0; m < m_multipliers.size(); ++m) {
        double bound = cost + m_restCost[m * (m_problem.units + 1) + done];
        for (int i = 0; i < m_rows; ++i) bound += m_price[m * m_rows + i] * static_cast<double>(sums[i]);
        if (bound >= m_cutoff) return false;
    }
    return true;
}

void LabelSearch::unpack(std::uint64_t key, std::int64_t* sums) const {
    for (int i = 0; i < m_rows; ++i) {
        const std::uint64_t rest = key >> m_shift[i];
        const int width = (i + 1 < m_rows ? m_shift[i + 1] : 64) - m_shift[i];
        sums[i] = static_cast<std::int64_t>(width >= 64 ? rest : rest & ((std::uint64_t{1} << width) - 1));
    }
}

std::uint64_t LabelSearch::pack(const std::int64_t* sums) const {
    std::uint64_t key = 0;
    for (int i = 0; i < m_rows; ++i) key |= static_cast<std::uint64_t>(sums[i]) << m_shift[i];
    return key;
}

LabelResult LabelSearch::trace(const Label& last) const {
    LabelResult result{true, std::vector<int>(m_problem.units)};
    std::uint32_t parent = last.parent;
    std::uint16_t option = last.option;
    for (int k = m_problem.units; k-- > 0;) {
        result.choice[m_order[k]] = option;
        if (k == 0) break;
        option = m_trace[k - 1][parent].option;
        parent = m_trace[k - 1][parent].parent;
    }
    return result;
}

LabelResult LabelSearch::run(std::size_t work, const SolveControl& control) {
    if (!prepare()) return {};
    prepareBounds();
    std::vector<Label> labels(1), next;
    std::int64_t sums[kMaxRows], sum[kMaxRows];
    for (int k = 0; k < m_problem.units; ++k) {
        next.clear();
        const int u = m_order[k];
        for (std::size_t from = 0; from < labels.size(); ++from) {
            unpack(labels[from].key, sums);
            for (int j = m_sets.start[u]; j < m_sets.start[u + 1]; ++j) {
                const std::uint16_t r = m_sets.options[j];
                for (int i = 0; i < m_rows; ++i) sum[i] = sums[i] + m_blocks[std::size_t(r) * m_rows + i];
                const double cost = labels[from].cost + m_problem.cost[m_problem.at(u, r)];
                if (promising(sum, cost, k + 1))
                    next.push_back({pack(sum), cost, static_cast<std::uint32_t>(from), r});
            }
            if (next.size() > work || (from % 4096 == 0 && control.over())) return {};
        }
        work -= next.size();
        std::sort(next.begin(), next.end(), [](const Label& a, const Label& b) {
            return std::tie(a.key, a.cost, a.parent, a.option) < std::tie(b.key, b.cost, b.parent, b.option);
        });
        next.erase(std::unique(next.begin(), next.end(),
                               [](const Label& a, const Label& b) { return a.key == b.key; }),
                   next.end());
        if (next.empty()) return {true, {}};
        std::vector<Trace>& trace = m_trace.emplace_back();
        for (const Label& label : next) trace.push_back({label.parent, label.option});
        labels.swap(next);
    }
    return trace(*std::min_element(labels.begin(), labels.end(),
                                   [](const Label& a, const Label& b) { return a.cost < b.cost; }));
}

} // namespace

LabelResult searchLabels(const Problem& problem, const OptionSets& sets,
                         const std::vector<std::vector<double>>& multipliers, double cutoff, std::size_t work,
                         const SolveControl& control) {
    return LabelSearch(problem, sets, multipliers, cutoff).run(work, control);
}

} // namespace moa
