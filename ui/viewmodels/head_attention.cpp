// Tiles of the capture service under the names that canvases use.
#include "ui/viewmodels/head_attention.h"

namespace moa {
namespace {

/// Tiles kept in the canvas' form; beyond these all are dropped and made again from the service's cache.
constexpr std::size_t kTilesKept = 1024;

} // namespace

HeadAttention::HeadAttention(CaptureService& captures, QObject* parent)
    : HeatmapSource(parent), m_captures(captures) {
    connect(&captures, &CaptureService::tileReady, this, [this](quint64 generation, const TileKey& key) {
        if (generation != m_captures.generation() || key.layer != m_of.layer || key.kvHead != m_of.kvHead ||
            key.queryHead != m_of.queryHead)
            return;
        emit tileArrived({key.block, key.row, key.col});
    });
    // A layer that arrives late answers what was asked for before it was there.
    connect(&captures, &CaptureService::layerReady, this, [this](quint64, int layer) {
        if (layer == m_of.layer && !m_wanted.empty()) want(m_wanted);
    });
}

void HeadAttention::show(const AttentionOf& of, int tokens) {
    if (of == m_of && tokens == m_tokens) return;
    m_of = of;
    m_tokens = tokens;
    m_tiles.clear();
    m_wanted.clear();
    emit reset();
}

TileKey HeadAttention::keyOf(TileId id) const {
    return {m_of.layer, m_of.kvHead, m_of.queryHead, id.block, id.row, id.col};
}

const HeatTile* HeadAttention::tile(TileId id) const {
    if (const auto known = m_tiles.find(id); known != m_tiles.end()) return &known->second;
    const auto cached = m_captures.cachedTile(keyOf(id));
    if (!cached) return nullptr;
    HeatTile tile{cached->mean, cached->max};
    if (cached->blank()) tile.mean.assign(kTileCells * kTileCells, 0.f);
    return &m_tiles.emplace(id, std::move(tile)).first->second;
}

void HeadAttention::want(std::vector<TileId> inOrderOfUrgency) {
    if (m_tiles.size() > kTilesKept) m_tiles.clear();
    m_wanted = std::move(inOrderOfUrgency);
    std::vector<TileKey> keys;
    keys.reserve(m_wanted.size());
    for (const TileId& id : m_wanted) keys.push_back(keyOf(id));
    m_captures.wantTiles(std::move(keys));
}

} // namespace moa
