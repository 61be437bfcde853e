// Plans as the published MoA code has them (arXiv 2406.14909): {"alphas": [[…H] …L], "betas": [[…H] …L]},
// nothing else, one rule per query head.
#pragma once

#include "engine/plan/plan_file.h"

namespace moa {

/// Reads a published plan without loss and gives it a passport (the sink, the KV heads, where it came from).
/// `kvHeads` as in readPlan(). A file that has a passport already keeps it.
PlanFile importPublished(const std::string& path, std::optional<int> kvHeads);

/// Only "alphas" and "betas": what the published tools write. The sink (they always use 64) and the passport
/// are left out.
std::string publishedText(const SparsePlan& plan);

/// Writes publishedText() atomically. Throws FileError.
void exportPublished(const std::string& path, const SparsePlan& plan);

} // namespace moa
