// State, layout and painting of the grid of heads.
#include "ui/widgets/inspect/heads_grid.h"

#include "ui/widgets/inspect/head_magnifier.h"
#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QElapsedTimer>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace moa {
namespace {

constexpr int kLeastRow = 14, kLargestCell = 64, kGap = 1, kInfluenceBar = 44, kSideGap = 8;
constexpr int kRim = 4;           ///< left free for the focus ring
constexpr int kImageBudgetMs = 4; ///< of one frame for making thumbnails; the rest follow in the next
constexpr int kMostHeads = 4096;

} // namespace

HeadsGrid::HeadsGrid(QWidget* parent) : QAbstractScrollArea(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Heads"));
    viewport()->setMouseTracking(true);
    m_hoverTimer.setSingleShot(true);
    m_hoverTimer.setInterval(HoverTip::kDelayMs);
    connect(&m_hoverTimer, &QTimer::timeout, this, &HeadsGrid::showMagnifier);
    connect(&Theme::instance(), &Theme::changed, this, &HeadsGrid::restyle);
    restyle();
}

void HeadsGrid::setShape(int layers, int kvHeads) {
    if (layers < 1 || kvHeads < 1 || layers > kMostHeads || kvHeads > kMostHeads)
        throw std::invalid_argument("a grid of heads needs 1 to 4096 layers and KV heads");
    m_layers = layers;
    m_kvHeads = kvHeads;
    const std::size_t heads = std::size_t(layers) * std::size_t(kvHeads);
    m_thumbnails.assign(heads, {});
    m_images.assign(heads, {});
    m_selected.assign(heads, false);
    m_selected[0] = true;
    m_windows.clear();
    m_pinned.clear();
    m_influence.clear();
    m_statistic = {};
    m_current = m_anchor = {};
    layOut();
}

void HeadsGrid::setThumbnail(Head head, Thumbnail thumbnail) {
    if (thumbnail.side > 64 ||
        thumbnail.values.size() != std::size_t(thumbnail.side) * std::size_t(thumbnail.side))
        throw std::invalid_argument("a thumbnail needs side × side values, side at most 64");
    const std::size_t at = std::size_t(index(head));
    m_thumbnails.at(at) = std::move(thumbnail);
    m_images[at] = {};
    viewport()->update(cellRect(head));
}

void HeadsGrid::setLook(const HeatLook& look) {
    if (look == m_look) return;
    m_look = look;
    restyle();
}

void HeadsGrid::setStatistic(Statistic statistic) {
    if (!statistic.values.empty() && int(statistic.values.size()) != itemCount())
        throw std::invalid_argument("a statistic needs one value per head");
    m_statistic = std::move(statistic);
    viewport()->update();
}

void HeadsGrid::setWindows(std::vector<qint64> windows, int sink, int tokens) {
    if (!windows.empty() && int(windows.size()) != itemCount())
        throw std::invalid_argument("windows need one value per head");
    const bool sameFrame = sink == m_sink && tokens == m_tokens && windows.size() == m_windows.size();
    for (std::size_t i = 0; i < m_images.size(); ++i)
        if (!sameFrame || (!windows.empty() && windows[i] != m_windows[i])) m_images[i] = {};
    m_windows = std::move(windows);
    m_sink = sink;
    m_tokens = tokens;
    viewport()->update();
}

void HeadsGrid::setPinned(std::vector<bool> pinned) {
    if (!pinned.empty() && int(pinned.size()) != itemCount())
        throw std::invalid_argument("pins need one value per head");
    m_pinned = std::move(pinned);
    viewport()->update();
}

void HeadsGrid::setInfluence(std::vector<float> outside) {
    if (!outside.empty() && int(outside.size()) != itemCount())
        throw std::invalid_argument("influence needs one value per head");
    m_influence = std::move(outside);
    viewport()->update();
}

void HeadsGrid::setCurrent(Head head) {
    if (itemCount() == 0) return;
    head = {std::clamp(head.layer, 0, m_layers - 1), std::clamp(head.kvHead, 0, m_kvHeads - 1)};
    m_current = m_anchor = head;
    m_selected.assign(m_selected.size(), false);
    m_selected[std::size_t(index(head))] = true;
    ensureVisible(head);
    announceCurrent(this);
    viewport()->update();
}

