// Text over bar.
#include "ui/widgets/search/progress_rows.h"

#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kBar = 6, kBelow = 6, kNameGap = 16;

} // namespace

ProgressRows::ProgressRows(const QString& name, QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setAccessibleName(name);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void ProgressRows::setRows(std::vector<ProgressRow> rows) {
    if (rows == m_rows) return;
    const bool resized = rows.size() != m_rows.size();
    m_rows = std::move(rows);
    if (resized) updateGeometry();
    update();
}

int ProgressRows::rowHeight() const {
    return Theme::instance().rowHeight(TextStyle::Table) - 6 + kBar + kBelow;
}

QSize ProgressRows::sizeHint() const {
    return {200, rowHeight() * int(m_rows.size())};
}

void ProgressRows::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    int names = 0;
    for (const ProgressRow& row : m_rows) names = std::max(names, textWidth(row.name, TextStyle::Key));
    for (int k = 0; k < itemCount(); ++k) {
        const ProgressRow& row = m_rows[std::size_t(k)];
        const QRectF line(0, k * rowHeight(), width(), rowHeight() - kBar - kBelow);
        drawText(painter, line, row.name, TextStyle::Key, Role::Text);
        drawText(painter, line.adjusted(names + kNameGap, 0, 0, 0), row.count, TextStyle::Table, Role::Text2);
        drawText(painter, line, row.time, TextStyle::Table, Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
        QRectF bar(0, line.bottom(), width(), kBar);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sunken));
        painter.drawRoundedRect(bar, 3, 3);
        bar.setWidth(bar.width() * std::clamp(row.share, 0.0, 1.0));
        painter.setBrush(theme.color(row.share >= 1 ? Role::Ok : Role::Accent));
        if (bar.width() >= 1) painter.drawRoundedRect(bar, 3, 3);
    }
}

AccessibleItem ProgressRows::item(int index) const {
    const ProgressRow& row = m_rows[std::size_t(index)];
    return {.role = QAccessible::ListItem,
            .name = row.time.isEmpty() ? tr("%1: %2").arg(row.name, row.count) : tr("%1: %2, %3").arg(row.name, row.count, row.time),
            .rect = QRect(0, index * rowHeight(), width(), rowHeight())};
}

} // namespace moa
