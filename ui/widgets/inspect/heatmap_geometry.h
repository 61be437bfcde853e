// Pixels ↔ tokens of a heatmap view: pan, zoom, fit, the block that suits a zoom, and where the mask's edges
// lie. Pure arithmetic, no window. Key j is the square [j, j+1) along x, query i along y; one scale for both.
#pragma once

#include <QLineF>
#include <QPointF>
#include <QRect>
#include <QRectF>

#include <cstdint>
#include <optional>
#include <span>

namespace moa {

/// A draggable line of the mask.
enum class MaskEdge { None, Window, Sink };

/// The mask of one head at the heatmap's length: key j is visible to query i iff j ≤ i and (j < sink or i − j
/// < window).
struct MaskShape {
    std::int64_t window = 0; ///< w, tokens; 0: no plan, nothing is masked
    int sink = 0;            ///< s, tokens
    bool operator==(const MaskShape&) const = default;
    /// Whether the plan hides key j from query i (false above the diagonal).
    bool hides(std::int64_t query, std::int64_t key) const {
        return window > 0 && key >= sink && key <= query && query - key >= window;
    }
    std::int64_t span() const { return window + sink; } ///< c(N) = w + s
};

class HeatmapGeometry {
public:
    static constexpr double kMaxScale = 48; ///< px a token

    /// Another text: fits it. Negative counts as 0.
    void setTokens(int tokens);
    int tokens() const { return m_tokens; }
    /// Size of the plot in px. A fitted view stays fitted, another keeps its top left token.
    void setViewSize(QSizeF size);
    QSizeF viewSize() const { return m_size; }

    double scale() const { return m_scale; } ///< px a token
    double keyAt(double x) const { return m_left + x / m_scale; }
    double queryAt(double y) const { return m_top + y / m_scale; }
    double xOf(double key) const { return (key - m_left) * m_scale; }
    double yOf(double query) const { return (query - m_top) * m_scale; }
    /// The token square under a pixel, nothing beside the text or where key > query.
    std::optional<QPoint> pairAt(QPointF px) const; ///< x = key, y = query
    QRectF rectOf(QRectF tokens) const;             ///< token rectangle (x: keys, y: queries) in px

    /// Whole tokens that touch the view: x keys, y queries, clipped to the text.
    QRect visibleTokens() const;
    /// Share of the text's side that the view shows, 1 when fitted.
    double shareShown() const;

    double fitScale() const;
    bool isFitted() const { return m_fitted; }
    void fit();
    void panBy(QPointF px); ///< the content moves by px
    /// Scales by `factor`; the token under `anchor` (px) stays there as far as the text's borders allow.
    void zoomBy(double factor, QPointF anchor);
    /// Zooms one step of the ladder in (steps > 0) or out: a cell keeps its size on the screen, its tokens
    /// change.
    void zoomLadder(int steps, QPointF anchor, std::span<const int> ladder);
    void centreOn(double query, double key);
    /// Smallest pan that brings the token pair into view.
    void reveal(int query, int key);
    /// Shows the token rectangle as large as it fits.
    void show(QRectF tokens);

    /// The finest block of `ladder` (coarse to fine) whose cell is at least `minPx` px wide; else the
    /// coarsest.
    int blockFor(std::span<const int> ladder, double minPx = 1) const;

    /// Line i − j = w from key s to the last query, in px; nothing where it has no length.
    std::optional<QLineF> windowEdge(const MaskShape& mask) const;
    /// Line j = s from query s + w to the last, in px.
    std::optional<QLineF> sinkEdge(const MaskShape& mask) const;
    /// The edge within `tolerance` px of a point of the view, the nearer one of two.
    MaskEdge edgeAt(QPointF px, const MaskShape& mask, double tolerance) const;
    /// Distance query − key of a pixel, not rounded.
    double distanceAt(QPointF px) const { return queryAt(px.y()) - keyAt(px.x()); }

private:
    void clamp();

    int m_tokens = 0;
    QSizeF m_size{1, 1};
    double m_scale = 1, m_left = 0, m_top = 0; ///< token at the top left
    bool m_fitted = true;
};

} // namespace moa
