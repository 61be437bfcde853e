// Painting of the rows.
#include "ui/widgets/plan/budget_rows.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kBarHeight = 7, kRowGap = 9;

} // namespace

BudgetRows::BudgetRows(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setMouseTracking(true);
    setAccessibleName(tr("Budget"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    new HoverTip(this, [this](QPoint at) {
        for (int i = 0; i < itemCount(); ++i)
            if (rowRect(i).contains(at)) return m_rows[std::size_t(i)].tip;
        return QString();
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void BudgetRows::setRows(std::vector<Row> rows) {
    if (rows == m_rows) return;
    const bool resized = rows.size() != m_rows.size();
    m_rows = std::move(rows);
    if (resized) updateGeometry();
    update();
}

int BudgetRows::rowHeight() const {
    const Theme& theme = Theme::instance();
    return QFontMetrics(theme.font(TextStyle::Table)).height() + QFontMetrics(theme.font(TextStyle::Display)).height() + kBarHeight + 6;
}

QRect BudgetRows::rowRect(int index) const {
    return {0, index * (rowHeight() + kRowGap), width(), rowHeight()};
}

QSize BudgetRows::sizeHint() const {
    return {320, int(m_rows.size()) * (rowHeight() + kRowGap) - (m_rows.empty() ? 0 : kRowGap)};
}

QSize BudgetRows::minimumSizeHint() const {
    int width = 0;
    for (const Row& row : m_rows)
        width = std::max({width, textWidth(row.name, TextStyle::Table) + textWidth(row.note, TextStyle::Caption) + 12,
                          textWidth(row.value, TextStyle::Display) + textWidth(row.unit, TextStyle::Table) +
                              textWidth(row.delta, TextStyle::Key) + 24});
    return {width, sizeHint().height()};
}

void BudgetRows::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    for (int i = 0; i < itemCount(); ++i) paintRow(painter, m_rows[std::size_t(i)], rowRect(i));
}

void BudgetRows::paintRow(QPainter& painter, const Row& row, const QRect& box) {
    const Theme& theme = Theme::instance();
    const int name = QFontMetrics(theme.font(TextStyle::Table)).height(), value = QFontMetrics(theme.font(TextStyle::Display)).height();
    const bool faint = row.kind == Kind::Stale || row.kind == Kind::Unknown;
    const QRectF top(box.left(), box.top(), box.width(), name), middle(box.left(), box.top() + name, box.width(), value);
    drawText(painter, top, row.name, TextStyle::Table, Role::Text2);
    drawText(painter, top, row.over ? row.excess : row.note, TextStyle::Caption, row.over ? Role::Error : Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
    if (row.kind == Kind::Unknown) {
        drawText(painter, middle, row.value, TextStyle::Body, Role::Text3);
    } else {
        const qreal wide = drawText(painter, middle, row.value, TextStyle::Display, row.over ? Role::Error : faint ? Role::Text3 : Role::Text);
        const qreal unit = drawText(painter, middle.adjusted(wide + 8, 0, 0, -2), row.unit, TextStyle::Table, faint ? Role::Text3 : Role::Text2,
                                    Qt::AlignLeft | Qt::AlignVCenter);
        if (row.kind == Kind::Stale) paintStaleChip(painter, {middle.left() + wide + unit + 16, middle.center().y()});
    }
    drawText(painter, middle, row.delta, TextStyle::Key, row.deltaRole, Qt::AlignRight | Qt::AlignVCenter);
    paintBar(painter, row, QRectF(box.left(), box.bottom() - kBarHeight, box.width(), kBarHeight));
}

void BudgetRows::paintBar(QPainter& painter, const Row& row, const QRectF& track) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::Sunken));
    painter.drawRoundedRect(track, 3, 3);
    const QColor ink = theme.color(row.over ? Role::Error : row.kind == Kind::Stale ? Role::Neutral : Role::Sparse);
    QRectF bar = track;
    bar.setWidth(track.width() * std::clamp(row.share, 0.0, 1.0));
    if (row.kind != Kind::Unknown && bar.width() >= 1) {
        if (row.kind == Kind::Estimated) {
            painter.setBrush(theme.color(row.over ? Role::ErrorSoft : Role::SparseSoft));
            painter.setPen(QPen(ink, 1));
            painter.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
            painter.setPen(Qt::NoPen);
            painter.setBrush(QBrush(ink, Qt::BDiagPattern));
        } else {
            painter.setBrush(ink);
        }
        painter.drawRoundedRect(bar, 3, 3);
    }
    if (row.bound >= 0) {
        const double at = track.left() + std::clamp(row.bound, 0.0, 1.0) * (track.width() - 2) + 1;
        painter.fillRect(QRectF(at - 1, track.top() - 3, 2, track.height() + 6), theme.color(Role::Text));
    }
    painter.restore();
}

AccessibleItem BudgetRows::item(int index) const {
    const Row& row = m_rows[std::size_t(index)];
    AccessibleItem item;
    item.role = QAccessible::ListItem;
    QStringList parts{tr("%1 %2").arg(row.name, row.value)};
    for (const QString& part : {row.unit, row.kind == Kind::Stale ? tr("stale") : QString(), row.note, row.over ? row.excess : QString(), row.delta.isEmpty() ? QString() : tr("change %1").arg(row.delta)})
        if (!part.isEmpty()) parts << part;
    item.name = parts.join(QStringLiteral(", "));
    item.rect = rowRect(index);
    return item;
}

} // namespace moa