std::vector<HeadsGrid::Head> HeadsGrid::selected() const {
    std::vector<Head> heads;
    for (int i = 0; i < itemCount(); ++i)
        if (m_selected[std::size_t(i)]) heads.push_back(headOf(i));
    return heads;
}

void HeadsGrid::setSelected(const std::vector<Head>& heads) {
    m_selected.assign(m_selected.size(), false);
    for (const Head head : heads) m_selected.at(std::size_t(index(head))) = true;
    viewport()->update();
}

void HeadsGrid::restyle() {
    std::ranges::fill(m_images, QImage());
    layOut();
}

void HeadsGrid::layOut() {
    const Theme& theme = Theme::instance();
    const QFontMetrics caption(theme.font(TextStyle::Caption)), key(theme.font(TextStyle::Key));
    m_labelWidth = key.horizontalAdvance(tr("L%1").arg(std::max(m_layers - 1, 0))) + kSideGap + kRim;
    m_headerHeight = caption.height() + 6 + kRim;
    m_influenceWidth = std::max(kInfluenceBar, caption.horizontalAdvance(tr("Influence"))) + kSideGap;
    const QSize room = maximumViewportSize();
    const int rowsRoom = room.height() - m_headerHeight - 6;
    m_rowHeight = m_layers ? std::max(rowsRoom / m_layers, kLeastRow) : kLeastRow;
    const bool scrolled = m_rowHeight * m_layers > rowsRoom;
    setVerticalScrollBarPolicy(scrolled ? Qt::ScrollBarAlwaysOn : Qt::ScrollBarAlwaysOff);
    const int bar = scrolled ? verticalScrollBar()->sizeHint().width() : 0;
    const int cells = std::max(room.width() - bar - m_labelWidth - m_influenceWidth - 6, 1);
    m_cellWidth = std::clamp(m_kvHeads ? cells / m_kvHeads : 1, 4, kLargestCell);
    // Nearly square, so that a diagonal looks like one.
    m_rowHeight = std::clamp(m_rowHeight, kLeastRow, std::max(m_cellWidth * 6 / 5, kLeastRow));
    verticalScrollBar()->setRange(0, std::max(0, m_rowHeight * m_layers - rowsRoom));
    verticalScrollBar()->setPageStep(std::max(rowsRoom, 1));
    verticalScrollBar()->setSingleStep(m_rowHeight);
    viewport()->update();
}

bool HeadsGrid::scrolls() const {
    return verticalScrollBar()->maximum() > 0;
}

QRect HeadsGrid::cellRect(Head head) const {
    return {m_labelWidth + head.kvHead * m_cellWidth,
            m_headerHeight + head.layer * m_rowHeight - verticalScrollBar()->value(), m_cellWidth - kGap,
            m_rowHeight - kGap};
}

QRect HeadsGrid::rowLabelRect(int layer) const {
    const QRect cell = cellRect({layer, 0});
    return {kRim, cell.y(), m_labelWidth - kSideGap / 2 - kRim, cell.height()};
}

QRect HeadsGrid::influenceRect(int layer) const {
    const QRect last = cellRect({layer, m_kvHeads - 1});
    const int height = std::clamp(last.height() / 3, 4, 8);
    return {last.right() + 1 + kSideGap, last.center().y() - height / 2, m_influenceWidth - kSideGap, height};
}

ThumbnailMask HeadsGrid::maskOf(int index) const {
    if (m_windows.empty() || m_tokens <= 0) return {};
    return {double(m_windows[std::size_t(index)]) / m_tokens, double(m_sink) / m_tokens};
}

float HeadsGrid::layerInfluence(int layer) const {
    const auto first = m_influence.begin() + std::ptrdiff_t(layer) * m_kvHeads;
    return *std::max_element(first, first + m_kvHeads);
}

