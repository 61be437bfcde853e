// The search as a multiple-choice problem, for the solvers: units choose one option each, rows bound sums.
// Private to engine/search. A unit is what shares a rule (a KV head, a layer or the model); an option is one
// of the instance's rules. Density rows hold whole numbers, so their feasibility is exact.
#pragma once

#include "engine/search/search.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace moa {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Most rows (density and loss limits together) a search may have.
inline constexpr int kMaxRows = 32;

/// Σ over units of the chosen coefficients, within [lo, hi].
struct Row {
    std::string name;                       ///< for people: "density at 4096"
    double lo = -kInfinity, hi = kInfinity; ///< of density rows: moved in to sums that options can have
    double askedLo = -kInfinity, askedHi = kInfinity;
    double tolerance = 0; ///< 0: exact whole numbers
    double scale = 1;     ///< typical size of a sum, to compare rows
    bool density = true;  ///< coefficients depend on the option alone
    int length = 0;
    std::string unit = "density"; ///< what people read: density, bytes, s, nats
    double perUnit = 1;           ///< of that unit in 1 of a sum
};

struct Problem {
    int units = 0;
    int options = 0;
    int rulesPerLayer = 0;       ///< 0: no limit (also where it could not bind)
    std::vector<int> layerStart; ///< [layers + 1], units of one layer are contiguous
    std::vector<double> cost;    ///< [units][options], objective, nats
    std::vector<Row> rows;       ///< density rows first
    int densityRows = 0;
    std::vector<double> blocks;   ///< [densityRows][options], per unit
    std::vector<double> losses;   ///< [loss rows][units][options]
    std::vector<char> allowed;    ///< [units][options]
    std::vector<int> unitOfGroup; ///< [groups]

    int rowCount() const { return static_cast<int>(rows.size()); }
    int layers() const { return static_cast<int>(layerStart.size()) - 1; }
    std::size_t at(int unit, int option) const { return std::size_t(unit) * options + option; }
    double coefficient(int row, int unit, int option) const {
        if (row < densityRows) return blocks[std::size_t(row) * options + option];
        return losses[std::size_t(row - densityRows) * units * options + at(unit, option)];
    }
    /// [rows] sums of a choice [units].
    std::vector<double> sums(const std::vector<int>& choice) const;
    double objective(const std::vector<int>& choice) const;
    /// Amount by which `sum` misses a row, 0 within its tolerance.
    double violation(int row, double sum) const;
    /// A row whose limits exclude each other, −1: none.
    int emptyRow() const;
    /// Every row met, every option allowed, every layer within rulesPerLayer.
    bool feasible(const std::vector<int>& choice) const;
};

/// Throws UsageError where options and instance do not fit together.
Problem makeProblem(const SearchInstance& instance, const SearchOptions& options);

/// Gives `problem`, made from the same instance and options that differ in limits only, the limits of
/// `options`. False, with `problem` unchanged, where they bound other rows. Throws as makeProblem.
bool moveLimits(Problem& problem, const SearchInstance& instance, const SearchOptions& options);

/// The length whose loss is minimised (0 in the options: the longest). UsageError where it is not profiled.
int objectiveLengthOf(const SearchInstance& instance, const SearchOptions& options);

} // namespace moa
