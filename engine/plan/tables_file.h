// The bare search instance of `moa search --tables`: losses and densities of every rule, as JSON
//   {"layers", "kv_heads", "rules": [[α, β]…], "lengths": […], "extra_density_lengths": […],
//    "loss": {"N": [[per group][per rule]]}, "density": {"N": [per rule]}}.
// Non-goal: what the numbers mean; engine/search has its own instance, which may not know files.
#pragma once

#include "engine/core/plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// A group is a (layer, KV head), index layer·kvHeads + kvHead.
struct SearchTables {
    int layers = 0, kvHeads = 0;
    std::vector<Rule> rules;
    std::vector<int> lengths;             ///< with losses, tokens, ascending
    std::vector<int> extraDensityLengths; ///< with densities only, tokens, ascending
    std::vector<std::vector<std::vector<double>>>
        loss;                                 ///< [length][group][rule], nats, may be negative (signed costs)
    std::vector<std::vector<double>> density; ///< [length, then extra length][rule], c(N) / d(N), ≥ 0

    int groups() const { return layers * kvHeads; }
};

/// Reads and checks an instance; lengths may stand in any order in the file and come out ascending. A missing
/// "extra_density_lengths" means none. Throws FileError (file, JSON path, expected) for wrong types and
/// sizes, non-finite numbers, negative densities, repeated lengths, lengths without a table and tables
/// without a length.
SearchTables readSearchTables(const std::string& path);
/// The same from text; `name` stands for the file in errors.
SearchTables parseSearchTables(std::string_view text, const std::string& name);

/// Writes an instance atomically. Throws UsageError when its arrays do not have the stated sizes, FileError
/// when the file cannot be written.
void writeSearchTables(const std::string& path, const SearchTables& tables);

} // namespace moa
