#include "engine/search/dual_master.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace moa {

namespace {
constexpr double kPriceTolerance = 1e-10;
constexpr double kPivotTolerance = 1e-11;
constexpr int kDantzigPivots = 200;
constexpr int kMaxPivots = 600;
} // namespace

DualMaster::DualMaster(std::vector<double> lo, std::vector<double> hi)
    : m_rows(static_cast<int>(lo.size())), m_lo(std::move(lo)), m_hi(std::move(hi)),
      m_boxLow(m_lo.size(), -1.0), m_boxHigh(m_lo.size(), 1.0), m_basic(3 * m_lo.size(), 0),
      m_atHigh(m_lo.size(), 0), m_lambda(m_lo.size(), 0.0) {}

int DualMaster::addColumn(double cost, std::span<const double> sums) {
    m_costs.push_back(cost);
    m_sums.insert(m_sums.end(), sums.begin(), sums.end());
    m_basic.push_back(0);
    if (m_costs.size() == 1) makeFirstBasis();
    return static_cast<int>(m_costs.size()) - 1;
}

void DualMaster::setBox(std::span<const double> center, double radius) {
    for (int r = 0; r < m_rows; ++r) {
        m_boxLow[r] = center[r] - radius;
        m_boxHigh[r] = center[r] + radius;
    }
}

double DualMaster::costOf(int variable) const {
    if (variable < m_rows) return 0;
    if (variable < 2 * m_rows) return -m_boxLow[variable - m_rows];
    if (variable < 3 * m_rows) return m_boxHigh[variable - 2 * m_rows];
    return m_costs[variable - 3 * m_rows];
}

void DualMaster::columnOf(int variable, double* out) const {
    std::fill(out, out + m_rows + 1, 0.0);
    if (variable < 3 * m_rows) {
        const bool raises = variable >= m_rows && variable < 2 * m_rows;
        out[variable % m_rows] = raises ? 1 : -1;
        return;
    }
    const double* sums = m_sums.data() + std::size_t(variable - 3 * m_rows) * m_rows;
    std::copy(sums, sums + m_rows, out);
    out[m_rows] = 1;
}

void DualMaster::makeFirstBasis() {
    m_basis.assign(m_rows + 1, plan(0));
    for (int r = 0; r < m_rows; ++r) {
        const double a = m_sums[r];
        m_atHigh[r] = a > m_hi[r];
        m_basis[r] = a > m_hi[r] ? lower(r) : a < m_lo[r] ? raise(r) : slack(r);
    }
    for (int variable : m_basis) m_basic[variable] = 1;
}

void DualMaster::refactor() {
    const int n = m_rows + 1;
    std::vector<double> work(std::size_t(n) * 2 * n, 0.0), column(n);
    for (int j = 0; j < n; ++j) {
        columnOf(m_basis[j], column.data());
        for (int i = 0; i < n; ++i) work[std::size_t(i) * 2 * n + j] = column[i];
        work[std::size_t(j) * 2 * n + n + j] = 1;
    }
    for (int k = 0; k < n; ++k) {
        int best = k;
        for (int i = k + 1; i < n; ++i)
            if (std::abs(work[std::size_t(i) * 2 * n + k]) > std::abs(work[std::size_t(best) * 2 * n + k]))
                best = i;
        if (best != k)
            std::swap_ranges(work.begin() + std::size_t(k) * 2 * n, work.begin() + std::size_t(k + 1) * 2 * n,
                             work.begin() + std::size_t(best) * 2 * n);
        double* pivotRow = work.data() + std::size_t(k) * 2 * n;
        // A basis the pivots kept regular can only be singular by rounding; a tiny pivot keeps the numbers
        // finite.
        const double p = std::abs(pivotRow[k]) > 1e-300 ? pivotRow[k] : 1e-300;
        for (int j = 0; j < 2 * n; ++j) pivotRow[j] /= p;
        for (int i = 0; i < n; ++i) {
            double* row = work.data() + std::size_t(i) * 2 * n;
            const double f = row[k];
            if (i == k || f == 0) continue;
            for (int j = 0; j < 2 * n; ++j) row[j] -= f * pivotRow[j];
        }
    }
    m_inverse.resize(std::size_t(n) * n);
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) m_inverse[std::size_t(i) * n + j] = work[std::size_t(i) * 2 * n + n + j];
    m_x.assign(n, 0.0);
    for (int i = 0; i < n; ++i) {
        m_x[i] = m_inverse[std::size_t(i) * n + m_rows];
        for (int r = 0; r < m_rows; ++r)
            if (!m_basic[slack(r)])
                m_x[i] += m_inverse[std::size_t(i) * n + r] * (m_atHigh[r] ? m_hi[r] : m_lo[r]);
    }
}

