// Tiles that were computed, least recently used ones dropped at a byte limit. Any thread.
// Non-goal: computing what is missing.
#pragma once

#include "engine/capture/attention_tile.h"

#include <list>
#include <mutex>
#include <unordered_map>

namespace moa {

class TileCache {
public:
    explicit TileCache(std::uint64_t limitBytes = 256u << 20) : m_limit(limitBytes) {}

    /// A tile of the capture of that generation, and counts as its use; null when it is not there.
    std::shared_ptr<const AttentionTile> get(std::uint64_t generation, const TileKey& key);
    /// The finest tile at hand that covers `key` with coarser cells: its key and the tile; a null tile when
    /// there is none.
    std::pair<TileKey, std::shared_ptr<const AttentionTile>> coarser(std::uint64_t generation,
                                                                     const TileKey& key);
    /// Keeps a tile, in place of the one that had its key. One that is larger than the limit is not kept.
    void put(std::uint64_t generation, const TileKey& key, std::shared_ptr<const AttentionTile> tile);
    void clear();

    /// Drops tiles until they fit.
    void setLimit(std::uint64_t bytes);
    std::uint64_t limit() const;
    std::uint64_t bytes() const; ///< tiles and what keeping them costs
    std::size_t size() const;    ///< tiles

private:
    struct Key {
        std::uint64_t generation = 0;
        TileKey tile;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct Entry {
        Key key;
        std::shared_ptr<const AttentionTile> tile;
        std::uint64_t bytes = 0;
    };
    using Entries = std::list<Entry>; ///< most recently used first

    std::shared_ptr<const AttentionTile> find(const Key& key);
    void erase(Entries::iterator entry);
    void shrink();

    mutable std::mutex m_mutex;
    std::uint64_t m_limit, m_bytes = 0;
    Entries m_entries;
    std::unordered_map<Key, Entries::iterator, KeyHash> m_index;
};

} // namespace moa
