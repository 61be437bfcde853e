// State, layout and painting of the matrix.
#include "ui/widgets/plan/span_matrix.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace moa {
namespace {

constexpr int kLeastRow = 16, kMostRow = 30, kGap = 2, kBar = 44, kSideGap = 10, kRim = 4, kMark = 7;
constexpr int kMostHeads = 4096;

} // namespace

SpanMatrix::SpanMatrix(QWidget* parent) : QAbstractScrollArea(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Spans"));
    viewport()->setMouseTracking(true);
    new HoverTip(viewport(), [this](QPoint at) {
        const auto [what, head] = hit(at);
        return what == Hit::Cell ? sentence(head) : QString();
    });
    connect(&Theme::instance(), &Theme::changed, this, &SpanMatrix::restyle);
    restyle();
}

void SpanMatrix::setShape(int layers, int kvHeads) {
    if (layers < 1 || kvHeads < 1 || layers > kMostHeads || kvHeads > kMostHeads)
        throw std::invalid_argument("a matrix of heads needs 1 to 4096 layers and KV heads");
    m_layers = layers;
    m_kvHeads = kvHeads;
    m_cells.assign(std::size_t(layers) * std::size_t(kvHeads), {});
    m_rows.assign(std::size_t(layers), {});
    m_current = m_anchor = {};
    m_selected = {m_current};
    m_typed.clear();
    layOut();
}

void SpanMatrix::setCells(std::vector<Cell> cells) {
    if (int(cells.size()) != itemCount()) throw std::invalid_argument("a matrix needs one cell per head");
    const bool readsDifferently = itemCount() && !(cells[std::size_t(index(m_current))] == m_cells[std::size_t(index(m_current))]);
    m_cells.swap(cells);
    for (int i = 0; i < itemCount(); ++i)
        if (!(cells[std::size_t(i)] == m_cells[std::size_t(i)])) viewport()->update(cellRect(headOf(i)).adjusted(-3, -3, 3, 3));
    if (readsDifferently) announceCurrent(this);
}

void SpanMatrix::setRows(std::vector<Row> rows) {
    if (int(rows.size()) != m_layers) throw std::invalid_argument("a matrix needs one row per layer");
    m_rows.swap(rows);
    for (int l = 0; l < m_layers; ++l)
        if (!(rows[std::size_t(l)] == m_rows[std::size_t(l)])) {
            const QRect cell = cellRect({l, m_kvHeads - 1});
            viewport()->update(QRect(cell.right(), cell.top() - 1, viewport()->width() - cell.right(), cell.height() + 2));
        }
}

void SpanMatrix::setLook(Look look) {
    m_look = std::move(look);
    layOut();
}

void SpanMatrix::setSelection(const std::set<HeadRef>& heads, HeadRef current) {
    if (itemCount() == 0 || (heads == m_selected && current == m_current)) return;
    m_selected.clear();
    for (const HeadRef head : heads) m_selected.insert(clamped(head));
    m_current = m_anchor = clamped(current);
    m_selected.insert(m_current);
    m_typed.clear();
    ensureVisible(m_current);
    announceCurrent(this);
    viewport()->update();
}

void SpanMatrix::restyle() {
    layOut();
}

void SpanMatrix::layOut() {
    const Theme& theme = Theme::instance();
    const QFontMetrics caption(theme.font(TextStyle::Caption)), key(theme.font(TextStyle::Key));
    m_labelWidth = key.horizontalAdvance(tr("L%1").arg(std::max(m_layers - 1, 0))) + kSideGap + kRim;
    m_headerHeight = caption.height() + 8 + kRim;
    m_densityWidth = std::max(kBar, caption.horizontalAdvance(tr("Density"))) + kSideGap;
    m_rulesWidth = caption.horizontalAdvance(tr("Rules")) + kSideGap;
    const QSize room = maximumViewportSize();
    const int rowsRoom = std::max(room.height() - m_headerHeight - kRim, 1);
    m_rowHeight = std::clamp(m_layers ? rowsRoom / m_layers : kLeastRow, std::max(kLeastRow, key.height() + 2), kMostRow);
    const bool scrolled = m_rowHeight * m_layers > rowsRoom;
    setVerticalScrollBarPolicy(scrolled ? Qt::ScrollBarAlwaysOn : Qt::ScrollBarAlwaysOff);
    const int bar = scrolled ? verticalScrollBar()->sizeHint().width() : 0;
    const int columns = std::max(m_kvHeads, 1), cellsRoom = room.width() - bar - m_labelWidth - m_rulesWidth - kRim;
    int widest = 0;
    if (m_look.text)
        for (const double value : {m_look.low, m_look.high, m_look.high / 16}) widest = std::max(widest, key.horizontalAdvance(m_look.text(value)));
    const auto fits = [&](int cells) { return widest > 0 && widest + 2 <= cells / columns - kGap; };
    // Numbers go before the bars of the layers' densities.
    if (!fits(cellsRoom - m_densityWidth) && fits(cellsRoom)) m_densityWidth = 0;
    m_textFits = fits(cellsRoom - m_densityWidth);
    m_cellWidth = std::max((cellsRoom - m_densityWidth) / columns, 5);
    verticalScrollBar()->setRange(0, std::max(0, m_rowHeight * m_layers - rowsRoom));
    verticalScrollBar()->setPageStep(rowsRoom);
    verticalScrollBar()->setSingleStep(m_rowHeight);
    viewport()->update();
}

