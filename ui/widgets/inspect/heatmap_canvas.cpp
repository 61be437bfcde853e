// State and painting of the heatmap.
#include "ui/widgets/inspect/heatmap_canvas.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/read_out.h"
#include "ui/widgets/theme.h"

#include <QElapsedTimer>
#include <QEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace moa {
namespace {

constexpr int kWishDelayMs = 8; ///< wishes follow the view at most this often
constexpr int kFadeFrameMs = 16;
constexpr double kCellPx = 2;        ///< of a step of the resolution chosen by name
constexpr int kInfluenceAlpha = 200; ///< of 255, over attention

} // namespace

HeatmapCanvas::HeatmapCanvas(QWidget* parent) : QWidget(parent), m_readOut(new ReadOut(this)) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Attention heatmap"));
    m_readOut->hide();
    m_wishTimer.setSingleShot(true);
    m_wishTimer.setInterval(kWishDelayMs);
    connect(&m_wishTimer, &QTimer::timeout, this, &HeatmapCanvas::sendWishes);
    new HoverTip(this, [this](QPoint at) { return tipAt(at); });
    connect(&Theme::instance(), &Theme::changed, this, &HeatmapCanvas::restyle);
    restyle();
}

HeatmapCanvas::~HeatmapCanvas() = default;

void HeatmapCanvas::setSource(HeatmapSource* source) {
    if (m_source) m_source->disconnect(this);
    m_source = source;
    m_image.setSource(source);
    if (source) {
        connect(source, &HeatmapSource::tileArrived, this, [this](TileId id) {
            m_image.noteArrival(id);
            if (!m_wishTimer.isActive()) m_wishTimer.start();
            updateReadOut();
            update();
        });
        connect(source, &HeatmapSource::reset, this, &HeatmapCanvas::readSource);
        connect(source, &QObject::destroyed, this, [this] {
            m_image.setSource(nullptr);
            readSource();
        });
    }
    readSource();
}

void HeatmapCanvas::readSource() {
    const int tokens = m_source ? m_source->tokens() : 0;
    if (tokens != m_geometry.tokens()) {
        m_geometry.setTokens(tokens);
        m_query = m_key = -1;
        m_selection = {};
    }
    m_wishes.clear();
    viewMoved();
    updateReadOut();
}

void HeatmapCanvas::setMask(const MaskShape& mask) {
    if (mask == m_mask) return;
    m_mask = mask;
    updateReadOut();
    announceCurrent(this);
    update();
    emit maskChanged();
}

void HeatmapCanvas::setHeld(MaskEdge edge, const QString& why) {
    QString& held = edge == MaskEdge::Sink ? m_sinkHeld : m_windowHeld;
    if (edge == MaskEdge::None || held == why) return;
    held = why;
    setHotEdge(std::exchange(m_hotEdge, MaskEdge::None)); // the cursor says which it is now
    update();
}

void HeatmapCanvas::setRuleText(const QString& text) {
    m_ruleText = text;
    update();
}

void HeatmapCanvas::setCrosshair(int query, int key) {
    if (query == m_query && key == m_key) return;
    const bool inside = query >= 0 && query < m_geometry.tokens() && key >= 0 && key <= query;
    m_query = inside ? query : -1;
    m_key = inside ? key : -1;
    updateReadOut();
    announceCurrent(this);
    m_wishTimer.start();
    update();
}

void HeatmapCanvas::setSelection(const QRect& tokens) {
    m_selection = tokens;
    update();
}

void HeatmapCanvas::setLayer(HeatLayer layer, bool on) {
    if (this->layer(layer) == on) return;
    switch (layer) {
    case HeatLayer::Attention:
        m_look.attention = on;
        break;
    case HeatLayer::Influence:
        m_showInfluence = on;
        break;
    case HeatLayer::Evidence:
        m_look.evidence = on;
        break;
    case HeatLayer::Log:
        m_look.log = on;
        break;
    case HeatLayer::HideSink:
        m_look.hideSink = on;
        break;
    }
    restyle();
}

bool HeatmapCanvas::layer(HeatLayer layer) const {
    switch (layer) {
    case HeatLayer::Attention:
        return m_look.attention;
    case HeatLayer::Influence:
        return m_showInfluence;
    case HeatLayer::Evidence:
        return m_look.evidence;
    case HeatLayer::Log:
        return m_look.log;
    case HeatLayer::HideSink:
        return m_look.hideSink;
    }
    return false;
}

void HeatmapCanvas::setPooling(Pooling pooling) {
    m_look.pooling = pooling;
    restyle();
}

void HeatmapCanvas::setWeightRange(double floor, double top) {
    if (!(floor > 0) || !(top > floor)) throw std::invalid_argument("weight range needs 0 < floor < top");
    m_look.floor = floor;
    m_look.top = top;
    restyle();
}

void HeatmapCanvas::setEvidenceRange(double floor, double top) {
    if (!(floor > 0) || !(top >= floor)) throw std::invalid_argument("evidence range needs 0 < floor <= top");
    m_look.evidenceFloor = floor;
    m_look.evidenceTop = top;
    restyle();
}

