// Text over bar; all bars share one scale, which begins at zero or at the least value.
#include "ui/widgets/search/measured_bars.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kBar = 8, kBelow = 8;

} // namespace

MeasuredBars::MeasuredBars(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setAccessibleName(tr("Measured loss at lengths never profiled"));
    setMouseTracking(true);
    new HoverTip(this, [this](QPoint at) {
        const int row = at.y() / rowHeight();
        return row >= 0 && row < itemCount() ? m_bars[std::size_t(row)].tip : QString();
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void MeasuredBars::setBars(std::vector<MeasuredBar> bars) {
    if (bars == m_bars) return;
    m_bars = std::move(bars);
    updateGeometry();
    update();
}

int MeasuredBars::rowHeight() const {
    return Theme::instance().rowHeight(TextStyle::Table) - 4 + kBar + kBelow;
}

QSize MeasuredBars::sizeHint() const {
    return {220, rowHeight() * int(m_bars.size())};
}

void MeasuredBars::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    double low = 0, high = 1e-9;
    for (const MeasuredBar& bar : m_bars) {
        low = std::min(low, bar.loss - bar.error);
        high = std::max(high, bar.loss + bar.error);
    }
    const auto x = [&](double nats) { return 4 + (nats - low) / (high - low) * (width() - 8); };
    for (int k = 0; k < int(m_bars.size()); ++k) {
        const MeasuredBar& bar = m_bars[std::size_t(k)];
        const QRectF line(4, k * rowHeight(), width() - 8, rowHeight() - kBar - kBelow);
        const qreal name = drawText(painter, line, bar.name, TextStyle::Table, bar.isStale ? Role::Text3 : Role::Text);
        if (bar.isStale) paintStaleChip(painter, {line.left() + name + 8, line.center().y()});
        drawText(painter, line, bar.value, TextStyle::Key, bar.isStale ? Role::Text3 : Role::Text, Qt::AlignRight | Qt::AlignVCenter);
        const double top = line.bottom(), middle = top + kBar / 2.0;
        painter.fillRect(QRectF(4, top, width() - 8, kBar), theme.color(Role::Sunken));
        const double from = std::min(x(0), x(bar.loss)), to = std::max(x(0), x(bar.loss));
        painter.fillRect(QRectF(from, top, std::max(to - from, 1.0), kBar),
                         theme.color(bar.isStale ? Role::Neutral : bar.isOwn ? Role::Sparse : Role::Accent));
        painter.setPen(QPen(theme.color(Role::Text), 1.2));
        painter.drawLine(QPointF(x(bar.loss - bar.error), middle), QPointF(x(bar.loss + bar.error), middle));
        for (const double end : {bar.loss - bar.error, bar.loss + bar.error})
            painter.drawLine(QPointF(x(end), middle - 3), QPointF(x(end), middle + 3));
    }
}

AccessibleItem MeasuredBars::item(int index) const {
    const MeasuredBar& bar = m_bars[std::size_t(index)];
    return {.role = QAccessible::ListItem,
            .name = tr("%1, measured %2 nats%3").arg(bar.name, bar.value, bar.isStale ? tr(", stale") : QString()),
            .rect = QRect(0, index * rowHeight(), width(), rowHeight())};
}

} // namespace moa
