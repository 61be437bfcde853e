// What the last solve says about its limits and heads. Private to engine/search.
#pragma once

#include "engine/search/problem.h"
#include "engine/search/search_session.h"

#include <vector>

namespace moa {

/// Prices of the rows whose multiplier is not zero, dearest step first. `multipliers` [rows], per scaled row.
std::vector<ShadowPrice> pricesOf(const Problem& problem, const std::vector<double>& multipliers);

/// Per group of `choice`: the next wider and narrower rule that pins allow.
std::vector<HeadSensitivity> sensitivitiesOf(const SearchInstance& instance, const SearchOptions& options,
                                             const Problem& problem, const std::vector<int>& choice);

} // namespace moa
