// Colour by the change from dense on the difference ramp: worse to the warm end, better to the cool one.
#include "ui/widgets/compare/needle_map.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRim = 4, kGap = 2;

} // namespace

NeedleMap::NeedleMap(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Needle, depth by length"));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void NeedleMap::setCells(const QStringList& depths, const QStringList& lengths, std::vector<Cell> cells) {
    m_depths = depths;
    m_lengths = lengths;
    m_cells = std::move(cells);
    m_cells.resize(std::size_t(depths.size() * lengths.size()));
    m_current = std::clamp(m_current, 0, std::max(int(m_cells.size()) - 1, 0));
    update();
}

void NeedleMap::setShow(Show show) {
    m_show = show;
    update();
}

void NeedleMap::setCurrent(int index) {
    if (index < 0 || index >= itemCount() || index == m_current) return;
    m_current = index;
    announceCurrent(this);
    update();
}

QSize NeedleMap::minimumSizeHint() const {
    const int row = QFontMetrics(Theme::instance().font(TextStyle::Axis)).height() + kGap + 2;
    return {220, row * (std::max(int(m_depths.size()), 4) + 1) + 2 * kRim};
}

QRectF NeedleMap::area() const {
    const double left = kRim + textWidth(u"100%"_s, TextStyle::Caption) + 6;
    const int axis = QFontMetrics(Theme::instance().font(TextStyle::Caption)).height() + 4;
    return QRectF(left, kRim, width() - left - kRim, height() - 2 * kRim - axis);
}

QRect NeedleMap::cellRect(int index) const {
    const QRectF all = area();
    const int columns = int(m_lengths.size()), rows = int(m_depths.size());
    if (columns == 0 || rows == 0) return {};
    const double wide = all.width() / columns, high = all.height() / rows;
    return QRectF(all.left() + wide * (index % columns), all.top() + high * (index / columns), wide - kGap, high - kGap).toRect();
}

int NeedleMap::indexAt(QPointF at) const {
    for (int i = 0; i < itemCount(); ++i)
        if (cellRect(i).contains(at.toPoint())) return i;
    return -1;
}

QString NeedleMap::text(const Cell& cell) const {
    const auto score = [](const std::optional<double>& value) { return value ? QString::number(int(std::lround(*value))) : QString(); };
    switch (m_show) {
    case Show::Sparse: return score(cell.sparse);
    case Show::Dense: return score(cell.dense);
    case Show::Difference: break;
    }
    if (!cell.dense || !cell.sparse) return {};
    const int change = int(std::lround(*cell.sparse - *cell.dense));
    return change == 0 ? u"0"_s : paint::signedNumber(change, 0);
}

void NeedleMap::paintCell(QPainter& painter, int index) const {
    const Theme& theme = Theme::instance();
    const Cell& cell = m_cells[std::size_t(index)];
    const QRectF rect(cellRect(index));
    QColor fill = theme.color(Role::Sunken), ink = theme.color(Role::Text);
    if (m_show != Show::Dense && cell.dense && cell.sparse && std::lround(*cell.dense) != std::lround(*cell.sparse)) {
        const double at = 0.5 + std::clamp((*cell.dense - *cell.sparse) / 200, -0.5, 0.5);
        fill = QColor::fromRgb(theme.ramp(Ramp::Difference)[std::size_t(std::lround(at * (kMapColours - 1)))]);
        ink = Theme::textOn(fill);
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    painter.drawRoundedRect(rect, metrics::kCellRadius, metrics::kCellRadius);
    const QString value = text(cell);
    const bool fits = textWidth(value, TextStyle::Caption) + 2 <= rect.width();
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(value.isEmpty() ? theme.color(Role::Text3) : ink);
    painter.drawText(rect, Qt::AlignCenter, value.isEmpty() ? u"·"_s : fits ? value : QString());
}

void NeedleMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    for (int i = 0; i < itemCount(); ++i) paintCell(painter, i);
    const QRectF all = area();
    const int columns = int(m_lengths.size()), line = QFontMetrics(Theme::instance().font(TextStyle::Caption)).height();
    for (int r = 0; r < int(m_depths.size()); ++r) {
        const QRect cell = cellRect(r * columns);
        const bool here = columns > 0 && m_current / columns == r;
        drawText(painter, QRectF(kRim, cell.top(), all.left() - kRim - 6, cell.height()), m_depths[r], here ? TextStyle::Chip : TextStyle::Caption,
                 here ? Role::Text : Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
    }
    for (int c = 0; c < columns; ++c) {
        const QRect cell = cellRect(c);
        const bool here = m_current % columns == c;
        drawText(painter, QRectF(cell.left() - 6, all.bottom() + 2, cell.width() + 12, line), m_lengths[c], here ? TextStyle::Chip : TextStyle::Caption,
                 here ? Role::Text : Role::Text3, Qt::AlignCenter);
    }
    if (itemCount() > 0) paint::selectionOutline(painter, QRectF(cellRect(m_current)));
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()), metrics::kControlRadius);
}

void NeedleMap::choose(int index) {
    if (index < 0 || index >= itemCount()) return;
    setCurrent(index);
    emit chosen(index);
}

void NeedleMap::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) choose(indexAt(event->position()));
}

void NeedleMap::mouseDoubleClickEvent(QMouseEvent* event) {
    if (const int index = indexAt(event->position()); index >= 0) emit opened(index);
}

void NeedleMap::keyPressEvent(QKeyEvent* event) {
    const int columns = int(m_lengths.size());
    if (columns == 0) return event->ignore();
    const int column = m_current % columns, row = m_current / columns;
    switch (event->key()) {
    case Qt::Key_Left: return choose(row * columns + std::max(column - 1, 0));
    case Qt::Key_Right: return choose(row * columns + std::min(column + 1, columns - 1));
    case Qt::Key_Up: return choose(std::max(row - 1, 0) * columns + column);
    case Qt::Key_Down: return choose(std::min(row + 1, int(m_depths.size()) - 1) * columns + column);
    case Qt::Key_Return:
    case Qt::Key_Enter: return emit opened(m_current);
    default: event->ignore();
    }
}

void NeedleMap::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void NeedleMap::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem NeedleMap::item(int index) const {
    const int columns = std::max(int(m_lengths.size()), 1);
    const Cell& cell = m_cells[std::size_t(index)];
    const auto score = [](const std::optional<double>& value) { return value ? QString::number(int(std::lround(*value))) : tr("not measured"); };
    return {.name = tr("Needle, depth %1, %2, sparse %3, dense %4")
                        .arg(m_depths[index / columns], m_lengths[index % columns], score(cell.sparse), score(cell.dense)),
            .rect = cellRect(index),
            .selected = index == m_current};
}

} // namespace moa
