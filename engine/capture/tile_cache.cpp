#include "engine/capture/tile_cache.h"

namespace moa {

namespace {

/// What the list node, the index's node and the shared pointer take beside the tile, about.
constexpr std::uint64_t kEntryBytes = 256;

} // namespace

std::size_t TileCache::KeyHash::operator()(const Key& key) const noexcept {
    return std::hash<TileKey>()(key.tile) ^ static_cast<std::size_t>(key.generation * 0x9E3779B97F4A7C15ull);
}

std::shared_ptr<const AttentionTile> TileCache::get(std::uint64_t generation, const TileKey& key) {
    const std::lock_guard lock(m_mutex);
    return find({generation, key});
}

std::pair<TileKey, std::shared_ptr<const AttentionTile>> TileCache::coarser(std::uint64_t generation,
                                                                            const TileKey& key) {
    const std::lock_guard lock(m_mutex);
    for (int block = key.block * 2; block <= TileKey::kMaxBlock; block *= 2) {
        const TileKey above = key.at(block);
        if (auto tile = find({generation, above})) return {above, std::move(tile)};
    }
    return {};
}

void TileCache::put(std::uint64_t generation, const TileKey& key, std::shared_ptr<const AttentionTile> tile) {
    const std::lock_guard lock(m_mutex);
    const Key full{generation, key};
    if (const auto old = m_index.find(full); old != m_index.end()) erase(old->second);
    const std::uint64_t bytes = tile->bytes() + kEntryBytes;
    if (bytes > m_limit) return;
    m_entries.push_front({full, std::move(tile), bytes});
    m_index.emplace(full, m_entries.begin());
    m_bytes += bytes;
    shrink();
}

void TileCache::clear() {
    const std::lock_guard lock(m_mutex);
    m_index.clear();
    m_entries.clear();
    m_bytes = 0;
}

void TileCache::setLimit(std::uint64_t bytes) {
    const std::lock_guard lock(m_mutex);
    m_limit = bytes;
    shrink();
}

std::uint64_t TileCache::limit() const {
    const std::lock_guard lock(m_mutex);
    return m_limit;
}

std::uint64_t TileCache::bytes() const {
    const std::lock_guard lock(m_mutex);
    return m_bytes;
}

std::size_t TileCache::size() const {
    const std::lock_guard lock(m_mutex);
    return m_entries.size();
}

std::shared_ptr<const AttentionTile> TileCache::find(const Key& key) {
    const auto at = m_index.find(key);
    if (at == m_index.end()) return nullptr;
    m_entries.splice(m_entries.begin(), m_entries, at->second);
    return at->second->tile;
}

void TileCache::erase(Entries::iterator entry) {
    m_bytes -= entry->bytes;
    m_index.erase(entry->key);
    m_entries.erase(entry);
}

void TileCache::shrink() {
    while (m_bytes > m_limit) erase(std::prev(m_entries.end()));
}

} // namespace moa
