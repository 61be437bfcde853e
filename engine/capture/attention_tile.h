// Tiles of one head's attention at any resolution, down to exact tokens, computed on the CPU from a captured
// layer; single rows and weights likewise. Goals: every value is softmax attention (within 1e-5), whatever
// the resolution; a tile needs no other tile. Non-goals: keeping tiles (engine/capture/tile_cache.h) and
// drawing them.
#pragma once

#include "engine/capture/attention_capture.h"

#include <compare>
#include <cstddef>
#include <optional>

namespace moa {

/// Names one square of one head's attention: kCells × kCells cells of block × block tokens.
struct TileKey {
    static constexpr int kCells = 64;      ///< along a tile's side
    static constexpr int kMaxBlock = 4096; ///< tokens a cell

    int layer = 0;
    int kvHead = 0;
    int queryHead = -1;   ///< 0 … H−1, one of the KV head's group; −1: the mean of the group
    int block = 1;        ///< tokens along a cell's side, a power of two
    int row = 0, col = 0; ///< in tiles

    auto operator<=>(const TileKey&) const = default;

    std::int64_t tokens() const { return std::int64_t(kCells) * block; } ///< along a tile's side
    std::int64_t firstQuery() const { return row * tokens(); }
    std::int64_t firstKey() const { return col * tokens(); }
    /// The tile of coarser cells (block a multiple of this one's) that covers this one.
    TileKey at(int coarserBlock) const;
};

/// Attention of one tile, [query cell][key cell], kCells × kCells values, 0 where a cell has no pair of a key
/// at or before its query. Both arrays are empty in a tile without any such pair.
struct AttentionTile {
    std::vector<float> mean; ///< over the cell's pairs with key ≤ query; masked pairs count as 0
    std::vector<float> max;  ///< the cell's largest weight
    int rows = 0, cols = 0;  ///< cells that the prompt reaches, the rest is beyond its end

    bool blank() const { return mean.empty(); }
    std::uint64_t bytes() const { return sizeof(AttentionTile) + sizeof(float) * (mean.size() + max.size()); }
};

/// Throws UsageError for a key outside the layer, its heads, its prompt or the resolutions.
void checkTileKey(const CapturedLayer& layer, const TileKey& key);
/// The tile of that key without its values.
AttentionTile emptyTile(const CapturedLayer& layer, const TileKey& key);

/// Scratch memory of one thread, kept from tile to tile.
class TileWorkspace {
public:
    /// At least `floats`, 64-byte aligned; what was in it is lost.
    float* take(std::size_t floats);

private:
    std::vector<float> m_memory;
};

/// One tile on the calling thread; nothing when `stop` was requested before it was whole (asked about every
/// millisecond). Throws UsageError for a key outside the layer, its heads, its prompt or the resolutions.
std::optional<AttentionTile> computeTile(const CapturedLayer& layer, const TileKey& key,
                                         TileWorkspace& workspace, const std::stop_token& stop = {});

using TileReady = std::function<void(const TileKey&, std::shared_ptr<const AttentionTile>)>;

/// Tiles of one layer on `threads` threads (the caller's among them), begun in the order given. `onTile` is
/// called from those threads, one call at a time. Cancelled: some tiles were not handed over. Throws
/// UsageError, before anything is computed, as computeTile().
Completion computeTiles(const CapturedLayer& layer, std::span<const TileKey> keys, int threads,
                        const std::stop_token& stop, const TileReady& onTile);

/// Weights of keys 0 … query, [query + 1], in the row of one query head (−1: mean of the group): exact, 0
/// where masked. Throws UsageError for a head or a query that is not there.
std::vector<float> attentionRow(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead,
                                std::int64_t query);
/// One weight; 0 for a key after the query.
double attentionAt(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead, std::int64_t query,
                   std::int64_t key);
/// Mass that the query gives to the keys [begin, end), those after the query being 0.
double rangeMass(const CapturedLayer& layer, KvHeadIndex kvHead, int queryHead, std::int64_t query,
                 std::int64_t begin, std::int64_t end);

} // namespace moa

template <>
struct std::hash<moa::TileKey> {
    std::size_t operator()(const moa::TileKey& key) const noexcept;
};
