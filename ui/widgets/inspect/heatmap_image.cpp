// Colour tables and the composition of a frame: rows of pixels cut into sink, masked, visible and acausal
// runs.
#include "ui/widgets/inspect/heatmap_image.h"

#include "ui/widgets/theme.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace moa {
namespace {

constexpr std::uint32_t kShift = 15; // 23 mantissa bits − 8 kept
constexpr std::uint32_t kBase = std::uint32_t(127 - HeatmapImage::kOctaves) << 23; // bits of 2^−24
constexpr int kEvidenceStart = 96; // of 256: the ramp's paler part is grey's

constexpr qint64 kFadeMs = 120;
constexpr double kLeastFade = 0.25; ///< seen in the first frame already

/// Both channels of a pair at once: `alpha` of 256 of `top` over `under`.
QRgb mixed(QRgb under, QRgb top, int alpha) {
    const auto channels = [&](QRgb mask) {
        const quint64 a = under & mask, b = top & mask;
        return QRgb(((a * quint64(256 - alpha) + b * quint64(alpha)) >> 8) & mask);
    };
    return 0xFF000000u | channels(0x00FF00FFu) | channels(0x0000FF00u);
}

int levelOf(float weight) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(weight);
    // Negative zero, negatives and NaN have large bit patterns and end in the top level; tiles hold none.
    return bits < kBase
               ? 0
               : int(std::min<std::uint32_t>(((bits - kBase) >> kShift) + 1, HeatmapImage::kLevels - 1));
}

double weightOf(int level) {
    if (level == 0) return 0;
    const std::uint32_t bits = kBase + (std::uint32_t(level - 1) << kShift) + (1u << (kShift - 1));
    return std::bit_cast<float>(bits);
}

double between(double value, double low, double high, bool log) {
    if (!(high > low)) return value >= high ? 1 : 0;
    if (!log) return std::clamp((value - low) / (high - low), 0.0, 1.0);
    if (value <= low) return 0;
    return std::clamp(std::log(value / low) / std::log(high / low), 0.0, 1.0);
}

} // namespace

double HeatLook::position(double weight) const {
    return log ? between(weight, floor, top, true) : between(weight, 0, top, false);
}

double HeatLook::evidencePosition(double weight) const {
    return weight < evidenceFloor ? -1
                                  : between(weight, evidenceFloor, evidenceTop, log && evidenceFloor > 0);
}

QRgb HeatLook::attentionColour(double position) const {
    return Theme::instance().ramp(Ramp::Attention)[std::size_t(std::lround(position * (kMapColours - 1)))];
}

QRgb HeatLook::evidenceColour(double position) const {
    const double index = kEvidenceStart + position * (kMapColours - 1 - kEvidenceStart);
    return Theme::instance().ramp(Ramp::Evidence)[std::size_t(std::lround(index))];
}

void HeatmapImage::setLook(const HeatLook& look) {
    m_look = look;
    const Theme& theme = Theme::instance();
    const auto& grey = theme.ramp(Ramp::Masked);
    m_background = theme.color(Role::Surface).rgb();
    m_missing = theme.color(Role::Sunken).rgb();
    for (int i = 0; i < kLevels; ++i) {
        const double weight = weightOf(i), position = look.attention ? look.position(weight) : 0;
        const double evidence = look.evidence ? look.evidencePosition(weight) : -1;
        m_plain[std::size_t(i)] = look.attentionColour(position);
        m_masked[std::size_t(i)] =
            evidence >= 0 ? look.evidenceColour(evidence)
                          // A third of the way at zero weight, so that the area reads as masked.
                          : grey[std::size_t(std::lround((1 + 2 * position) / 3 * (kMapColours - 1)))];
    }
}

void HeatmapImage::mapPixels(const HeatmapGeometry& geometry, double dpr, QSize size) {
    const auto map = [&](std::vector<int>& tokens, int pixels, auto&& at) {
        tokens.resize(std::size_t(pixels));
        for (int p = 0; p < pixels; ++p) tokens[std::size_t(p)] = int(std::floor(at((p + 0.5) / dpr)));
        // Beyond the text: one value past the end keeps the arrays sorted.
        for (int& token : tokens) token = std::min(token, geometry.tokens());
    };
    map(m_keyOfX, size.width(), [&](double x) { return geometry.keyAt(x); });
    map(m_queryOfY, size.height(), [&](double y) { return geometry.queryAt(y); });
    m_levels.clear();
}

