// The master of the cutting-plane method: which multipliers look best, given the plans seen so far.
// Private to engine/search. A Dantzig–Wolfe master over whole plans (columns), with one bounded slack per row
// and two box columns per row that hold the multipliers in a trust region. A primal simplex with an explicit
// inverse: there are at most kMaxRows + 1 rows. Moving the box touches costs only, so the basis stays
// feasible.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace moa {

class DualMaster {
public:
    /// Rows lo ≤ Σ A ≤ hi; either side may be infinite, not both.
    DualMaster(std::vector<double> lo, std::vector<double> hi);

    /// Adds a plan: its cost and its row sums [rows]. Returns its index. The first one makes the basis.
    int addColumn(double cost, std::span<const double> sums);
    int columnCount() const { return static_cast<int>(m_costs.size()); }

    /// Multipliers are held within center ± radius. [rows], radius > 0.
    void setBox(std::span<const double> center, double radius);

    /// Optimises. False where the pivot limit was reached (the state is then usable but not optimal).
    bool solve();

    /// After solve: the best multipliers, [rows]; λ > 0 prices a sum that would exceed its hi.
    const std::vector<double>& multipliers() const { return m_lambda; }
    /// The model's value there: over the columns given, no multipliers in the box reach a better bound.
    double value() const { return m_value; }
    /// Whether the box holds the multipliers back.
    bool boxActive() const;

    struct Weighted {
        int column;
        double weight;
    };
    /// The plans whose weighted mean meets the rows (exactly so where the box is not active).
    std::vector<Weighted> mixture() const;

private:
    // Variables are numbered: slack r, raise r (box, lower side), lower r (box, upper side), then plan
    // columns.
    int slack(int r) const { return r; }
    int raise(int r) const { return m_rows + r; }
    int lower(int r) const { return 2 * m_rows + r; }
    int plan(int column) const { return 3 * m_rows + column; }
    double costOf(int variable) const;
    /// Coefficients of a variable in the n basis rows.
    void columnOf(int variable, double* out) const;
    void makeFirstBasis();
    void refactor();
    void computeDuals();
    /// Entering variable and its direction (±1), or −1.
    int chooseEntering(bool bland, int& direction) const;
    /// Moves the entering variable; false where nothing changed.
    void pivot(int entering, int direction);

    int m_rows;
    std::vector<double> m_lo, m_hi;
    std::vector<double> m_boxLow, m_boxHigh; ///< bounds of λ
    std::vector<double> m_costs;             ///< [columns]
    std::vector<double> m_sums;              ///< [columns][rows]
    std::vector<int> m_basis;                ///< [rows + 1]
    std::vector<char> m_basic;               ///< by variable
    std::vector<char> m_atHigh;              ///< [rows] a nonbasic slack sits at hi
    std::vector<double> m_inverse;           ///< [n][n]
    std::vector<double> m_x;                 ///< [n] basic values
    std::vector<double> m_duals;             ///< [n]
    std::vector<double> m_lambda;
    double m_value = 0;
};

} // namespace moa