QRect SpanMatrix::cellRect(HeadRef head) const {
    const int top = m_headerHeight + head.layer * m_rowHeight - verticalScrollBar()->value();
    return {m_labelWidth + head.kvHead * m_cellWidth, top, m_cellWidth - kGap, m_rowHeight - kGap};
}

QRect SpanMatrix::rowHeaderRect(int layer) const {
    const QRect cell = cellRect({layer, 0});
    return {kRim, cell.top(), m_labelWidth - kRim, cell.height()};
}

QRect SpanMatrix::columnHeaderRect(int kvHead) const {
    return {m_labelWidth + kvHead * m_cellWidth, kRim, m_cellWidth - kGap, m_headerHeight - kRim};
}

QString SpanMatrix::cellText(const Cell& cell) const {
    if (std::isnan(cell.value)) return QStringLiteral("–");
    return m_look.text ? m_look.text(cell.value) : QString();
}

void SpanMatrix::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    const QRect dirty = event->rect();
    painter.setClipRect(dirty & QRect(0, m_headerHeight - 2, viewport()->width(), viewport()->height()));
    for (int l = 0; l < m_layers; ++l) {
        const QRect cell = cellRect({l, 0});
        if (cell.bottom() + kGap >= std::max(dirty.top(), m_headerHeight - 2) && cell.top() - kGap <= dirty.bottom())
            paintRow(painter, l, dirty);
    }
    for (const HeadRef head : m_selected)
        if (head != m_current && cellRect(head).adjusted(-3, -3, 3, 3).intersects(dirty)) {
            painter.setPen(QPen(Theme::instance().color(Role::Text), 1.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(QRectF(cellRect(head)).adjusted(0.75, 0.75, -0.75, -0.75));
        }
    if (itemCount()) paint::selectionOutline(painter, QRectF(cellRect(m_current)));
    if (!m_typed.isEmpty()) paintTyped(painter);
    painter.setClipRect(dirty);
    if (dirty.top() < m_headerHeight) paintHeader(painter);
    if (hasFocus()) paint::focusRing(painter, QRectF(viewport()->rect()));
}

void SpanMatrix::paintTo(QPainter& painter) {
    paintHeader(painter);
    for (int l = 0; l < m_layers; ++l) paintRow(painter, l, viewport()->rect());
}

void SpanMatrix::paintHeader(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QFont plain = theme.font(TextStyle::Caption), bold = theme.font(TextStyle::Key);
    const QFontMetrics metrics(plain);
    const int label = metrics.horizontalAdvance(tr("KV%1").arg(std::max(m_kvHeads - 1, 0))) + 4;
    const int every = std::max(1, (label + m_cellWidth - 1) / std::max(m_cellWidth, 1));
    for (int g = 0; g < m_kvHeads; ++g) {
        const bool isCurrent = g == m_current.kvHead;
        if (g % every != 0) continue;
        painter.setFont(isCurrent && every == 1 ? bold : plain);
        painter.setPen(theme.color(isCurrent && every == 1 ? Role::Text : Role::Text2));
        QRect rect = columnHeaderRect(g);
        rect.setWidth(every == 1 ? rect.width() : every * m_cellWidth);
        painter.drawText(rect, every == 1 ? Qt::AlignCenter : Qt::AlignLeft | Qt::AlignVCenter, tr("KV%1").arg(g));
    }
    painter.setFont(plain);
    painter.setPen(theme.color(Role::Text2));
    const int right = m_labelWidth + m_kvHeads * m_cellWidth;
    if (m_densityWidth > 0)
        painter.drawText(QRect(right + kSideGap, kRim, m_densityWidth, m_headerHeight - kRim), Qt::AlignLeft | Qt::AlignVCenter, tr("Density"));
    painter.drawText(QRect(right + m_densityWidth, kRim, m_rulesWidth, m_headerHeight - kRim), Qt::AlignRight | Qt::AlignVCenter, tr("Rules"));
}

void SpanMatrix::paintRow(QPainter& painter, int layer, const QRect& dirty) {
    const Theme& theme = Theme::instance();
    painter.setFont(theme.font(layer == m_current.layer ? TextStyle::Key : TextStyle::Table));
    painter.setPen(theme.color(layer == m_current.layer ? Role::Text : Role::Text2));
    painter.drawText(rowHeaderRect(layer), Qt::AlignLeft | Qt::AlignVCenter, tr("L%1").arg(layer));
    painter.setFont(theme.font(TextStyle::Key));
    for (int g = 0; g < m_kvHeads; ++g) {
        const QRect rect = cellRect({layer, g});
        if (rect.adjusted(-3, -3, 3, 3).intersects(dirty)) paintCell(painter, {layer, g}, rect);
    }
    const Row& row = m_rows[std::size_t(layer)];
    const QRect cell = cellRect({layer, m_kvHeads - 1});
    const int right = m_labelWidth + m_kvHeads * m_cellWidth;
    const QRectF track(right + kSideGap, cell.center().y() - 2.5, m_densityWidth - kSideGap, 6);
    if (m_densityWidth > 0) {
        painter.fillRect(track, theme.color(Role::Sunken));
        painter.fillRect(QRectF(track.topLeft(), QSizeF(track.width() * std::clamp(row.density, 0.0, 1.0), track.height())), theme.color(Role::Sparse));
    }
    painter.setFont(theme.font(row.overLimit ? TextStyle::Key : TextStyle::Table));
    painter.setPen(theme.color(row.overLimit ? Role::Sparse : Role::Text2));
    painter.drawText(QRect(right + m_densityWidth, cell.top(), m_rulesWidth, cell.height()), Qt::AlignRight | Qt::AlignVCenter,
                     QString::number(row.rules));
}

void SpanMatrix::paintCell(QPainter& painter, HeadRef head, const QRect& rect) {
    const Theme& theme = Theme::instance();
    const Cell& cell = m_cells[std::size_t(index(head))];
    const bool known = !std::isnan(cell.value);
    const double share = known ? std::clamp((cell.value - m_look.low) / std::max(m_look.high - m_look.low, 1e-12), 0.0, 1.0) : 0;
    const QColor fill = known ? QColor(theme.ramp(m_look.ramp)[std::size_t(std::lround(share * (kMapColours - 1)))]) : theme.color(Role::Sunken);
    painter.fillRect(rect, fill);
    if (m_textFits) {
        painter.setPen(known ? Theme::textOn(fill) : theme.color(Role::Text3));
        painter.drawText(rect, Qt::AlignCenter, cellText(cell));
    }
    if (!cell.pinned && !cell.edited) return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(Role::Surface), 1));
    const int mark = std::min(kMark, rect.width() / 2);
    if (cell.pinned) {
        painter.setBrush(theme.color(Role::Pinned));
        const QPointF corner(rect.right() + 1, rect.top());
        painter.drawPolygon(QPolygonF{corner, corner - QPointF(mark + 2, 0), corner + QPointF(0, mark + 2)});
    }
    if (cell.edited) {
        painter.setBrush(theme.color(Role::Sparse));
        painter.drawEllipse(QRectF(rect.left() + 1, rect.top() + 1, mark, mark));
    }
    painter.restore();
}

