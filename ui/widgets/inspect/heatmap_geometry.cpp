// Arithmetic of the view.
#include "ui/widgets/inspect/heatmap_geometry.h"

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

/// Distance of a point from a segment, px.
double distanceTo(const QLineF& line, QPointF p) {
    const QPointF d = line.p2() - line.p1();
    const double length2 = QPointF::dotProduct(d, d);
    const double t =
        length2 > 0 ? std::clamp(QPointF::dotProduct(p - line.p1(), d) / length2, 0.0, 1.0) : 0.0;
    const QPointF nearest = line.p1() + t * d;
    return std::hypot(p.x() - nearest.x(), p.y() - nearest.y());
}

/// The view's position along one axis: inside the text where it overflows, at its start where it does not.
double clampedStart(double start, double shown, double tokens) {
    return shown >= tokens ? 0.0 : std::clamp(start, 0.0, tokens - shown);
}

} // namespace

void HeatmapGeometry::setTokens(int tokens) {
    m_tokens = std::max(tokens, 0);
    fit();
}

void HeatmapGeometry::setViewSize(QSizeF size) {
    m_size = QSizeF(std::max(size.width(), 1.0), std::max(size.height(), 1.0));
    if (m_fitted)
        fit();
    else
        clamp();
}

double HeatmapGeometry::fitScale() const {
    return std::min(m_size.width(), m_size.height()) / std::max(m_tokens, 1);
}

void HeatmapGeometry::fit() {
    m_scale = std::min(fitScale(), kMaxScale);
    m_left = m_top = 0;
    m_fitted = true;
}

void HeatmapGeometry::clamp() {
    const double least = std::min(fitScale(), kMaxScale);
    m_scale = std::clamp(m_scale, least, std::max(least, kMaxScale));
    m_left = clampedStart(m_left, m_size.width() / m_scale, m_tokens);
    m_top = clampedStart(m_top, m_size.height() / m_scale, m_tokens);
    m_fitted = m_scale <= least * (1 + 1e-9);
}

std::optional<QPoint> HeatmapGeometry::pairAt(QPointF px) const {
    const double key = std::floor(keyAt(px.x())), query = std::floor(queryAt(px.y()));
    if (key < 0 || query < 0 || query >= m_tokens || key > query) return std::nullopt;
    return QPoint(int(key), int(query));
}

QRectF HeatmapGeometry::rectOf(QRectF tokens) const {
    return {xOf(tokens.x()), yOf(tokens.y()), tokens.width() * m_scale, tokens.height() * m_scale};
}

QRect HeatmapGeometry::visibleTokens() const {
    const auto range = [&](double start, double px) {
        const int first = std::clamp(int(std::floor(start)), 0, m_tokens);
        const int end = std::clamp(int(std::ceil(start + px / m_scale)), first, m_tokens);
        return std::pair{first, end - first};
    };
    const auto [key, keys] = range(m_left, m_size.width());
    const auto [query, queries] = range(m_top, m_size.height());
    return {key, query, keys, queries};
}

double HeatmapGeometry::shareShown() const {
    return std::min(1.0, std::min(m_size.width(), m_size.height()) / m_scale / std::max(m_tokens, 1));
}

void HeatmapGeometry::panBy(QPointF px) {
    m_left -= px.x() / m_scale;
    m_top -= px.y() / m_scale;
    clamp();
}

void HeatmapGeometry::zoomBy(double factor, QPointF anchor) {
    if (!(factor > 0) || !std::isfinite(factor)) return;
    const double key = keyAt(anchor.x()), query = queryAt(anchor.y());
    const double least = std::min(fitScale(), kMaxScale);
    m_scale = std::clamp(m_scale * factor, least, std::max(least, kMaxScale));
    m_left = key - anchor.x() / m_scale;
    m_top = query - anchor.y() / m_scale;
    clamp();
}

void HeatmapGeometry::zoomLadder(int steps, QPointF anchor, std::span<const int> ladder) {
    if (ladder.empty()) return;
    for (; steps != 0; steps += steps > 0 ? -1 : 1) {
        const auto here = std::find(ladder.begin(), ladder.end(), blockFor(ladder));
        const auto at = here - ladder.begin(), next = at + (steps > 0 ? 1 : -1);
        // Past either end of the ladder there is no other block to keep the cell size with.
        const bool inside = next >= 0 && next < std::ssize(ladder);
        const double factor =
            inside ? double(ladder[std::size_t(at)]) / ladder[std::size_t(next)] : (steps > 0 ? 2.0 : 0.5);
        zoomBy(factor, anchor);
    }
}

void HeatmapGeometry::centreOn(double query, double key) {
    m_left = key + 0.5 - m_size.width() / m_scale / 2;
    m_top = query + 0.5 - m_size.height() / m_scale / 2;
    clamp();
}

void HeatmapGeometry::reveal(int query, int key) {
    const auto revealed = [&](double start, double px, int token) {
        const double shown = px / m_scale;
        return shown < 1 ? token + 0.5 - shown / 2 : std::clamp(start, token + 1 - shown, double(token));
    };
    m_left = revealed(m_left, m_size.width(), key);
    m_top = revealed(m_top, m_size.height(), query);
    clamp();
}

void HeatmapGeometry::show(QRectF tokens) {
    const double side = std::max(tokens.width() / m_size.width(), tokens.height() / m_size.height());
    m_scale = side > 0 ? 1 / side : kMaxScale;
    m_left = tokens.left();
    m_top = tokens.top();
    clamp();
}

int HeatmapGeometry::blockFor(std::span<const int> ladder, double minPx) const {
    if (ladder.empty()) return 1;
    int best = ladder.front();
    for (const int block : ladder)
        if (block * m_scale >= minPx * (1 - 1e-9)) best = block;
    return best;
}

std::optional<QLineF> HeatmapGeometry::windowEdge(const MaskShape& mask) const {
    const double first = double(mask.sink), last = double(m_tokens) - double(mask.window);
    if (mask.window <= 0 || last <= first) return std::nullopt;
    return QLineF(xOf(first), yOf(first + double(mask.window)), xOf(last), yOf(m_tokens));
}

std::optional<QLineF> HeatmapGeometry::sinkEdge(const MaskShape& mask) const {
    const double top = double(mask.sink) + double(mask.window);
    if (mask.window <= 0 || top >= m_tokens) return std::nullopt;
    return QLineF(xOf(mask.sink), yOf(top), xOf(mask.sink), yOf(m_tokens));
}

MaskEdge HeatmapGeometry::edgeAt(QPointF px, const MaskShape& mask, double tolerance) const {
    const auto window = windowEdge(mask), sink = sinkEdge(mask);
    const double toWindow = window ? distanceTo(*window, px) : tolerance + 1;
    const double toSink = sink ? distanceTo(*sink, px) : tolerance + 1;
    if (std::min(toWindow, toSink) > tolerance) return MaskEdge::None;
    return toWindow <= toSink ? MaskEdge::Window : MaskEdge::Sink;
}

} // namespace moa
