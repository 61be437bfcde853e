// Painting and picking of the layer bars.
#include "ui/widgets/model/layer_kv_chart.h"

#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace moa {

LayerKvChart::LayerKvChart(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setProperty("accessibleRole", int(QAccessible::Chart));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void LayerKvChart::setValues(const std::vector<quint64>& dense, const std::vector<quint64>& plan,
                             const std::vector<quint64>& allocated, bool hasPlan) {
    m_dense = dense;
    m_plan = plan;
    m_allocated = allocated;
    m_hasPlan = hasPlan;
    setCurrent(std::clamp(m_current, 0, std::max(0, int(dense.size()) - 1)));
}

void LayerKvChart::setCurrent(int layer) {
    m_current = layer;
    setAccessibleName(m_dense.empty() ? tr("KV by layer") : describe(layer));
    update();
}

QRectF LayerKvChart::plot() const {
    const Theme& theme = Theme::instance();
    const double left = 12 + textWidth(QStringLiteral("000.00"), TextStyle::Axis);
    return QRectF(left, 10, width() - left - 12, height() - 14 - 2 * theme.rowHeight(TextStyle::Axis));
}

int LayerKvChart::layerAt(double x) const {
    if (m_dense.empty()) return -1;
    const QRectF area = plot();
    const int layer = int((x - area.left()) / area.width() * double(m_dense.size()));
    return x < area.left() || layer >= int(m_dense.size()) ? -1 : layer;
}

QString LayerKvChart::describe(int layer) const {
    const auto at = std::size_t(layer);
    if (at >= m_dense.size()) return {};
    QString text = m_hasPlan ? tr("Layer %1, KV %2 of %3").arg(layer).arg(bytesText(m_plan[at]), bytesText(m_dense[at]))
                             : tr("Layer %1, KV %2").arg(layer).arg(bytesText(m_dense[at]));
    if (at < m_allocated.size()) text += tr(", allocated %1").arg(bytesText(m_allocated[at]));
    return text;
}

void LayerKvChart::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    const QRectF area = plot();
    if (m_dense.empty()) return;
    const double most = double(*std::ranges::max_element(m_dense));
    const bool gib = most >= 1024.0 * 1024 * 1024;
    const double unit = gib ? 1024.0 * 1024 * 1024 : 1024.0 * 1024;
    const QLocale locale;
    for (int i = 0; i <= 2; ++i) {
        const double y = area.bottom() - area.height() * i / 2;
        painter.setPen(theme.color(Role::Grid));
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        drawText(painter, QRectF(0, y - 8, area.left() - 6, 16), locale.toString(most * i / 2 / unit, 'f', gib ? 2 : 1),
                 TextStyle::Axis, Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
    }
    const double slot = area.width() / double(m_dense.size()), bar = std::max(2.0, std::min(slot - 3, 34.0));
    const int every = std::max(1, int(std::ceil(textWidth(QStringLiteral("000"), TextStyle::Axis) / slot)));
    painter.setRenderHint(QPainter::Antialiasing);
    for (std::size_t l = 0; l < m_dense.size(); ++l) {
        const double x = area.left() + slot * (double(l) + 0.5) - bar / 2;
        const auto box = [&](quint64 bytes) {
            const double high = area.height() * double(bytes) / most;
            return QRectF(x, area.bottom() - high, bar, high);
        };
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(m_hasPlan ? Role::DenseSoft : Role::Dense));
        painter.drawRoundedRect(box(m_dense[l]), 2, 2);
        if (m_hasPlan) {
            painter.setBrush(theme.color(Role::Sparse));
            painter.drawRoundedRect(box(m_plan[l]), 2, 2);
        }
        if (l < m_allocated.size()) {
            const double y = box(m_allocated[l]).top();
            painter.setPen(QPen(theme.color(Role::Text), 2));
            painter.drawLine(QPointF(x - 1, y), QPointF(x + bar + 1, y));
        }
        if (int(l) % every == 0)
            drawText(painter, QRectF(x + bar / 2 - 20, area.bottom() + 2, 40, theme.rowHeight(TextStyle::Axis) - 4),
                     QString::number(l), TextStyle::Axis, int(l) == m_current ? Role::Text : Role::Text3, Qt::AlignCenter);
    }
    drawText(painter, QRectF(area.left(), area.bottom() + theme.rowHeight(TextStyle::Axis) - 2, area.width(),
                             theme.rowHeight(TextStyle::Axis)),
             gib ? tr("Layer, GiB") : tr("Layer, MiB"), TextStyle::Axis, Role::Text3, Qt::AlignCenter);
    if (hasFocus()) {
        const double x = area.left() + slot * m_current;
        drawFocusRing(painter, QRectF(x + 2, area.top() + 2, slot - 4, area.height() - 4), 2);
    }
}

void LayerKvChart::mousePressEvent(QMouseEvent* event) {
    const int layer = layerAt(event->position().x());
    if (layer < 0) return;
    setCurrent(layer);
    emit layerClicked(layer);
}

void LayerKvChart::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_dense.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Left: setCurrent(std::max(0, m_current - 1)); break;
    case Qt::Key_Right: setCurrent(std::min(last, m_current + 1)); break;
    case Qt::Key_Home: setCurrent(0); break;
    case Qt::Key_End: setCurrent(std::max(0, last)); break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (last >= 0) emit layerClicked(m_current);
        break;
    default: QWidget::keyPressEvent(event);
    }
}

bool LayerKvChart::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const int layer = layerAt(help->pos().x());
    if (layer >= 0) QToolTip::showText(help->globalPos(), describe(layer), this);
    return true;
}

} // namespace moa
