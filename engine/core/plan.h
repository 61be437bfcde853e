// SparsePlan and its geometry: rule (α, β) → span S(N), cache c(N), window w(N), density.
// Conventions: docs/method.md ("Terms"); paper arXiv 2406.14909 section 3, with the KV head as the unit.
#pragma once

#include "engine/core/ids.h"

#include <compare>
#include <cstdint>
#include <vector>

namespace moa {

inline constexpr int kBlock = 64;            ///< B, tokens
inline constexpr int kMaxSinkBlocks = 4;     ///< sink s = 64·k, k = 0…4
inline constexpr int kDefaultSink = kBlock;  ///< tokens

/// Span rule of one head: S(N) = ⌊α + β·N⌋ tokens, the sink included.
struct Rule {
    double alpha = 0;
    double beta = 0;
    auto operator<=>(const Rule&) const = default;
};

/// S(N) = ⌊α + β·N⌋, robust against binary rounding of α and β; may be negative.
std::int64_t spanOf(const Rule& rule, std::int64_t n);
/// c(N): cache length in tokens (sink + window) of one rule.
std::int64_t cacheOf(const Rule& rule, std::int64_t n, int sink);
/// d(N): length of a dense cache.
std::int64_t denseCache(std::int64_t n, int sink);

/// One rule per (layer, query head). The KV head is the unit of masking: its c(N) is the largest of its heads'.
struct SparsePlan {
    int layers = 0, heads = 0, kvHeads = 0;
    int sink = kDefaultSink;  ///< s tokens
    std::vector<Rule> rules;  ///< [L][H]

    const Rule& rule(LayerIndex l, HeadIndex h) const { return rules[std::size_t(l.value) * heads + h.value]; }
    Rule& rule(LayerIndex l, HeadIndex h) { return rules[std::size_t(l.value) * heads + h.value]; }

    /// c(N) of a KV head: the largest over its query heads.
    std::int64_t cache(LayerIndex l, KvHeadIndex g, std::int64_t n) const;
    /// Σ c(N) / Σ d(N) over all (layer, KV head).
    double density(std::int64_t n) const;
    /// Mean over KV heads of the span clipped to [0, N], tokens (largest over the group's query heads).
    double meanSpan(std::int64_t n) const;
    /// Bytes of keys and values held at length N for one sequence.
    std::int64_t kvBytes(std::int64_t n, int headDim, int bytesPerValue) const;
};

/// A plan giving every head the same rule.
SparsePlan uniformPlan(int layers, int heads, int kvHeads, Rule rule, int sink = kDefaultSink);

/// The mask at one length: w of every (layer, KV head), in tokens. Key j is visible to query i iff
/// j ≤ i and (j < sink or i − j < w). This is all that backends know of a plan.
struct WindowMap {
    int layers = 0, kvHeads = 0;
    int sink = kDefaultSink;
    std::vector<std::int64_t> windows; ///< [L][G], tokens, ≥ 1; kFullWindow = everything

    static constexpr std::int64_t kFullWindow = std::int64_t(1) << 40;
    std::int64_t window(LayerIndex l, KvHeadIndex g) const {
        return windows[std::size_t(l.value) * kvHeads + g.value];
    }
    std::int64_t& window(LayerIndex l, KvHeadIndex g) { return windows[std::size_t(l.value) * kvHeads + g.value]; }
    bool operator==(const WindowMap&) const = default;
};

/// Everything visible.
WindowMap denseWindows(int layers, int kvHeads, int sink = kDefaultSink);
/// w(N) = c(N) − s of every KV head.
WindowMap windowsAt(const SparsePlan& plan, std::int64_t n);

/// Rounds up to a multiple of the block.
constexpr std::int64_t roundUpToBlock(std::int64_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

} // namespace moa
