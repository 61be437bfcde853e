#include "engine/capture/card_tiles.h"

#include "engine/capture/captured_rows.h"
#include "engine/core/error.h"

#include <algorithm>
#include <functional>

namespace moa {

namespace {

constexpr int kSide = 16;    ///< tiles along the side of what is computed at once: bounds the memory
constexpr double kSpare = 2; ///< cells computed for each one asked for, at most, to have them in one launch

CapturedHead headOf(const CapturedLayer& layer, int kvHead) {
    const AttentionShape& shape = layer.shape;
    const kernels::AttentionRows rows = kernelRows(layer, chooseHeads(layer, kvHead, -1));
    CapturedHead head;
    head.id = layer.id * static_cast<std::uint64_t>(shape.kvHeads) + static_cast<std::uint64_t>(kvHead);
    head.dtype = layer.dtype;
    head.q = rows.q, head.k = rows.k, head.lse = rows.lse;
    head.qStride = rows.qStride, head.kStride = rows.kStride, head.lseStride = rows.lseStride;
    head.n = layer.n, head.heads = shape.groupSize(), head.headDim = shape.headDim;
    head.window = rows.window, head.sink = rows.sink;
    head.scale = rows.scale;
    return head;
}

/// Tiles [row, row + rows) × [col, col + cols).
struct TileRange {
    int row = 0, col = 0, rows = 0, cols = 0;
};

/// Around keys of one head at one resolution.
TileRange around(std::span<const TileKey> keys) {
    const auto [top, bottom] = std::ranges::minmax(keys, {}, &TileKey::row);
    const auto [left, right] = std::ranges::minmax(keys, {}, &TileKey::col);
    return {top.row, left.col, bottom.row - top.row + 1, right.col - left.col + 1};
}

/// The part of a range that is one tile.
std::vector<float> cut(std::span<const float> cells, std::int64_t stride, int row, int col) {
    std::vector<float> tile(std::size_t(TileKey::kCells) * TileKey::kCells);
    for (std::int64_t r = 0; r < TileKey::kCells; ++r) {
        const auto from = cells.begin() + (row * TileKey::kCells + r) * stride + std::int64_t(col) * TileKey::kCells;
        std::copy_n(from, TileKey::kCells, tile.begin() + r * TileKey::kCells);
    }
    return tile;
}

/// Keys of one head at one resolution, from one launch.
void compute(TileDevice& card, const CapturedLayer& layer, std::span<const TileKey> keys, const TileReady& onTile) {
    const TileKey& first = keys.front();
    const HeadChoice chosen = chooseHeads(layer, first.kvHead, first.queryHead);
    const TileRange tiles = around(keys);
    const CellRange range{first.block, tiles.row * first.tokens(), tiles.col * first.tokens(),
                          tiles.rows * TileKey::kCells, tiles.cols * TileKey::kCells};
    const CellValues values = card.cells(headOf(layer, chosen.kvHead),
                                         chosen.first - chosen.kvHead * layer.shape.groupSize(), chosen.count, range);
    for (const TileKey& key : keys) {
        auto tile = std::make_shared<AttentionTile>(emptyTile(layer, key));
        tile->mean = cut(values.mean, range.cols, key.row - tiles.row, key.col - tiles.col);
        tile->max = cut(values.max, range.cols, key.row - tiles.row, key.col - tiles.col);
        onTile(key, std::move(tile));
    }
}

/// True when one launch may serve all of them.
bool belongTogether(std::span<const TileKey> keys) {
    const TileKey &a = keys.front(), &b = keys.back();
    if (a.kvHead != b.kvHead || a.queryHead != b.queryHead || a.block != b.block) return false;
    const TileRange tiles = around(keys);
    return tiles.rows <= kSide && tiles.cols <= kSide;
}

} // namespace

bool hasCardTiles(const CapturedLayer& layer) {
    const int d = layer.shape.headDim;
    return layer.dtype != DType::F32 && (d == 64 || d == 96 || d == 128);
}

void computeTilesOnCard(TileDevice& card, const CapturedLayer& layer, std::span<const TileKey> keys,
                        const TileReady& onTile) {
    if (!hasCardTiles(layer)) throw Error("this capture's tiles are computed on the processor");
    std::vector<TileKey> below;
    for (const TileKey& key : keys) {
        checkTileKey(layer, key);
        if (key.col > key.row) onTile(key, std::make_shared<const AttentionTile>(emptyTile(layer, key)));
        else below.push_back(key);
    }
    for (std::size_t begin = 0; begin < below.size();) {
        const auto rest = std::span(below).subspan(begin);
        std::size_t count = 1;
        while (count < rest.size() && belongTogether(rest.first(count + 1))) ++count;
        const TileRange tiles = around(rest.first(count));
        if (tiles.rows * tiles.cols > kSpare * static_cast<double>(count) + 1) count = 1; // scattered: one by one
        compute(card, layer, rest.first(count), onTile);
        begin += count;
    }
}

} // namespace moa
