// What one query head looks at, in numbers and as a thumbnail, from one pass over its attention.
// Terms: docs/method.md. Non-goal: influence, which needs a loss (engine/capture/attention_maps.h).
#pragma once

#include "engine/capture/attention_tile.h"
#include "engine/core/plan.h"

#include <array>

namespace moa {

/// Means over the rows that were looked at.
struct HeadStatistics {
    LayerIndex layer;
    HeadIndex head;
    std::int64_t tokens = 0;
    std::int64_t rowStep = 1; ///< every rowStep-th query was looked at, from query 0 on
    std::int64_t rows = 0;    ///< queries looked at

    double entropy = 0;      ///< nats
    double meanDistance = 0; ///< Σ A·(i − j), tokens
    double sinkMass = 0;     ///< on the first 64 tokens

    /// Mass on the first 64·k tokens, k = 0 … 4.
    std::array<double, kMaxSinkBlocks + 1> massOnSink{};
    /// [5][T], T = ceil(tokens/64): mass on keys j ≥ 64·k at a distance i − j in [64·t, 64·(t+1)).
    std::vector<double> massAtDistance;
    /// [5][T+1]: the sums of massAtDistance below t.
    std::vector<double> massWithin;

    std::int64_t buckets() const { return (tokens + kBlock - 1) / kBlock; }
    /// Mass that the dense head gives to what (sink, window) shows; both are multiples of 64 tokens, the sink
    /// at most 256.
    double massKept(std::int64_t sink, std::int64_t window) const;

    /// The whole head in at most 64 × 64 cells: tile (0, 0) at `thumbnailBlock` tokens a cell. From the rows
    /// looked at.
    int thumbnailBlock = 1;
    AttentionTile thumbnail;
};

/// Queries between two rows that are looked at, so that long prompts stay quick: 1 up to 8,192 tokens.
std::int64_t defaultRowStep(std::int64_t tokens);

/// On the calling thread; nothing when `stop` was requested. rowStep is a power of two, 0: defaultRowStep().
/// Throws UsageError for a head or a step that makes no sense.
std::optional<HeadStatistics> computeHeadStatistics(const CapturedLayer& layer, HeadIndex head,
                                                    TileWorkspace& workspace, std::int64_t rowStep = 0,
                                                    const std::stop_token& stop = {});

using StatisticsReady = std::function<void(HeadIndex, std::shared_ptr<const HeadStatistics>)>;

/// Heads of one layer on `threads` threads, begun in the order given; else as computeTiles().
Completion computeHeadStatistics(const CapturedLayer& layer, std::span<const HeadIndex> heads, int threads,
                                 std::int64_t rowStep, const std::stop_token& stop,
                                 const StatisticsReady& onHead);

} // namespace moa
