// Which tiles cover the rectangle, when to ask for them, and where their cells go.
#include "ui/jobs/tile_gather.h"

#include <algorithm>

namespace moa {
namespace {

/// Without a tile for so long, what a view asked for is there. Asking again stops what is being computed, so each wait
/// without a tile is twice as long as the one before: a coarse tile of a long prompt takes seconds.
constexpr int kQuietMs = 120, kMostQuietMs = 60'000, kTickMs = 30;

} // namespace

TileGather::TileGather(CaptureService& captures, const AttentionOf& of, int block, const QRect& cells, bool useMax,
                       QObject* parent)
    : QObject(parent), m_captures(captures), m_generation(captures.generation()), m_cells(cells), m_useMax(useMax),
      m_patienceMs(kQuietMs), m_values(std::size_t(cells.width()) * std::size_t(cells.height())) {
    constexpr int side = TileKey::kCells;
    for (int row = cells.top() / side; row <= cells.bottom() / side; ++row)
        for (int col = cells.left() / side; col <= std::min(row, cells.right() / side); ++col)
            m_missing.insert({of.layer, of.kvHead, of.queryHead, block, row, col});
    std::erase_if(m_missing, [this](const TileKey& key) { return take(key); });
    m_quiet.start();
    connect(&captures, &CaptureService::tileReady, this, [this](quint64 generation, const TileKey& key) {
        m_quiet.restart();
        m_patienceMs = kQuietMs;
        if (generation == m_generation && m_missing.contains(key) && take(key)) m_missing.erase(key);
        if (m_missing.empty()) tick();
    });
    connect(&m_timer, &QTimer::timeout, this, &TileGather::tick);
    m_timer.start(m_missing.empty() ? 0 : kTickMs);
}

void TileGather::tick() {
    if (m_captures.generation() != m_generation || m_patienceMs > kMostQuietMs) {
        m_timer.stop();
        emit gone();
        return deleteLater();
    }
    if (m_missing.empty()) {
        if (!m_timer.isActive()) return; // told already
        m_timer.stop();
        emit done(m_values);
        return deleteLater();
    }
    if (m_quiet.elapsed() < m_patienceMs) return;
    m_quiet.restart();
    m_patienceMs *= 2;
    ask();
}

void TileGather::ask() {
    // Some may have come for a view meanwhile.
    std::erase_if(m_missing, [this](const TileKey& key) { return take(key); });
    if (!m_missing.empty()) m_captures.wantTiles({m_missing.begin(), m_missing.end()});
}

bool TileGather::take(const TileKey& key) {
    const auto tile = m_captures.generation() == m_generation ? m_captures.cachedTile(key) : nullptr;
    if (!tile) return false;
    if (tile->blank()) return true; // zeros already
    const std::vector<float>& from = m_useMax ? tile->max : tile->mean;
    constexpr int side = TileKey::kCells;
    const QRect part = m_cells & QRect(key.col * side, key.row * side, side, side);
    for (int y = part.top(); y <= part.bottom(); ++y) {
        const auto* begin = from.data() + (y - key.row * side) * side + (part.left() - key.col * side);
        std::copy_n(begin, part.width(),
                    m_values.data() + std::size_t(y - m_cells.top()) * std::size_t(m_cells.width()) +
                        std::size_t(part.left() - m_cells.left()));
    }
    return true;
}

} // namespace moa