void DualMaster::computeDuals() {
    const int n = m_rows + 1;
    m_duals.assign(n, 0.0);
    for (int i = 0; i < n; ++i) {
        const double c = costOf(m_basis[i]);
        if (c == 0) continue;
        for (int j = 0; j < n; ++j) m_duals[j] += c * m_inverse[std::size_t(i) * n + j];
    }
}

int DualMaster::chooseEntering(bool bland, int& direction) const {
    int best = -1;
    double bestPrice = 0;
    const auto offer = [&](int variable, double price, double tolerance, int sign) {
        if (price <= tolerance || (bland && best >= 0) || price <= bestPrice) return;
        best = variable;
        bestPrice = price;
        direction = sign;
    };
    double size = 1e-300;
    for (double c : m_costs) size = std::max(size, std::abs(c));
    for (int r = 0; r < m_rows; ++r) {
        const double pi = m_duals[r];
        const double tolerance = kPriceTolerance * std::max(size, std::abs(pi));
        if (!m_basic[slack(r)]) offer(slack(r), m_atHigh[r] ? pi : -pi, tolerance, m_atHigh[r] ? -1 : 1);
        if (!m_basic[raise(r)]) offer(raise(r), pi + m_boxLow[r], tolerance, 1);
        if (!m_basic[lower(r)]) offer(lower(r), -pi - m_boxHigh[r], tolerance, 1);
    }
    for (int j = 0; j < columnCount(); ++j) {
        if (m_basic[plan(j)]) continue;
        double reduced = m_costs[j] - m_duals[m_rows];
        double terms = size;
        for (int r = 0; r < m_rows; ++r) {
            const double t = m_duals[r] * m_sums[std::size_t(j) * m_rows + r];
            reduced -= t;
            terms = std::max(terms, std::abs(t));
        }
        offer(plan(j), -reduced, kPriceTolerance * terms, 1);
    }
    return best;
}

void DualMaster::pivot(int entering, int direction) {
    const int n = m_rows + 1;
    std::vector<double> column(n), move(n, 0.0);
    columnOf(entering, column.data());
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) move[i] += m_inverse[std::size_t(i) * n + j] * column[j];
    double step =
        entering < m_rows ? m_hi[entering] - m_lo[entering] : std::numeric_limits<double>::infinity();
    int leaving = -1;
    bool leavesHigh = false;
    for (int i = 0; i < n; ++i) {
        const double rate = -direction * move[i];
        if (std::abs(rate) <= kPivotTolerance) continue;
        const int variable = m_basis[i];
        const double low = variable < m_rows ? m_lo[variable] : 0.0;
        const double high = variable < m_rows ? m_hi[variable] : std::numeric_limits<double>::infinity();
        const double room = rate < 0 ? (m_x[i] - low) / -rate : (high - m_x[i]) / rate;
        const double limit = std::max(0.0, room);
        const bool better = limit < step - 1e-13 || (leaving >= 0 && limit <= step + 1e-13 &&
                                                     std::abs(move[i]) > std::abs(move[leaving]));
        if (!better) continue;
        step = std::min(step, limit);
        leaving = i;
        leavesHigh = rate > 0;
    }
    if (leaving < 0) { // the slack runs to its other bound
        if (entering >= m_rows) return;
        m_atHigh[entering] = !m_atHigh[entering];
        refactor();
        return;
    }
    const int gone = m_basis[leaving];
    if (gone < m_rows) m_atHigh[gone] = leavesHigh;
    m_basic[gone] = 0;
    m_basic[entering] = 1;
    m_basis[leaving] = entering;
    refactor();
}

bool DualMaster::solve() {
    refactor();
    bool optimal = false;
    for (int k = 0; k < kMaxPivots; ++k) {
        computeDuals();
        int direction = 1;
        const int entering = chooseEntering(k > kDantzigPivots, direction);
        if (entering < 0) {
            optimal = true;
            break;
        }
        pivot(entering, direction);
    }
    m_value = 0;
    for (int i = 0; i <= m_rows; ++i) m_value += costOf(m_basis[i]) * m_x[i];
    // The bound terms of nonbasic slacks cost nothing; the duals of the rows are −λ.
    for (int r = 0; r < m_rows; ++r) m_lambda[r] = std::clamp(-m_duals[r], m_boxLow[r], m_boxHigh[r]);
    return optimal;
}

bool DualMaster::boxActive() const {
    for (int i = 0; i <= m_rows; ++i)
        if (m_basis[i] >= m_rows && m_basis[i] < 3 * m_rows && m_x[i] > 1e-9) return true;
    return false;
}

std::vector<DualMaster::Weighted> DualMaster::mixture() const {
    std::vector<Weighted> result;
    for (int i = 0; i <= m_rows; ++i)
        if (m_basis[i] >= 3 * m_rows && m_x[i] > 1e-9) result.push_back({m_basis[i] - 3 * m_rows, m_x[i]});
    return result;
}

} // namespace moa