void HeatmapImage::findParts(const MaskShape& mask) {
    const auto firstAtLeast = [&](std::int64_t key) {
        return int(std::lower_bound(m_keyOfX.begin(), m_keyOfX.end(), key) - m_keyOfX.begin());
    };
    const int textEnd = firstAtLeast(m_source->tokens());
    const int sinkEnd = firstAtLeast(mask.sink);
    m_rows.resize(m_queryOfY.size());
    for (std::size_t y = 0; y < m_rows.size(); ++y) {
        const std::int64_t query = m_queryOfY[y];
        Row& row = m_rows[y];
        row.causalEnd = query < m_source->tokens() ? std::min(firstAtLeast(query + 1), textEnd) : 0;
        row.sinkEnd = std::min(sinkEnd, row.causalEnd);
        const std::int64_t firstVisible = query - mask.window + 1;
        row.maskEnd = mask.window > 0 ? std::clamp(firstAtLeast(firstVisible), row.sinkEnd, row.causalEnd)
                                      : row.sinkEnd;
    }
}

const HeatmapImage::Level& HeatmapImage::level(int block) {
    for (const Level& known : m_levels)
        if (known.block == block) return known;
    Level made{block, m_keyOfX, m_queryOfY};
    for (int& cell : made.cellOfX) cell /= block;
    for (int& cell : made.cellOfY) cell /= block;
    m_levels.push_back(std::move(made));
    return m_levels.back();
}

HeatmapImage::Found HeatmapImage::best(TileId id, const std::vector<int>& ladder, int leastBlock) const {
    for (auto block = ladder.rbegin(); block != ladder.rend(); ++block) {
        if (*block < leastBlock) continue;
        const int side = kTileCells * *block;
        const TileId at{*block, id.firstQuery() / side, id.firstKey() / side};
        if (const HeatTile* tile = m_source->tile(at); tile && tile->mean.size() == kTileCells * kTileCells)
            return {tile, at};
    }
    return {};
}

void HeatmapImage::setSource(const HeatmapSource* source) {
    m_source = source;
    m_arrivals.clear();
}

void HeatmapImage::noteArrival(TileId id) {
    if (!m_clock.isValid()) m_clock.start();
    const qint64 now = m_clock.elapsed();
    std::erase_if(m_arrivals, [&](const auto& arrival) { return now - arrival.second > kFadeMs; });
    m_arrivals[id] = now;
}

double HeatmapImage::fadeOf(TileId id) const {
    const auto found = m_arrivals.find(id);
    if (found == m_arrivals.end() || !Theme::instance().hasMotion()) return 1;
    return std::clamp(double(m_clock.elapsed() - found->second) / kFadeMs, kLeastFade, 1.0);
}

void HeatmapImage::paintTiles(TileId id, const std::vector<int>& ladder, const QRect& pixels) {
    const Found found = best(id, ladder, m_block);
    if (!found.tile) return paintMissing(pixels);
    double opacity = found.id.block == m_block ? fadeOf(found.id) : 1;
    if (opacity < 1) {
        const Found under = best(id, ladder, m_block + 1);
        if (under.tile)
            paintTile(under, pixels, 1);
        else
            opacity = 1; // nothing stood here: no reason to make anyone wait
    }
    m_fading |= opacity < 1;
    paintTile(found, pixels, opacity);
    if (found.id.block == m_block) m_exactPixels += causalPixels(pixels);
}

void HeatmapImage::paintTile(const Found& found, const QRect& area, double opacity) {
    const bool useMax = m_look.pooling == Pooling::Max && found.tile->max.size() == found.tile->mean.size();
    const float* values = (useMax ? found.tile->max : found.tile->mean).data();
    const Level& pixels = level(found.id.block);
    const int firstRow = found.id.row * kTileCells, firstCol = found.id.col * kTileCells;
    const int x0 = area.left(), x1 = area.left() + area.width();
    const int alpha = int(std::lround(opacity * 256));
    for (int y = area.top(); y < area.top() + area.height(); ++y) {
        const Row& row = m_rows[std::size_t(y)];
        const float* cells = values + std::ptrdiff_t(pixels.cellOfY[std::size_t(y)] - firstRow) * kTileCells;
        QRgb* line = reinterpret_cast<QRgb*>(m_image.scanLine(y));
        const auto run = [&](int from, int to, const std::array<QRgb, kLevels>& colours) {
            to = std::min(to, x1);
            for (int x = std::max(from, x0); x < to; ++x) {
                const QRgb colour =
                    colours[std::size_t(levelOf(cells[pixels.cellOfX[std::size_t(x)] - firstCol]))];
                line[x] = alpha == 256 ? colour : mixed(line[x], colour, alpha);
            }
        };
        if (m_look.hideSink) {
            const int to = std::min(row.sinkEnd, x1);
            if (to > x0) std::fill(line + x0, line + to, m_missing);
        } else {
            run(0, row.sinkEnd, m_plain);
        }
        run(row.sinkEnd, row.maskEnd, m_masked);
        run(row.maskEnd, row.causalEnd, m_plain);
    }
}