void SpanMatrix::paintTyped(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QFontMetrics metrics(theme.font(TextStyle::Key));
    const QRect cell = cellRect(m_current);
    const int width = std::max(cell.width(), metrics.horizontalAdvance(m_typed) + 18);
    QRect box(cell.left(), cell.top(), width, std::max(cell.height(), metrics.height() + 4));
    box.moveRight(std::min(box.right(), viewport()->width() - kRim));
    painter.setPen(QPen(theme.color(Role::Accent), 2));
    painter.setBrush(theme.color(Role::Raised));
    painter.drawRect(box);
    painter.setFont(theme.font(TextStyle::Key));
    painter.setPen(theme.color(Role::Text));
    painter.drawText(box.adjusted(6, 0, -6, 0), Qt::AlignLeft | Qt::AlignVCenter, m_typed + QChar(0x2502));
}

void SpanMatrix::ensureVisible(HeadRef head) {
    const QRect cell = cellRect(head);
    const int bottom = viewport()->height() - kRim;
    if (cell.top() < m_headerHeight)
        verticalScrollBar()->setValue(verticalScrollBar()->value() - (m_headerHeight - cell.top()));
    else if (cell.bottom() > bottom)
        verticalScrollBar()->setValue(verticalScrollBar()->value() + cell.bottom() - bottom);
}

} // namespace moa
