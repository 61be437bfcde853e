// Search instances made from a seed, with the shapes of known models: what benches and tests measure the
// solvers on where no profile is at hand. The losses mimic what profiles show: most heads are local, some
// need all of the text, some look at the sink only, and a few matter a hundred times more than the median.
// Non-goal: realism beyond that; a figure measured here says how fast a search is, not how good a plan.
#pragma once

#include "engine/search/search_instance.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moa {

/// What `moa bench search` and its tests name.
struct SyntheticShape {
    std::string name; ///< "moa-tiny", "smollm2", "llama-3-8b", "llama-7b", "llama-13b"
    int layers = 0, kvHeads = 0;
    int groups() const { return layers * kvHeads; }
};

/// moa-tiny 24 groups, smollm2 90, llama-3-8b 256, llama-7b 1,024, llama-13b 1,600.
const std::vector<SyntheticShape>& syntheticShapes();
/// The shape of that name; UsageError for others.
const SyntheticShape& syntheticShape(const std::string& name);

/// Rules of the default grid of `lengths` (48 for 2,048/4,096/8,192), densities at them and at twice the
/// longest, heavy-tailed losses. Equal arguments give equal instances on every machine. UsageError for
/// lengths that make no grid.
SearchInstance syntheticInstance(const SyntheticShape& shape, std::uint64_t seed,
                                 const std::vector<int>& lengths = {2048, 4096, 8192});

} // namespace moa