void HeatmapImage::paintMissing(const QRect& pixels) {
    for (int y = pixels.top(); y < pixels.top() + pixels.height(); ++y) {
        const int end = std::min(m_rows[std::size_t(y)].causalEnd, pixels.left() + pixels.width());
        QRgb* line = reinterpret_cast<QRgb*>(m_image.scanLine(y));
        if (end > pixels.left()) std::fill(line + pixels.left(), line + end, m_missing);
    }
}

double HeatmapImage::causalPixels(const QRect& pixels) const {
    double count = 0;
    for (int y = pixels.top(); y < pixels.top() + pixels.height(); ++y)
        count += std::clamp(m_rows[std::size_t(y)].causalEnd - pixels.left(), 0, pixels.width());
    return count;
}

const QImage& HeatmapImage::compose(const HeatmapGeometry& geometry, const MaskShape& mask, double dpr) {
    const QSize size = (geometry.viewSize() * dpr).toSize().expandedTo(QSize(1, 1));
    if (m_image.size() != size) m_image = QImage(size, QImage::Format_RGB32);
    m_image.setDevicePixelRatio(dpr);
    m_image.fill(m_background);
    m_exactShare = m_exactPixels = 0;
    m_fading = false;
    if (!m_source || geometry.tokens() == 0 || m_source->tokens() != geometry.tokens()) return m_image;
    const std::vector<int> ladder = m_source->ladder();
    m_block = geometry.blockFor(ladder, 1 / dpr);
    mapPixels(geometry, dpr, size);
    findParts(mask);
    const auto pixelsOf = [](const std::vector<int>& tokens, int first, int count) {
        const auto begin = std::lower_bound(tokens.begin(), tokens.end(), first);
        const auto end = std::lower_bound(begin, tokens.end(), first + count);
        return std::pair{int(begin - tokens.begin()), int(end - begin)};
    };
    const QRect visible = geometry.visibleTokens();
    const int side = kTileCells * m_block;
    double all = 0;
    for (int r = visible.top() / side; r <= visible.bottom() / side; ++r) {
        const auto [y, height] = pixelsOf(m_queryOfY, r * side, side);
        for (int c = visible.left() / side; c <= std::min(visible.right() / side, r); ++c) {
            const auto [x, width] = pixelsOf(m_keyOfX, c * side, side);
            const QRect pixels(x, y, width, height);
            paintTiles({m_block, r, c}, ladder, pixels);
            all += causalPixels(pixels);
        }
    }
    m_exactShare = all > 0 ? m_exactPixels / all : 0;
    return m_image;
}

std::vector<TileId> HeatmapImage::wishes(const HeatmapGeometry& geometry, double dpr, QPointF centre) const {
    std::vector<TileId> wanted;
    if (!m_source || geometry.tokens() == 0 || m_source->tokens() != geometry.tokens()) return wanted;
    const std::vector<int> ladder = m_source->ladder();
    if (ladder.empty()) return wanted;
    const double key = geometry.keyAt(centre.x()), query = geometry.queryAt(centre.y());
    const auto add = [&](int block, int marginTokens) {
        const int side = kTileCells * block;
        const QRect text(0, 0, geometry.tokens(), geometry.tokens());
        const QRect area = geometry.visibleTokens()
                               .adjusted(-marginTokens, -marginTokens, marginTokens, marginTokens)
                               .intersected(text);
        std::vector<std::pair<double, TileId>> level;
        for (int r = area.top() / side; !area.isEmpty() && r <= area.bottom() / side; ++r)
            for (int c = area.left() / side; c <= std::min(area.right() / side, r); ++c) {
                const TileId id{block, r, c};
                const bool listed = std::find(wanted.begin(), wanted.end(), id) != wanted.end();
                if (listed || m_source->tile(id)) continue;
                const double half = side / 2.0;
                level.emplace_back(std::hypot(id.firstKey() + half - key, id.firstQuery() + half - query),
                                   id);
            }
        std::ranges::sort(level);
        for (const auto& [distance, id] : level) wanted.push_back(id);
    };
    const int block = geometry.blockFor(ladder, 1 / dpr);
    add(ladder.front(), 0);
    add(block, 0);
    add(block, kTileCells * block / 2);
    return wanted;
}

float HeatmapImage::valueAt(int query, int key, int block, int* usedBlock) const {
    if (!m_source || query < 0 || query >= m_source->tokens() || key < 0 || key > query) return -1;
    const int side = kTileCells * block;
    const Found found = best({block, query / side, key / side}, m_source->ladder(), block);
    if (!found.tile) return -1;
    if (usedBlock) *usedBlock = found.id.block;
    const bool useMax = m_look.pooling == Pooling::Max && found.tile->max.size() == found.tile->mean.size();
    const int r = query / found.id.block - found.id.row * kTileCells;
    const int c = key / found.id.block - found.id.col * kTileCells;
    return (useMax ? found.tile->max : found.tile->mean)[std::size_t(r) * kTileCells + std::size_t(c)];
}

} // namespace moa
