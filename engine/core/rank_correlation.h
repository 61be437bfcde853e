// Spearman's rank correlation.
#pragma once

#include <vector>

namespace moa {

/// Rank correlation of equally long vectors; ties share their mean rank. NaN where one is constant or empty.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

} // namespace moa