void HeatmapCanvas::setInfluence(std::vector<float> cells, int side) {
    if (side < 0 || cells.size() != std::size_t(side) * std::size_t(side))
        throw std::invalid_argument("influence needs side × side cells");
    m_influence = std::move(cells);
    m_influenceSide = side;
    buildInfluenceImage();
    updateReadOut();
    update();
}

void HeatmapCanvas::restyle() {
    m_image.setLook(m_look);
    buildInfluenceImage();
    layOut();
    updateReadOut();
    update();
    emit lookChanged();
}

void HeatmapCanvas::layOut() {
    const QMarginsF margins = scene::axisMargins();
    const QRectF plot = QRectF(rect()).marginsRemoved(margins);
    // Whole device pixels, so that the picture is copied and not resampled.
    m_plot = QRectF(std::floor(plot.x()), std::floor(plot.y()), std::max(1.0, std::floor(plot.width())),
                    std::max(1.0, std::floor(plot.height())));
    m_geometry.setViewSize(m_plot.size());
    viewMoved();
}

void HeatmapCanvas::viewMoved() {
    m_wishTimer.start();
    updateReadOut();
    update();
    emit viewChanged();
}

int HeatmapCanvas::block() const {
    return m_source ? m_geometry.blockFor(m_source->ladder(), 1 / devicePixelRatioF()) : 1;
}

void HeatmapCanvas::fit() {
    m_geometry.fit();
    viewMoved();
}

void HeatmapCanvas::centreOnCrosshair() {
    if (m_query < 0) return;
    m_geometry.centreOn(m_query, m_key);
    viewMoved();
}

void HeatmapCanvas::zoomBy(double factor, QPointF anchorPx) {
    m_geometry.zoomBy(factor, toView(anchorPx));
    viewMoved();
}

void HeatmapCanvas::showTokens(const QRectF& tokens) {
    m_geometry.show(tokens);
    viewMoved();
}

void HeatmapCanvas::showBlock(int block) {
    if (m_geometry.tokens() == 0 || block < 1) return;
    const bool crossInView = m_query >= 0 && m_geometry.visibleTokens().contains(m_key, m_query);
    const QPointF anchor = crossInView ? QPointF(m_geometry.xOf(m_key), m_geometry.yOf(m_query))
                                       : QPointF(m_plot.width() / 2, m_plot.height() / 2);
    // Two px a cell: the coarser step would be too coarse and the finer one is not in reach.
    m_geometry.zoomBy(kCellPx / (block * m_geometry.scale()), anchor);
    viewMoved();
}

void HeatmapCanvas::centreOn(int query, int key) {
    m_geometry.centreOn(query, key);
    viewMoved();
}

Thumbnail HeatmapCanvas::overview() const {
    constexpr int kSide = 64, kMostCells = 4 * kSide;
    const int tokens = m_geometry.tokens();
    if (!m_source || tokens == 0) return {};
    const std::vector<int> ladder = m_source->ladder();
    // The finest step that has few cells: as much detail as the picture can show, no more tiles than there
    // are.
    int block = ladder.front();
    for (const int step : ladder)
        if (tokens / step <= kMostCells) block = step;
    const int cells = (tokens + block - 1) / block, side = std::min(cells, kSide);
    Thumbnail thumbnail{side, std::vector<float>(std::size_t(side) * std::size_t(side), 0.0f)};
    for (int r = 0; r < cells; ++r)
        for (int c = 0; c <= r; ++c) {
            const int query = std::min(r * block + block - 1, tokens - 1);
            float& cell = thumbnail.values[std::size_t(r * side / cells) * std::size_t(side) +
                                           std::size_t(c * side / cells)];
            cell = std::max(cell, m_image.valueAt(query, c * block, block));
        }
    return thumbnail;
}

void HeatmapCanvas::sendWishes() {
    emit tilesChanged();
    if (!m_source || !isVisible()) return;
    const bool hasCentre = m_pointerInside && m_plot.contains(m_pointer);
    const QPointF centre = toView(hasCentre ? m_pointer : m_plot.center());
    std::vector<TileId> wishes = m_image.wishes(m_geometry, devicePixelRatioF(), centre);
    // The exact weight under the crosshair, or all that the loupe shows, in the tiles of single tokens.
    const QPoint pair = m_loupe ? loupePair() : QPoint(m_key, m_query);
    const int reach = m_loupe ? scene::kLoupeCells / 2 : 0;
    if (pair.x() >= 0) {
        std::vector<TileId> exact;
        for (const int dq : {-reach, reach})
            for (const int dk : {-reach, reach}) {
                const int query = std::clamp(pair.y() + dq, 0, m_geometry.tokens() - 1);
                const int key = std::clamp(pair.x() + dk, 0, query);
                const TileId id{1, query / kTileCells, key / kTileCells};
                if (!m_source->tile(id) && std::find(exact.begin(), exact.end(), id) == exact.end())
                    exact.push_back(id);
            }
        std::erase_if(wishes,
                      [&](TileId id) { return std::find(exact.begin(), exact.end(), id) != exact.end(); });
        wishes.insert(m_loupe ? wishes.begin() : wishes.end(), exact.begin(), exact.end());
    }
    if (wishes == m_wishes) return;
    m_wishes = wishes;
    m_source->want(std::move(wishes));
}

