// Why no plan meets all limits: which of them, and how near a plan can come. Private to engine/search.
#pragma once

#include "engine/search/solver.h"

#include <string>

namespace moa {

/// One or two sentences for people. Spends at most what is left to `control`.
std::string explainInfeasible(const SearchInstance& instance, const SearchOptions& options,
                              const Problem& problem, const SolveControl& control);

} // namespace moa
