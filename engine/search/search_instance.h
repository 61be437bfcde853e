// What a search decides over, as plain numbers: losses and densities of every rule. Made from a profile by
// loss_tables.h, or read from a `--tables` file by engine/plan.
// Non-goal: where the numbers come from; a bare instance needs neither model nor profile.
#pragma once

#include "engine/core/plan.h"

#include <cstdint>
#include <vector>

namespace moa {

/// One instance. A group is a (layer, KV head), index layer·kvHeads + kvHead.
struct SearchInstance {
    int layers = 0;
    int kvHeads = 0;
    int sink = kDefaultSink; ///< tokens; only used where c(N) is computed from a rule
    std::vector<Rule> rules;
    /// The first so many rules are free to any group; later ones are chosen only where a pin names them. −1:
    /// all.
    int freeRules = -1;
    std::vector<int> lengths;             ///< profiled, tokens, ascending
    std::vector<int> extraDensityLengths; ///< further lengths whose density is bounded, e.g. 2·N_max

    /// [length index][group][rule], estimated increase of the loss, nats.
    std::vector<std::vector<std::vector<double>>> loss;
    /// [length index, then extra length index][rule], c(N) / d(N).
    std::vector<std::vector<double>> density;
    /// The same densities as integers: c(N) in units of which `denseBlocks` make a dense cache (blocks of 64
    /// tokens wherever the densities allow). Filled by `completeInstance`; feasibility is exact in these.
    std::vector<std::vector<std::int64_t>> cacheBlocks;
    std::vector<std::int64_t> denseBlocks; ///< per density length

    int groups() const { return layers * kvHeads; }
    int ruleCount() const { return static_cast<int>(rules.size()); }
    /// lengths followed by extraDensityLengths.
    std::vector<int> densityLengths() const;
    /// Index into `lengths`, −1 where it is not profiled.
    int lengthIndex(int length) const;
};

/// Checks every shape and value and fills cacheBlocks and denseBlocks where they are empty. Throws UsageError
/// naming the place, e.g. `loss["4096"][3]: 48 values expected, 47 found`.
void completeInstance(SearchInstance& instance);

} // namespace moa
