// Decades from 1e-5 to 10; what is smaller stands on the axis.
#include "ui/widgets/compare/kl_chart.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLow = -5, kHigh = 1; ///< decades
constexpr int kRim = 4;

} // namespace

KlChart::KlChart(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("KL divergence per token"));
    new HoverTip(this, [this](QPoint at) {
        const int index = plot().contains(at) ? indexAt(at.x()) : -1;
        return index < 0 ? QString() : m_bars[std::size_t(index)].spoken;
    });
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void KlChart::setBars(std::vector<Bar> bars, int room, double alert, int first) {
    m_bars = std::move(bars);
    m_room = std::max(room, 1);
    m_alert = alert;
    m_first = first;
    m_current = std::min(m_current, int(m_bars.size()) - 1);
    update();
}

void KlChart::setCurrent(int index) {
    index = std::clamp(index, -1, int(m_bars.size()) - 1);
    if (index == m_current) return;
    m_current = index;
    announceCurrent(this);
    update();
}

QRectF KlChart::plot() const {
    const double left = kRim + textWidth(u"0.001"_s, TextStyle::Axis) + 8;
    const int axis = QFontMetrics(Theme::instance().font(TextStyle::Axis)).height() + 4;
    return QRectF(left, kRim + 4, width() - left - kRim - 6, height() - 2 * kRim - axis - 2);
}

double KlChart::y(double kl) const {
    const QRectF area = plot();
    const double decade = kl > 0 ? std::clamp(std::log10(kl), kLow, kHigh) : kLow;
    return area.bottom() - (decade - kLow) / (kHigh - kLow) * area.height();
}

QRectF KlChart::barRect(int index) const {
    const QRectF area = plot();
    const int slots_ = std::max(m_room, int(m_bars.size()));
    const double slot = area.width() / slots_, top = y(m_bars[std::size_t(index)].kl);
    const double wide = std::max(slot - (slot > 4 ? 2 : 0.5), 1.0);
    return QRectF(area.left() + slot * index + (slot - wide) / 2, std::min(top, area.bottom() - 1.5), wide,
                  std::max(area.bottom() - top, 1.5));
}

int KlChart::indexAt(double x) const {
    const QRectF area = plot();
    const int index = int((x - area.left()) / area.width() * std::max(m_room, int(m_bars.size())));
    return x < area.left() || index >= int(m_bars.size()) ? -1 : index;
}

void KlChart::paintAxes(QPainter& painter) const {
    const QRectF area = plot();
    const int line = QFontMetrics(Theme::instance().font(TextStyle::Axis)).height();
    const std::pair<double, QString> ticks[] = {{10, u"10"_s}, {0.1, u"0.1"_s}, {0.001, u"0.001"_s}, {1e-5, u"1e-5"_s}};
    for (const auto& [kl, text] : ticks) {
        paint::hairline(painter, {area.left(), y(kl)}, {area.right(), y(kl)}, Role::Grid);
        drawText(painter, QRectF(0, y(kl) - line / 2.0, area.left() - 6, line), text, TextStyle::Axis, Role::Text3,
                 Qt::AlignRight | Qt::AlignVCenter);
    }
    const int count = std::max(m_room, int(m_bars.size()));
    const auto step = std::max<qint64>(paint::tickStep(count, area.width(), 60), 1);
    for (qint64 t = 0; t <= count; t += step) {
        const double x = area.left() + area.width() * double(t) / count;
        paint::hairline(painter, {x, area.bottom()}, {x, area.bottom() + 3}, Role::Strong);
        const double wide = 44, from = std::clamp(x - wide / 2, 0.0, width() - wide);
        drawText(painter, QRectF(from, area.bottom() + 3, wide, line), QString::number(t), TextStyle::Axis, Role::Text3, Qt::AlignCenter);
    }
    paint::hairline(painter, {area.left(), y(m_alert)}, {area.right(), y(m_alert)}, Role::Text2, Qt::DashLine);
}

void KlChart::paintFlag(QPainter& painter) const {
    if (m_first < 0 || m_first >= int(m_bars.size())) return;
    const Theme& theme = Theme::instance();
    const QRectF area = plot(), bar = barRect(m_first);
    const QString text = tr("%1, first divergence").arg(m_first);
    const double wide = textWidth(text, TextStyle::Key) + 20, high = QFontMetrics(theme.font(TextStyle::Key)).height() + 6;
    const double x = bar.center().x();
    const bool right = x + 26 + wide <= area.right();
    const QRectF box(right ? x + 26 : x - 26 - wide, area.top(), wide, high);
    painter.setPen(QPen(theme.color(Role::Text), 1.5));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    painter.drawLine(QPointF(x, box.center().y()), QPointF(right ? box.left() : box.right(), box.center().y()));
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::Text));
    painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
    drawText(painter, box, text, TextStyle::Key, Role::Surface, Qt::AlignCenter);
}

void KlChart::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    paintAxes(painter);
    const QRectF area = plot();
    QColor soft = theme.color(Role::Sparse), faint = theme.color(Role::Neutral);
    soft.setAlphaF(0.6f);
    faint.setAlphaF(0.45f);
    for (int i = 0; i < int(m_bars.size()); ++i) {
        const Bar& bar = m_bars[std::size_t(i)];
        painter.setPen(Qt::NoPen);
        painter.setBrush(bar.isFaint ? faint : bar.kl >= m_alert ? theme.color(Role::Sparse) : bar.isPeak ? soft : theme.color(Role::Neutral));
        painter.drawRect(barRect(i));
    }
    if (!m_bars.empty()) {
        const QString alert = tr("alert at %1").arg(QLocale().toString(m_alert, 'g', 2));
        const QRectF box(area.left() + 6, y(m_alert) - 17, textWidth(alert, TextStyle::Axis) + 8, 15);
        painter.fillRect(box, theme.color(Role::Surface));
        drawText(painter, box, alert, TextStyle::Axis, Role::Text2, Qt::AlignCenter);
    }
    paintFlag(painter);
    if (m_current >= 0) {
        const QRectF bar = barRect(m_current);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme.color(Role::Text), 1.5));
        painter.drawRect(bar.adjusted(-1.5, -1.5, 1.5, 0));
    }
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()), metrics::kControlRadius);
}

void KlChart::choose(int index) {
    if (index < 0 || index >= int(m_bars.size())) return;
    setCurrent(index);
    emit chosen(index);
}

void KlChart::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) choose(indexAt(event->position().x()));
}

void KlChart::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_bars.size()) - 1, step = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
    switch (event->key()) {
    case Qt::Key_Left: return choose(std::max(m_current - step, 0));
    case Qt::Key_Right:
        if (m_current >= last && step == 1) return event->ignore(); // the page makes one more
        return choose(std::min(m_current + step, last));
    case Qt::Key_Home: return choose(0);
    case Qt::Key_End: return choose(last);
    default: event->ignore();
    }
}

void KlChart::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    announceCurrent(this);
    update();
}

void KlChart::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

AccessibleItem KlChart::item(int index) const {
    return {.role = QAccessible::ListItem, .name = m_bars[std::size_t(index)].spoken, .rect = barRect(index).toAlignedRect(),
            .selected = index == m_current};
}

} // namespace moa
