// A HeatmapSource for tests: attention of a made-up head (decay with distance, a sink, one needle key) whose
// tiles are there at once, or arrive only when deliver() is called.
#pragma once

#include "ui/viewmodels/heatmap_source.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace moa::test {

class SyntheticSource : public HeatmapSource {
public:
    /// `needle`: a key that late queries look at; −1: none.
    SyntheticSource(int tokens, int needle, bool eager = true)
        : m_tokens(tokens), m_needle(needle), m_eager(eager) {}

    int tokens() const override { return m_tokens; }
    std::vector<int> ladder() const override { return {256, 64, 16, 4, 1}; }
    const HeatTile* tile(TileId id) const override {
        const auto found = m_tiles.find(id);
        if (found != m_tiles.end()) return &found->second;
        return m_eager ? &(m_tiles[id] = make(id)) : nullptr;
    }
    void want(std::vector<TileId> list) override { wanted = std::move(list); }

    /// Makes the first `count` wanted tiles and says so.
    void deliver(std::size_t count) {
        const std::vector<TileId> now(wanted.begin(),
                                      wanted.begin() + std::ptrdiff_t(std::min(count, wanted.size())));
        for (const TileId id : now) {
            m_tiles[id] = make(id);
            emit tileArrived(id);
        }
    }

    /// Weight of one pair, not normalised over the row, in (0, 1].
    double weight(int query, int key) const {
        const double distance = query - key;
        const std::uint32_t hash = (std::uint32_t(query) * 2654435761u) ^ (std::uint32_t(key) * 40503u);
        const double noise = 0.3 + 0.7 * double((hash >> 7) & 1023) / 1023;
        double value = 0.2 * std::exp(-distance / (0.12 * m_tokens)) * noise;
        if (key < 64) value += 0.02 * noise;
        if (m_needle >= 0 && std::abs(key - m_needle) < m_tokens / 400 && query > key + 8)
            value += 0.34 * noise;
        return std::max(value, 3e-4 * noise);
    }

    std::vector<TileId> wanted;

private:
    /// Pools 4 × 4 samples of each cell: enough for a picture, cheap at any block.
    HeatTile make(TileId id) const {
        HeatTile tile;
        const std::size_t cells = std::size_t(kTileCells) * kTileCells;
        tile.mean.assign(cells, 0);
        tile.max.assign(cells, 0);
        const int samples = std::min(id.block, 4), step = id.block / samples;
        for (int r = 0; r < kTileCells; ++r)
            for (int c = 0; c < kTileCells; ++c) {
                double sum = 0, most = 0;
                int count = 0;
                for (int a = 0; a < samples; ++a)
                    for (int b = 0; b < samples; ++b) {
                        const int query = id.firstQuery() + r * id.block + a * step;
                        const int key = id.firstKey() + c * id.block + b * step;
                        if (key > query || query >= m_tokens) continue;
                        const double value = weight(query, key);
                        sum += value;
                        most = std::max(most, value);
                        ++count;
                    }
                const std::size_t at = std::size_t(r) * kTileCells + std::size_t(c);
                tile.mean[at] = count ? float(sum / count) : 0;
                tile.max[at] = float(most);
            }
        return tile;
    }

    int m_tokens, m_needle;
    bool m_eager;
    mutable std::map<TileId, HeatTile> m_tiles;
};

} // namespace moa::test
