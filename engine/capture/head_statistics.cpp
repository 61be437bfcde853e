#include "engine/capture/head_statistics.h"

#include "engine/capture/captured_rows.h"
#include "engine/capture/tile_threads.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace moa {

namespace {

constexpr std::int64_t kExactTokens = 8192; ///< up to here every row is looked at
constexpr std::size_t kSinks = kMaxSinkBlocks + 1;

/// The smallest power of two with which the head fits the thumbnail.
int thumbnailBlockOf(std::int64_t tokens) {
    int block = 1;
    while (std::int64_t(block) * TileKey::kCells < tokens) block *= 2;
    return block;
}

/// Sums of the pass, before they become means.
struct HeadSums {
    kernels::RowStatistics rows;
    std::vector<double> distanceMass, tileSum, massOnTile;
    std::vector<float> tileMax;

    explicit HeadSums(std::int64_t tiles)
        : distanceMass(kSinks * static_cast<std::size_t>(tiles)), tileSum(static_cast<std::size_t>(tiles)),
          massOnTile(tileSum.size()), tileMax(tileSum.size()) {
        rows.distanceMass = distanceMass.data();
        rows.tileSum = tileSum.data();
        rows.tileMax = tileMax.data();
    }
};

/// Moves one run's sums by key tile into the thumbnail's cells of `row` and into the head's.
void takeTiles(HeadSums& sums, int thumbnailBlock, std::size_t row, AttentionTile& thumbnail) {
    const std::size_t perCell = static_cast<std::size_t>(thumbnailBlock) / kernels::kTile;
    for (std::size_t t = 0; t < sums.tileSum.size(); ++t) {
        if (perCell > 0) {
            const std::size_t cell = row * TileKey::kCells + t / perCell;
            thumbnail.mean[cell] += static_cast<float>(sums.tileSum[t]);
            thumbnail.max[cell] = std::max(thumbnail.max[cell], sums.tileMax[t]);
        }
        sums.massOnTile[t] += sums.tileSum[t];
    }
    std::fill(sums.tileSum.begin(), sums.tileSum.end(), 0.0);
    std::fill(sums.tileMax.begin(), sums.tileMax.end(), 0.0f);
}

/// The thumbnail's sums to means: pairs of a looked-at row and a key up to it.
void divideThumbnail(HeadStatistics& s) {
    const std::int64_t block = s.thumbnailBlock;
    for (int r = 0; r < s.thumbnail.rows; ++r)
        for (int c = 0; c <= r; ++c) {
            std::int64_t pairs = 0;
            for (std::int64_t i = r * block; i < std::min((r + 1) * block, s.tokens); i += s.rowStep)
                pairs += std::min<std::int64_t>((c + 1) * block, i + 1) - c * block;
            s.thumbnail.mean[static_cast<std::size_t>(r * TileKey::kCells + c)] /= static_cast<float>(pairs);
        }
}

void finish(const HeadSums& sums, HeadStatistics& s) {
    const auto rows = static_cast<double>(s.rows);
    const auto tiles = static_cast<std::size_t>(s.buckets());
    s.entropy = sums.rows.entropy / rows;
    s.meanDistance = sums.rows.distance / rows;
    for (std::size_t k = 1; k < kSinks; ++k)
        s.massOnSink[k] = s.massOnSink[k - 1] + (k <= tiles ? sums.massOnTile[k - 1] / rows : 0.0);
    s.sinkMass = s.massOnSink[1];
    s.massAtDistance.resize(kSinks * tiles);
    s.massWithin.resize(kSinks * (tiles + 1));
    for (std::size_t k = kSinks; k-- > 0;)
        for (std::size_t t = 0; t < tiles; ++t) {
            double& mass = s.massAtDistance[k * tiles + t];
            mass = sums.distanceMass[k * tiles + t] / rows;
            if (k + 1 < kSinks) mass += s.massAtDistance[(k + 1) * tiles + t];
        }
    for (std::size_t k = 0; k < kSinks; ++k)
        std::partial_sum(s.massAtDistance.begin() + static_cast<std::ptrdiff_t>(k * tiles),
                         s.massAtDistance.begin() + static_cast<std::ptrdiff_t>((k + 1) * tiles),
                         s.massWithin.begin() + static_cast<std::ptrdiff_t>(k * (tiles + 1) + 1));
}

} // namespace

