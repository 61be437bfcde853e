#include "engine/capture/card_tiles.h"

#include "engine/capture/captured_rows.h"
#include "engine/core/error.h"

#include <algorithm>

namespace moa {

namespace {

constexpr std::size_t kCells = std::size_t(TileKey::kCells) * TileKey::kCells;
constexpr std::size_t kAtOnce = 256; ///< tiles of one call: bounds the memory

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

/// Tiles of one KV head and one choice of query heads.
void compute(TileDevice& card, const CapturedLayer& layer, std::span<const TileKey> keys, const TileReady& onTile) {
    const HeadChoice chosen = chooseHeads(layer, keys.front().kvHead, keys.front().queryHead);
    std::vector<CellRange> ranges;
    for (const TileKey& key : keys) ranges.push_back({key.block, key.firstQuery(), key.firstKey()});
    std::vector<float> mean(keys.size() * kCells), max(mean.size());
    card.tiles(headOf(layer, chosen.kvHead), chosen.first - chosen.kvHead * layer.shape.groupSize(), chosen.count,
               ranges, TileKey::kCells, mean, max);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto tile = std::make_shared<AttentionTile>(emptyTile(layer, keys[i]));
        const auto from = static_cast<std::ptrdiff_t>(i * kCells), to = from + std::ptrdiff_t(kCells);
        tile->mean.assign(mean.begin() + from, mean.begin() + to);
        tile->max.assign(max.begin() + from, max.begin() + to);
        onTile(keys[i], std::move(tile));
    }
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
        std::size_t end = begin + 1;
        while (end < below.size() && end - begin < kAtOnce && below[end].kvHead == below[begin].kvHead &&
               below[end].queryHead == below[begin].queryHead)
            ++end;
        compute(card, layer, std::span(below).subspan(begin, end - begin), onTile);
        begin = end;
    }
}

} // namespace moa
