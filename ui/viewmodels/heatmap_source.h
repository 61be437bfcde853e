// Where a heatmap gets its numbers: tiles of pooled attention of one head (or the mean of a group) at several
// resolutions. Lives on the GUI thread and never computes there: tile() answers at once, want() asks for work elsewhere.
#pragma once

#include <QObject>

#include <compare>
#include <vector>

namespace moa {

inline constexpr int kTileCells = 64; ///< cells along a tile's side

/// Tile (row, col) at `block` tokens a cell covers queries [row·64·block, (row+1)·64·block) and the keys of col likewise.
struct TileId {
    int block = 1, row = 0, col = 0;
    auto operator<=>(const TileId&) const = default;
    int tokens() const { return kTileCells * block; }  ///< along one side
    int firstQuery() const { return row * tokens(); }
    int firstKey() const { return col * tokens(); }
};

/// Attention weights of one tile, [query cell][key cell], in [0, 1]. Only pairs with key ≤ query < tokens count;
/// a cell without any holds 0. `max` may be empty where it equals `mean` (block 1).
struct HeatTile {
    std::vector<float> mean; ///< [64][64], mean over the cell's causal pairs
    std::vector<float> max;  ///< [64][64], largest weight in the cell
};

class HeatmapSource : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    /// Length of the text; 0: nothing captured.
    virtual int tokens() const = 0;
    /// Tokens a cell, coarse to fine, powers of two ending in 1, e.g. {256, 64, 16, 4, 1}.
    virtual std::vector<int> ladder() const = 0;
    /// Null while it is not there. Valid until control returns to the event loop.
    virtual const HeatTile* tile(TileId id) const = 0;
    /// What the views need now, most urgent first; replaces earlier wishes. Tiles already there may be in the list.
    virtual void want(std::vector<TileId> inOrderOfUrgency) = 0;

signals:
    /// tile(id) has an answer now, or a better one.
    void tileArrived(moa::TileId id);
    /// Another head, text or length: nothing that was read before holds.
    void reset();
};

} // namespace moa
