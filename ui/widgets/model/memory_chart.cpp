// Painting of the memory bars.
#include "ui/widgets/model/memory_chart.h"

#include "ui/widgets/shell/painting.h"

#include <QHelpEvent>
#include <QLocale>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024, kMiB = 1024.0 * 1024;

/// A step of 1, 2 or 5 times a power of ten that cuts `range` into about `count` parts.
double niceStep(double range, int count) {
    const double rough = range / count, power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double step : {1.0, 2.0, 5.0})
        if (rough <= step * power) return step * power;
    return 10 * power;
}

} // namespace

QString bytesText(quint64 bytes) {
    const QLocale locale;
    if (double(bytes) >= kGiB) return QObject::tr("%1 GiB").arg(locale.toString(double(bytes) / kGiB, 'f', 2));
    return QObject::tr("%1 MiB").arg(locale.toString(double(bytes) / kMiB, 'f', 1));
}

struct MemoryChart::Layout {
    int nameWidth, valueWidth, rowHeight, axisHeight, limitHeight;
    QRect plot;
    double unit;     ///< bytes of the axis' unit
    QString unitName;
    double most;     ///< end of the axis, in units
    double x(double bytes) const { return plot.left() + bytes / unit / most * plot.width(); }
};

MemoryChart::MemoryChart(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::NoFocus);
    connect(&Theme::instance(), &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void MemoryChart::setBars(const std::vector<MemoryBarValue>& bars, quint64 usable, const QString& limitName) {
    m_bars = bars;
    m_usable = usable;
    m_limitName = limitName;
    QStringList said;
    for (const MemoryBarValue& bar : bars)
        said.append(usable == 0 ? tr("Memory, %1: %2").arg(bar.name, bytesText(bar.total()))
                    : bar.total() <= usable
                        ? tr("Memory, %1: %2 of %3, %4 free")
                              .arg(bar.name, bytesText(bar.total()), bytesText(usable), bytesText(usable - bar.total()))
                        : tr("Memory, %1: %2 of %3, does not fit")
                              .arg(bar.name, bytesText(bar.total()), bytesText(usable)));
    setAccessibleName(said.join(QStringLiteral("; ")));
    updateGeometry();
    update();
}

QSize MemoryChart::sizeHint() const {
    const Theme& theme = Theme::instance();
    const int row = std::max(40, theme.rowHeight(TextStyle::Title) + 8);
    return {420, theme.rowHeight(TextStyle::Caption) + int(std::max<std::size_t>(m_bars.size(), 1)) * row +
                     theme.rowHeight(TextStyle::Axis)};
}

MemoryChart::Layout MemoryChart::layOut() const {
    const Theme& theme = Theme::instance();
    Layout l{};
    for (const MemoryBarValue& bar : m_bars) {
        l.nameWidth = std::max(l.nameWidth, textWidth(bar.name, TextStyle::PanelTitle));
        l.valueWidth = std::max(l.valueWidth, textWidth(bytesText(bar.total()), TextStyle::PanelTitle));
        const quint64 apart = m_usable > bar.total() ? m_usable - bar.total() : bar.total() - m_usable;
        l.valueWidth = std::max(l.valueWidth, textWidth(tr("%1 missing").arg(bytesText(apart)), TextStyle::Caption));
    }
    l.nameWidth = std::min(l.nameWidth, width() / 4);
    l.limitHeight = theme.rowHeight(TextStyle::Caption);
    l.axisHeight = theme.rowHeight(TextStyle::Axis);
    const int rows = std::max<int>(1, int(m_bars.size()));
    l.rowHeight = (height() - l.limitHeight - l.axisHeight) / rows;
    l.plot = QRect(l.nameWidth + 16, l.limitHeight, width() - l.nameWidth - l.valueWidth - 40, l.rowHeight * rows);
    double most = 0;
    for (const MemoryBarValue& bar : m_bars) most = std::max(most, double(bar.total()));
    // A limit far beyond the bars would squeeze them to nothing: it is then named, not drawn.
    if (m_usable > 0 && double(m_usable) < 12 * most) most = std::max(most, double(m_usable));
    l.unit = most >= kGiB ? kGiB : kMiB;
    l.unitName = most >= kGiB ? tr("GiB") : tr("MiB");
    l.most = std::max(most, 1.0) / l.unit * 1.06;
    return l;
}

void MemoryChart::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const Layout l = layOut();
    const QLocale locale;
    QPainter painter(this);
    const double step = niceStep(l.most, 5);
    for (double tick = 0; tick <= l.most; tick += step) {
        const int x = int(l.x(tick * l.unit));
        painter.setPen(theme.color(Role::Grid));
        painter.drawLine(x, l.plot.top(), x, l.plot.bottom());
        drawText(painter, QRectF(x - 30, l.plot.bottom() + 1, 60, l.axisHeight),
                 locale.toString(tick, 'g', 4), TextStyle::Axis, Role::Text3, Qt::AlignCenter);
    }
    drawText(painter, QRectF(l.plot.right() + 4, l.plot.bottom() + 1, 40, l.axisHeight), l.unitName, TextStyle::Axis,
             Role::Text3);
    painter.setRenderHint(QPainter::Antialiasing);
    for (std::size_t i = 0; i < m_bars.size(); ++i) {
        const MemoryBarValue& bar = m_bars[i];
        const QRect row(0, l.plot.top() + int(i) * l.rowHeight, width(), l.rowHeight);
        painter.setFont(theme.font(TextStyle::PanelTitle));
        painter.setPen(theme.color(bar.role));
        painter.drawText(QRect(0, row.top(), l.nameWidth, row.height()), Qt::AlignVCenter | Qt::AlignLeft,
                         painter.fontMetrics().elidedText(bar.name, Qt::ElideMiddle, l.nameWidth));
        double at = 0;
        const int top = row.top() + 5, high = std::max(12, row.height() - 12);
        const std::pair<quint64, Role> parts[] = {
            {bar.weights, Role::Strong}, {bar.kv, bar.role}, {bar.activations, Role::Neutral}};
        for (const auto& [bytes, role] : parts) {
            const QRectF box(l.x(at) + 0.5, top, std::max(1.0, l.x(at + double(bytes)) - l.x(at) - 1), high);
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.color(role));
            painter.drawRoundedRect(box, 3, 3);
            const QString inside = locale.toString(double(bytes) / l.unit, 'f', 2);
            if (textWidth(inside, TextStyle::Key) + 12 < box.width()) {
                painter.setFont(theme.font(TextStyle::Key));
                painter.setPen(Theme::textOn(theme.color(role)));
                painter.drawText(box.adjusted(8, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, inside);
            }
            at += double(bytes);
        }
        const QRectF value(width() - l.valueWidth - 2, row.top() + row.height() / 2.0 - theme.rowHeight(TextStyle::Body) + 4,
                           l.valueWidth, theme.rowHeight(TextStyle::Body) - 4);
        drawText(painter, value, bytesText(bar.total()), TextStyle::PanelTitle, Role::Text, Qt::AlignRight | Qt::AlignVCenter);
        if (m_usable > 0) {
            const bool fits = bar.total() <= m_usable;
            const QString note = fits ? tr("%1 free").arg(bytesText(m_usable - bar.total()))
                                      : tr("%1 missing").arg(bytesText(bar.total() - m_usable));
            drawText(painter, value.translated(0, value.height()), note, TextStyle::Caption, fits ? Role::Ok : Role::Error,
                     Qt::AlignRight | Qt::AlignVCenter);
        }
    }
    if (m_usable > 0) {
        const QString label = tr("%1 %2").arg(m_limitName, bytesText(m_usable));
        const bool inside = double(m_usable) / l.unit <= l.most;
        const double x = inside ? l.x(double(m_usable)) : l.plot.right();
        if (inside) {
            painter.setPen(QPen(theme.color(Role::Error), 2));
            painter.drawLine(QPointF(x, l.plot.top() - 2), QPointF(x, l.plot.bottom() + 2));
        }
        const double w = textWidth(label, TextStyle::Caption);
        drawText(painter, QRectF(std::clamp(x - w / 2, 0.0, width() - w), 0, w, l.limitHeight), label, TextStyle::Caption,
                 inside ? Role::Error : Role::Text3);
    }
}

bool MemoryChart::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const Layout l = layOut();
    const int row = l.rowHeight > 0 ? (help->pos().y() - l.plot.top()) / l.rowHeight : -1;
    if (row < 0 || row >= int(m_bars.size())) return QWidget::event(event);
    const MemoryBarValue& bar = m_bars[std::size_t(row)];
    QToolTip::showText(help->globalPos(), tr("%1, estimated\nWeights %2\nKV cache %3\nActivations and workspace %4")
                                              .arg(bar.name, bytesText(bar.weights), bytesText(bar.kv),
                                                   bytesText(bar.activations)), this);
    return true;
}

} // namespace moa