void HeadsGrid::paintHeader(QPainter& painter) {
    const Theme& theme = Theme::instance();
    painter.fillRect(0, 0, viewport()->width(), m_headerHeight, theme.color(Role::Surface));
    const QFontMetrics metrics(theme.font(TextStyle::Axis));
    // Every column where the names fit, else every second, fourth …
    int every = 1;
    while (every * m_cellWidth < metrics.horizontalAdvance(tr("KV%1").arg(m_kvHeads - 1)) + 2 &&
           every < m_kvHeads)
        every *= 2;
    for (int g = 0; g < m_kvHeads; g += every) {
        const bool current = g == m_current.kvHead;
        QFont font = theme.font(TextStyle::Axis);
        if (current) font.setWeight(QFont::Bold);
        painter.setFont(font);
        painter.setPen(theme.color(current ? Role::Text : Role::Text2));
        const QRect cell(m_labelWidth + g * m_cellWidth, kRim, m_cellWidth * every,
                         m_headerHeight - kRim - 2);
        painter.drawText(cell.translated(every > 1 ? 0 : -kGap, 0),
                         (every > 1 ? Qt::AlignLeft : Qt::AlignHCenter) | Qt::AlignVCenter,
                         tr("KV%1").arg(g));
    }
    if (m_influence.empty()) return;
    painter.setFont(theme.font(TextStyle::Axis));
    painter.setPen(theme.color(Role::Text2));
    const QRect bar = influenceRect(0);
    painter.drawText(QRect(bar.x(), kRim, bar.width(), m_headerHeight - kRim - 2),
                     Qt::AlignLeft | Qt::AlignVCenter, tr("Influence"));
}

bool HeadsGrid::refreshImage(int index, QSize size, double dpr) {
    QImage& image = m_images[std::size_t(index)];
    const QSize pixels = (QSizeF(size) * dpr).toSize();
    if (image.size() == pixels || m_thumbnails[std::size_t(index)].values.empty()) return false;
    image = thumbnailImage(m_thumbnails[std::size_t(index)], maskOf(index), m_look, pixels);
    image.setDevicePixelRatio(dpr);
    return true;
}

void HeadsGrid::paintNumber(QPainter& painter, Head head, const QRect& cell) {
    const float value = m_statistic.values[std::size_t(index(head))];
    if (std::isnan(value)) return;
    const double range = m_statistic.high - m_statistic.low;
    const double t = range > 0 ? std::clamp((double(value) - m_statistic.low) / range, 0.0, 1.0) : 0.0;
    const QColor colour = QColor::fromRgb(
        Theme::instance().ramp(m_statistic.ramp)[std::size_t(std::lround(t * (kMapColours - 1)))]);
    painter.fillRect(cell, colour);
    if (!m_statistic.text) return;
    const QString text = m_statistic.text(double(value));
    painter.setFont(Theme::instance().font(TextStyle::Axis));
    // A number is whole or not there: what does not fit is in the magnifier and the read-out.
    const QFontMetrics metrics = painter.fontMetrics();
    if (metrics.horizontalAdvance(text) > cell.width() || metrics.ascent() > cell.height()) return;
    painter.setPen(Theme::textOn(colour));
    painter.drawText(cell, Qt::AlignCenter, text);
}

void HeadsGrid::paintMarks(QPainter& painter, Head head, const QRect& cell) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setClipRect(cell, Qt::IntersectClip);
    painter.setRenderHint(QPainter::Antialiasing);
    const ThumbnailMask mask = maskOf(index(head));
    if (!hasStatistic() && mask.window < 1) {
        const QPointF from(cell.left() + mask.sink * cell.width(),
                           cell.top() + (mask.window + mask.sink) * cell.height());
        painter.setPen(QPen(theme.color(Role::Sparse), 1.2));
        painter.drawLine(from, QPointF(cell.left() + (1 - mask.window) * cell.width(), cell.bottom() + 1));
    }
    if (!m_pinned.empty() && m_pinned[std::size_t(index(head))]) {
        const double side = std::max(6.0, cell.height() * 0.32), right = cell.right() + 1;
        QPainterPath triangle(QPointF(right - side, cell.top()));
        triangle.lineTo(right, cell.top());
        triangle.lineTo(right, cell.top() + side);
        triangle.closeSubpath();
        painter.fillPath(triangle, theme.color(Role::Pinned));
    }
    painter.restore();
}