double HeadStatistics::massKept(std::int64_t sink, std::int64_t window) const {
    if (sink < 0 || sink > kMaxSinkBlocks * kBlock || sink % kBlock != 0 || window < 0 ||
        window % kBlock != 0)
        throw UsageError("mass is known for sinks of 0, 64, … 256 tokens and windows of multiples of 64");
    const auto k = static_cast<std::size_t>(sink / kBlock);
    const auto t = static_cast<std::size_t>(std::min(window / kBlock, buckets()));
    return massOnSink[k] + massWithin[k * static_cast<std::size_t>(buckets() + 1) + t];
}

std::int64_t defaultRowStep(std::int64_t tokens) {
    std::int64_t step = 1;
    while (tokens > kExactTokens * step) step *= 2;
    return step;
}

std::optional<HeadStatistics> computeHeadStatistics(const CapturedLayer& layer, HeadIndex head,
                                                    TileWorkspace& workspace, std::int64_t rowStep,
                                                    const std::stop_token& stop) {
    const int heads = layer.shape.heads;
    if (head.value < 0 || head.value >= heads)
        throw UsageError("there is no query head " + std::to_string(head.value) +
                         ": the model has heads 0 to " + std::to_string(heads - 1));
    HeadStatistics s;
    s.layer = layer.layer;
    s.head = head;
    s.tokens = layer.n;
    s.rowStep = rowStep == 0 ? defaultRowStep(layer.n) : rowStep;
    s.rows = (layer.n + s.rowStep - 1) / s.rowStep;
    s.thumbnailBlock = thumbnailBlockOf(layer.n);
    // The 64 rows of a run share a row of the thumbnail.
    const std::int64_t mostStep = std::max(1, s.thumbnailBlock / kernels::kTile);
    if (s.rowStep < 1 || !std::has_single_bit(static_cast<std::uint64_t>(s.rowStep)) || s.rowStep > mostStep)
        throw UsageError("rows are looked at in steps of a power of two up to " + std::to_string(mostStep) +
                         ", not " + std::to_string(s.rowStep));
    const int kvHead = head.value / layer.shape.groupSize();
    kernels::AttentionRows rows = kernelRows(layer, chooseHeads(layer, kvHead, head.value));
    rows.workspace = workspace.take(kernels::attentionTileWorkspaceFloats(1, rows.headDim));
    rows.rowStep = s.rowStep;
    s.thumbnail.rows = s.thumbnail.cols =
        static_cast<int>((s.tokens + s.thumbnailBlock - 1) / s.thumbnailBlock);
    s.thumbnail.mean.resize(std::size_t(TileKey::kCells) * TileKey::kCells);
    s.thumbnail.max.resize(s.thumbnail.mean.size());

    HeadSums sums(s.buckets());
    const std::int64_t run = kernels::kTile * s.rowStep;
    for (rows.firstRow = 0; rows.firstRow < s.tokens; rows.firstRow += run) {
        if (stop.stop_requested()) return std::nullopt;
        const std::int64_t left = (s.tokens - rows.firstRow + s.rowStep - 1) / s.rowStep;
        rows.rows = static_cast<int>(std::min<std::int64_t>(kernels::kTile, left));
        kernels::attentionRowStatistics(rows, sums.rows);
        takeTiles(sums, s.thumbnailBlock, static_cast<std::size_t>(rows.firstRow / s.thumbnailBlock),
                  s.thumbnail);
    }
    finish(sums, s);
    if (s.thumbnailBlock >= kernels::kTile) {
        divideThumbnail(s);
        return s;
    }
    // Cells smaller than a key tile: short prompts, whose tile is computed in no time.
    const TileKey key{layer.layer.value, kvHead, head.value, s.thumbnailBlock, 0, 0};
    std::optional<AttentionTile> tile = computeTile(layer, key, workspace, stop);
    if (!tile) return std::nullopt;
    s.thumbnail = *std::move(tile);
    return s;
}

Completion computeHeadStatistics(const CapturedLayer& layer, std::span<const HeadIndex> heads, int threads,
                                 std::int64_t rowStep, const std::stop_token& stop,
                                 const StatisticsReady& onHead) {
    return runPieces(heads.size(), threads, stop,
                     [&](std::size_t piece, TileWorkspace& workspace, std::mutex& deliver) {
                         std::optional<HeadStatistics> result =
                             computeHeadStatistics(layer, heads[piece], workspace, rowStep, stop);
                         if (!result) return false;
                         const auto shared = std::make_shared<const HeadStatistics>(*std::move(result));
                         const std::lock_guard lock(deliver);
                         onHead(heads[piece], shared);
                         return true;
                     });
}

} // namespace moa
