// Rows painted by hand: two lines each, text over bar.
#include "ui/widgets/search/price_rows.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kBar = 4, kBelow = 8, kStepWidth = 12;

} // namespace

PriceRows::PriceRows(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("What limits this plan"));
    setToolTip(tr("Loss that loosening the limit by its step saves, to first order; a click goes to its control"));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void PriceRows::setRows(std::vector<PriceRow> rows) {
    if (rows == m_rows) return;
    const bool resized = rows.size() != m_rows.size();
    m_rows = std::move(rows);
    m_current = std::clamp(m_current, 0, std::max(int(m_rows.size()) - 1, 0));
    setFocusPolicy(m_rows.empty() ? Qt::NoFocus : Qt::StrongFocus);
    if (resized) updateGeometry();
    update();
}

int PriceRows::rowHeight() const {
    return Theme::instance().rowHeight(TextStyle::Table) - 4 + kBar + kBelow;
}

QSize PriceRows::sizeHint() const {
    return {240, rowHeight() * int(m_rows.size())};
}

QRect PriceRows::rowRect(int row) const {
    return {0, row * rowHeight(), width(), rowHeight()};
}

void PriceRows::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    int savings = 0;
    for (const PriceRow& row : m_rows) savings = std::max(savings, textWidth(row.saving, TextStyle::Key));
    for (int k = 0; k < int(m_rows.size()); ++k) {
        const PriceRow& row = m_rows[std::size_t(k)];
        const QRectF box = QRectF(rowRect(k)).adjusted(4, 0, -4, 0);
        const QRectF line(box.left(), box.top(), box.width(), box.height() - kBar - kBelow);
        drawText(painter, line, row.name, TextStyle::Key, Role::Text);
        drawText(painter, line, row.saving, TextStyle::Key, Role::Accent, Qt::AlignRight | Qt::AlignVCenter);
        drawText(painter, line.adjusted(0, 0, -savings - kStepWidth, 0), row.step, TextStyle::Caption, Role::Text3,
                 Qt::AlignRight | Qt::AlignVCenter);
        const QRectF bar(box.left(), line.bottom(), box.width(), kBar);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sunken));
        painter.drawRoundedRect(bar, 2, 2);
        painter.setBrush(theme.color(Role::Accent));
        painter.drawRoundedRect(QRectF(bar.topLeft(), QSizeF(std::max(bar.width() * row.share, 3.0), kBar)), 2, 2);
        if (hasFocus() && k == m_current) paint::focusRing(painter, QRectF(rowRect(k)).adjusted(0, 0, 0, -2), metrics::kControlRadius);
    }
}

void PriceRows::mousePressEvent(QMouseEvent* event) {
    const int row = event->pos().y() / rowHeight();
    if (event->button() != Qt::LeftButton || row < 0 || row >= int(m_rows.size())) return;
    m_current = row;
    emit chosen(row);
    update();
}

void PriceRows::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_rows.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Up: m_current = std::max(m_current - 1, 0); break;
    case Qt::Key_Down: m_current = std::min(m_current + 1, last); break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (last >= 0) emit chosen(m_current);
        return;
    default: return QWidget::keyPressEvent(event);
    }
    announceCurrent(this);
    update();
}

void PriceRows::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void PriceRows::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem PriceRows::item(int index) const {
    const PriceRow& row = m_rows[std::size_t(index)];
    return {.role = QAccessible::ListItem, .name = row.spoken, .rect = rowRect(index), .selected = index == m_current};
}

} // namespace moa