void HeadsGrid::paintCell(QPainter& painter, Head head) {
    const Theme& theme = Theme::instance();
    const QRect cell = cellRect(head);
    const QImage& image = m_images[std::size_t(index(head))];
    if (hasStatistic()) {
        painter.fillRect(cell, theme.color(Role::Sunken));
        paintNumber(painter, head, cell);
    } else if (!m_thumbnails[std::size_t(index(head))].values.empty() && !image.isNull()) {
        painter.drawImage(cell.topLeft(), image);
        painter.setPen(theme.color(Role::Grid));
        painter.drawRect(cell.adjusted(0, 0, -1, -1));
    } else {
        painter.fillRect(cell, theme.color(Role::Sunken));
    }
    paintMarks(painter, head, cell);
}

void HeadsGrid::paintInfluence(QPainter& painter, int layer) {
    if (m_influence.empty()) return;
    const QRectF track = influenceRect(layer);
    const double share = std::clamp(double(layerInfluence(layer)), 0.0, 1.0), radius = track.height() / 2;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Theme::instance().color(Role::Sunken));
    painter.drawRoundedRect(track, radius, radius);
    painter.setBrush(Theme::instance().color(Role::Influence));
    if (share > 0)
        painter.drawRoundedRect(
            QRectF(track.topLeft(), QSizeF(std::max(track.width() * share, track.height()), track.height())),
            radius, radius);
    painter.restore();
}

void HeadsGrid::paintRow(QPainter& painter, int layer) {
    const Theme& theme = Theme::instance();
    const bool current = layer == m_current.layer;
    painter.setFont(theme.font(current ? TextStyle::Key : TextStyle::Caption));
    painter.setPen(theme.color(current ? Role::Text : Role::Text2));
    const QFontMetrics metrics = painter.fontMetrics();
    if (metrics.ascent() <= m_rowHeight || current || layer % 2 == 0)
        painter.drawText(rowLabelRect(layer), Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip,
                         tr("L%1").arg(layer));
    for (int g = 0; g < m_kvHeads; ++g) paintCell(painter, {layer, g});
    paintInfluence(painter, layer);
}

void HeadsGrid::paintTo(QPainter& painter) {
    const Theme& theme = Theme::instance();
    painter.fillRect(viewport()->rect(), theme.color(Role::Surface));
    if (itemCount() == 0) return;
    const int offset = verticalScrollBar()->value();
    const int first = offset / m_rowHeight;
    const int last = std::min((offset + viewport()->height() - m_headerHeight) / m_rowHeight, m_layers - 1);
    QElapsedTimer clock;
    clock.start();
    bool late = false;
    for (int i = index({first, 0}); i <= index({last, m_kvHeads - 1}) && !hasStatistic(); ++i) {
        if (clock.elapsed() >= kImageBudgetMs && m_images[std::size_t(i)].isNull() &&
            !m_thumbnails[std::size_t(i)].values.empty())
            late = true;
        else
            refreshImage(i, cellRect({0, 0}).size(), devicePixelRatioF());
    }
    for (int layer = first; layer <= last; ++layer) paintRow(painter, layer);
    for (int i = 0; i < itemCount(); ++i) {
        if (!m_selected[std::size_t(i)] || headOf(i) == m_current) continue;
        painter.setPen(QPen(theme.color(Role::Text), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(cellRect(headOf(i)).adjusted(0, 0, -1, -1));
    }
    paint::selectionOutline(painter, cellRect(m_current));
    paintHeader(painter);
    if (late) QTimer::singleShot(0, viewport(), qOverload<>(&QWidget::update));
}

void HeadsGrid::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    paintTo(painter);
    if (hasFocus()) paint::focusRing(painter, viewport()->rect());
}

void HeadsGrid::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    layOut();
}

} // namespace moa
