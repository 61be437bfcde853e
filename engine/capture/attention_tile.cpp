#include "engine/capture/attention_tile.h"

#include "engine/capture/captured_rows.h"
#include "engine/capture/tile_threads.h"
#include "engine/core/error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace moa {

namespace {

constexpr std::size_t kAlignment = 64; ///< bytes, of a workspace

} // namespace

void checkTileKey(const CapturedLayer& layer, const TileKey& key) {
    if (key.layer != layer.layer.value)
        throw UsageError("a tile of layer " + std::to_string(key.layer) + " cannot come from layer " +
                         std::to_string(layer.layer.value));
    if (key.block < 1 || key.block > TileKey::kMaxBlock ||
        !std::has_single_bit(static_cast<unsigned>(key.block)))
        throw UsageError("a tile's cells have a power of two up to " + std::to_string(TileKey::kMaxBlock) +
                         " of tokens a side, not " + std::to_string(key.block));
    const std::int64_t tiles = (layer.n + key.tokens() - 1) / key.tokens();
    if (key.row < 0 || key.row >= tiles || key.col < 0 || key.col >= tiles)
        throw UsageError("there is no tile (" + std::to_string(key.row) + ", " + std::to_string(key.col) +
                         "): " + std::to_string(layer.n) + " tokens have tiles 0 to " +
                         std::to_string(tiles - 1) + " a side at " + std::to_string(key.block) +
                         " tokens a cell");
    chooseHeads(layer, key.kvHead, key.queryHead);
}

AttentionTile emptyTile(const CapturedLayer& layer, const TileKey& key) {
    const auto cellsUpTo = [&](std::int64_t first) {
        return static_cast<int>((std::min(layer.n - first, key.tokens()) + key.block - 1) / key.block);
    };
    AttentionTile tile;
    tile.rows = cellsUpTo(key.firstQuery());
    tile.cols = cellsUpTo(key.firstKey());
    return tile;
}

namespace {

/// Pairs of a cell with key ≤ query; (row, col) are counted in cells over the whole prompt.
std::int64_t causalPairs(std::int64_t n, std::int64_t block, std::int64_t row, std::int64_t col) {
    if (col > row) return 0;
    const std::int64_t rows = std::min(block, n - row * block);
    return col == row ? rows * (rows + 1) / 2 : rows * block;
}

/// Sums to means.
void divideByPairs(const CapturedLayer& layer, const TileKey& key, AttentionTile& tile) {
    const std::int64_t firstRow = std::int64_t(key.row) * TileKey::kCells;
    const std::int64_t firstCol = std::int64_t(key.col) * TileKey::kCells;
    for (int r = 0; r < tile.rows; ++r)
        for (int c = 0; c < tile.cols; ++c)
            if (const std::int64_t pairs = causalPairs(layer.n, key.block, firstRow + r, firstCol + c))
                tile.mean[static_cast<std::size_t>(r * TileKey::kCells + c)] /= static_cast<float>(pairs);
}

/// The weights of one query, head by head, over keys [begin, end), end ≤ query + 1.
template <class Visit>
void visitWeights(const CapturedLayer& layer, const HeadChoice& heads, std::int64_t query, std::int64_t begin,
                  std::int64_t end, const Visit& visit) {
    const kernels::AttentionRows rows = kernelRows(layer, heads);
    const auto dim = static_cast<std::size_t>(rows.headDim);
    for (int h = 0; h < heads.count; ++h) {
        const float* q = rows.q + query * rows.qStride + h * rows.headDim;
        const double lse = static_cast<double>(rows.lse[h * rows.lseStride + query]);
        for (std::int64_t j = begin; j < end; ++j) {
            if (j >= rows.sink && query - j >= rows.window) continue;
            const float* k = rows.k + j * rows.kStride;
            double score = 0;
            for (std::size_t d = 0; d < dim; ++d)
                score += static_cast<double>(q[d]) * static_cast<double>(k[d]);
            visit(j, std::exp(score * static_cast<double>(rows.scale) - lse) / heads.count);
        }
    }
}

HeadChoice checkQuery(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead, std::int64_t query) {
    if (query < 0 || query >= layer.n)
        throw UsageError("there is no query " + std::to_string(query) + ": the prompt has tokens 0 to " +
                         std::to_string(layer.n - 1));
    return chooseHeads(layer, kvHead.value, queryHead);
}

} // namespace