void HeatmapCanvas::buildInfluenceImage() {
    m_influenceImage = {};
    if (m_influenceSide == 0) return;
    m_influenceImage = QImage(m_influenceSide, m_influenceSide, QImage::Format_ARGB32_Premultiplied);
    const auto& ramp = Theme::instance().ramp(Ramp::Influence);
    for (int r = 0; r < m_influenceSide; ++r) {
        auto* line = reinterpret_cast<QRgb*>(m_influenceImage.scanLine(r));
        for (int c = 0; c < m_influenceSide; ++c) {
            const float value = m_influence[std::size_t(r) * std::size_t(m_influenceSide) + std::size_t(c)];
            const double t = std::clamp(double(value), 0.0, 1.0);
            const QRgb strong = ramp[kMapColours - 1],
                       shade = ramp[std::size_t(std::lround(t * (kMapColours - 1)))];
            // Over attention weak cells let it through; alone they are the ramp itself.
            line[c] = c > r              ? 0
                      : m_look.attention ? qPremultiply(qRgba(qRed(strong), qGreen(strong), qBlue(strong),
                                                              int(std::lround(t * kInfluenceAlpha))))
                                         : shade;
        }
    }
}

void HeatmapCanvas::paintInfluence(QPainter& painter) {
    if (!m_showInfluence || m_influenceImage.isNull() || m_geometry.tokens() == 0) return;
    // Only the cells in view: a far zoom would otherwise scale a picture of millions of pixels.
    const double perCell = double(m_geometry.tokens()) / m_influenceSide;
    const QRect tokens = m_geometry.visibleTokens();
    const int left = int(tokens.left() / perCell), top = int(tokens.top() / perCell);
    const int right = std::min(int((tokens.left() + tokens.width()) / perCell) + 1, m_influenceSide);
    const int bottom = std::min(int((tokens.top() + tokens.height()) / perCell) + 1, m_influenceSide);
    const QRectF source(left, top, right - left, bottom - top);
    const QRectF target = m_geometry.rectOf(
        {source.x() * perCell, source.y() * perCell, source.width() * perCell, source.height() * perCell});
    painter.save();
    // A cell on the diagonal has no pair above it.
    const double n = m_geometry.tokens();
    QPolygonF causal({QPointF(m_geometry.xOf(0), m_geometry.yOf(0)),
                      QPointF(m_geometry.xOf(n), m_geometry.yOf(n)),
                      QPointF(m_geometry.xOf(0), m_geometry.yOf(n))});
    QPainterPath path;
    path.addPolygon(causal.translated(m_plot.topLeft()).intersected(QPolygonF(m_plot)));
    painter.setClipPath(path);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.drawImage(target.translated(m_plot.topLeft()), m_influenceImage, source);
    painter.restore();
}

HeatmapScene HeatmapCanvas::describe() const {
    const QRectF avoid = m_readOut->isVisibleTo(this) ? QRectF(m_readOut->geometry()) : QRectF();
    return {m_geometry, m_plot, m_mask, m_query, m_key, m_selection, m_hotEdge, !m_windowHeld.isEmpty(), !m_sinkHeld.isEmpty(), m_ruleText, avoid};
}

void HeatmapCanvas::paintTo(QPainter& painter) {
    painter.fillRect(rect(), Theme::instance().color(Role::Surface));
    painter.drawImage(m_plot.topLeft(), m_image.compose(m_geometry, m_mask, devicePixelRatioF()));
    paintInfluence(painter);
    const HeatmapScene scene = describe();
    scene::paintAxes(painter, scene);
    scene::paintSelection(painter, scene);
    scene::paintEdges(painter, scene);
    scene::paintCrosshair(painter, scene);
    scene::paintEdgeLabels(painter, scene);
    const QPoint pair = loupePair();
    if (m_loupe && m_source && pair.x() >= 0) {
        const QSizeF size = scene::loupeSize();
        const double below =
            m_readOut->isVisibleTo(this) ? m_readOut->geometry().bottom() + 9 : m_plot.top() + 6;
        const QRectF box(QPointF(m_plot.right() - size.width() - 6, below), size);
        scene::paintLoupe(painter, box, *m_source, m_look, m_mask, pair.y(), pair.x());
    }
}

void HeatmapCanvas::paintEvent(QPaintEvent*) {
    QElapsedTimer clock;
    clock.start();
    QPainter painter(this);
    paintTo(painter);
    if (hasFocus()) paint::focusRing(painter, rect());
    if (m_frameTimes.size() == kFrames) m_frameTimes.erase(m_frameTimes.begin());
    if (m_image.isFading()) QTimer::singleShot(kFadeFrameMs, this, qOverload<>(&QWidget::update));
    m_frameTimes.push_back(double(clock.nsecsElapsed()) / 1e6);
}

void HeatmapCanvas::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    layOut();
}

bool HeatmapCanvas::event(QEvent* event) {
    if (event->type() == QEvent::Show) m_wishTimer.start();
    return QWidget::event(event);
}

} // namespace moa