TileKey TileKey::at(int coarserBlock) const {
    TileKey key = *this;
    const int ratio = coarserBlock / block;
    key.block = coarserBlock;
    key.row = row / ratio;
    key.col = col / ratio;
    return key;
}

float* TileWorkspace::take(std::size_t floats) {
    const std::size_t spare = kAlignment / sizeof(float);
    if (m_memory.size() < floats + spare) m_memory.resize(floats + spare);
    const auto address = reinterpret_cast<std::uintptr_t>(m_memory.data());
    return m_memory.data() + (kAlignment - address % kAlignment) % kAlignment / sizeof(float);
}

std::optional<AttentionTile> computeTile(const CapturedLayer& layer, const TileKey& key,
                                         TileWorkspace& workspace, const std::stop_token& stop) {
    checkTileKey(layer, key);
    AttentionTile tile = emptyTile(layer, key);
    if (key.col > key.row) return tile;

    constexpr std::size_t size = std::size_t(TileKey::kCells) * TileKey::kCells;
    tile.mean.resize(size);
    tile.max.resize(size);
    kernels::AttentionRows rows = kernelRows(layer, chooseHeads(layer, key.kvHead, key.queryHead));
    rows.workspace = workspace.take(kernels::attentionTileWorkspaceFloats(rows.heads, rows.headDim));
    kernels::TileCells cells{key.block, key.firstKey(), tile.cols, nullptr, nullptr, TileKey::kCells};
    const std::int64_t end = std::min(layer.n, key.firstQuery() + key.tokens());
    for (rows.firstRow = key.firstQuery(); rows.firstRow < end; rows.firstRow += kernels::kTile) {
        if (stop.stop_requested()) return std::nullopt;
        rows.rows = static_cast<int>(std::min<std::int64_t>(kernels::kTile, end - rows.firstRow));
        const std::int64_t at = (rows.firstRow - key.firstQuery()) / key.block * TileKey::kCells;
        cells.sum = tile.mean.data() + at;
        cells.max = tile.max.data() + at;
        kernels::attentionTileRows(rows, cells);
    }
    divideByPairs(layer, key, tile);
    return tile;
}

Completion computeTiles(const CapturedLayer& layer, std::span<const TileKey> keys, int threads,
                        const std::stop_token& stop, const TileReady& onTile) {
    for (const TileKey& key : keys) checkTileKey(layer, key);
    return runPieces(keys.size(), threads, stop,
                     [&](std::size_t piece, TileWorkspace& workspace, std::mutex& deliver) {
                         std::optional<AttentionTile> tile = computeTile(layer, keys[piece], workspace, stop);
                         if (!tile) return false;
                         const auto shared = std::make_shared<const AttentionTile>(*std::move(tile));
                         const std::lock_guard lock(deliver);
                         onTile(keys[piece], shared);
                         return true;
                     });
}

std::vector<float> attentionRow(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead,
                                std::int64_t query) {
    const HeadChoice heads = checkQuery(layer, kvHead, queryHead, query);
    std::vector<float> weights(static_cast<std::size_t>(query + 1));
    visitWeights(layer, heads, query, 0, query + 1, [&](std::int64_t j, double weight) {
        weights[static_cast<std::size_t>(j)] += static_cast<float>(weight);
    });
    return weights;
}

double attentionAt(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead, std::int64_t query,
                   std::int64_t key) {
    return rangeMass(layer, kvHead, queryHead, query, key, key + 1);
}

double rangeMass(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead, std::int64_t query,
                 std::int64_t begin, std::int64_t end) {
    const HeadChoice heads = checkQuery(layer, kvHead, queryHead, query);
    double mass = 0;
    visitWeights(layer, heads, query, std::max<std::int64_t>(begin, 0), std::min(end, query + 1),
                 [&](std::int64_t, double weight) { mass += weight; });
    return mass;
}

} // namespace moa

std::size_t std::hash<moa::TileKey>::operator()(const moa::TileKey& key) const noexcept {
    // Fowler, Noll and Vo's hash over the fields.
    std::uint64_t mixed = 14695981039346656037ull;
    for (const int field : {key.layer, key.kvHead, key.queryHead, key.block, key.row, key.col})
        mixed = (mixed ^ static_cast<std::uint32_t>(field)) * 1099511628211ull;
    return mixed;
}
