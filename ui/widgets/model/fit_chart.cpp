// The chart's axes, and what is drawn over it.
#include "ui/widgets/model/fit_chart.h"

#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QChart>
#include <QGraphicsLayout>
#include <QKeyEvent>
#include <QLineSeries>
#include <QLocale>
#include <QLogValueAxis>
#include <QMouseEvent>
#include <QValueAxis>

#include <algorithm>
#include <cmath>

namespace moa {

QString shortTokens(qint64 tokens) {
    if (tokens < 1024) return QString::number(tokens);
    const double k = double(tokens) / 1024;
    return QLocale().toString(std::floor(k * 10) / 10, 'f', k == std::floor(k) || k >= 20 ? 0 : 1) + QStringLiteral("k");
}

FitChart::FitChart(QWidget* parent)
    : QChartView(new QChart, parent), m_denseSeries(new QLineSeries), m_planSeries(new QLineSeries),
      m_x(new QLogValueAxis), m_y(new QValueAxis) {
    chart()->setMargins({0, 16, 14, 18}); // room for the unit, half a label at the right, labels below
    chart()->layout()->setContentsMargins(0, 0, 0, 0);
    chart()->setBackgroundRoundness(0);
    chart()->legend()->hide();
    chart()->setAnimationOptions(QChart::NoAnimation);
    chart()->addSeries(m_denseSeries);
    chart()->addSeries(m_planSeries);
    m_x->setBase(2);
    m_x->setLabelsVisible(false); // Qt writes 4096; the field writes 4k: drawn in drawForeground
    chart()->addAxis(m_x, Qt::AlignBottom);
    chart()->addAxis(m_y, Qt::AlignLeft);
    for (QLineSeries* series : {m_denseSeries, m_planSeries}) {
        series->attachAxis(m_x);
        series->attachAxis(m_y);
    }
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setFocusPolicy(Qt::StrongFocus);
    setProperty("accessibleRole", int(QAccessible::Slider));
    setMouseTracking(true);
    setMinimumSize(180, 160);
    connect(&Theme::instance(), &Theme::changed, this, &FitChart::restyle);
    restyle();
}

void FitChart::restyle() {
    const Theme& theme = Theme::instance();
    chart()->setBackgroundBrush(theme.color(Role::Surface));
    setBackgroundBrush(theme.color(Role::Surface));
    m_denseSeries->setPen(QPen(theme.color(Role::Dense), 2));
    m_planSeries->setPen(QPen(theme.color(Role::Sparse), 2));
    for (QAbstractAxis* axis : std::initializer_list<QAbstractAxis*>{m_x, m_y}) {
        axis->setLabelsFont(theme.font(TextStyle::Axis));
        axis->setLabelsColor(theme.color(Role::Text3));
        axis->setGridLineColor(theme.color(Role::Grid));
        axis->setLinePenColor(theme.color(Role::Strong));
    }
    viewport()->update();
}

void FitChart::setCurves(const FitCurve& dense, const FitCurve& plan, double limit, const QString& unit) {
    m_dense = dense;
    m_plan = plan;
    m_limit = limit;
    m_unit = unit;
    m_denseSeries->replace(QList<QPointF>(dense.points.begin(), dense.points.end()));
    m_planSeries->replace(QList<QPointF>(plan.points.begin(), plan.points.end()));
    if (dense.points.empty()) return;
    double most = dense.points.back().y();
    // The limit is drawn where the curves come near it.
    if (limit > 0 && limit < 20 * most) most = std::max(most, limit * 1.08);
    m_x->setRange(dense.points.front().x(), dense.points.back().x());
    m_y->setRange(0, most * 1.05);
    m_y->applyNiceNumbers();
    m_y->setLabelFormat(most < 10 ? QStringLiteral("%.1f") : QStringLiteral("%.0f"));
    viewport()->update();
}

void FitChart::setLength(qint64 n) {
    m_length = n;
    setAccessibleName(tr("Length N, %1 tokens").arg(n));
    viewport()->update();
}

void FitChart::drawForeground(QPainter* painter, const QRectF&) {
    if (m_dense.points.empty()) return;
    const QRectF area = chart()->plotArea();
    const Theme& theme = Theme::instance();
    const auto x = [&](double tokens) { return chart()->mapToPosition({tokens, 0}, m_denseSeries).x(); };
    const auto y = [&](double value) {
        return chart()->mapToPosition({m_dense.points.front().x(), value}, m_denseSeries).y();
    };
    painter->save();
    painter->resetTransform();
    const double first = m_dense.points.front().x(), last = m_dense.points.back().x();
    double labelled = -1e9;
    for (double tick = first; tick <= last * 1.001; tick *= 2) {
        if (x(tick) - labelled < 34) continue;
        labelled = x(tick);
        drawText(*painter, QRectF(labelled - 24, area.bottom() + 3, 48, 14), shortTokens(qint64(tick)), TextStyle::Axis,
                 Role::Text3, Qt::AlignCenter);
    }
    drawText(*painter, QRectF(std::max(0.0, area.left() - 28), area.top() - 18, 60, 14), m_unit, TextStyle::Axis, Role::Text3,
             Qt::AlignLeft | Qt::AlignVCenter);
    if (m_limit > 0 && m_limit <= m_y->max()) {
        painter->setPen(QPen(theme.color(Role::Error), 1.5, Qt::DashLine));
        painter->drawLine(QPointF(area.left(), y(m_limit)), QPointF(area.right(), y(m_limit)));
        drawText(*painter, QRectF(area.left() + 6, y(m_limit) - 17, area.width(), 14),
                 tr("usable %1 %2").arg(QLocale().toString(m_limit, 'f', 1), m_unit), TextStyle::Caption, Role::Error);
    }
    for (const auto& [curve, role] : {std::pair(&m_dense, Role::Dense), std::pair(&m_plan, Role::Sparse)}) {
        if (curve->longest <= 0 || curve->points.empty()) continue;
        const QPointF at(x(double(curve->longest)), y(m_limit));
        painter->setPen(QPen(theme.color(role), 2));
        painter->setBrush(theme.color(Role::Surface));
        painter->drawEllipse(at, 5, 5);
        drawText(*painter, QRectF(at.x() - 44, at.y() - 22, 40, 16), shortTokens(curve->longest), TextStyle::Key, role,
                 Qt::AlignRight | Qt::AlignVCenter);
    }
    const double n = x(double(std::clamp(double(m_length), first, last)));
    painter->setPen(QPen(theme.color(Role::Text), 2));
    painter->drawLine(QPointF(n, area.top()), QPointF(n, area.bottom()));
    const QString label = tr("N %1").arg(shortTokens(m_length));
    const double w = textWidth(label, TextStyle::Key) + 14;
    const QRectF chip(std::clamp(n - w / 2, area.left(), area.right() - w), area.top(), w, 20);
    painter->setPen(Qt::NoPen);
    painter->setBrush(theme.color(Role::Text));
    painter->drawRoundedRect(chip, 4, 4);
    drawText(*painter, chip, label, TextStyle::Key, Role::Surface, Qt::AlignCenter);
    if (hasFocus()) drawFocusRing(*painter, chip, 4);
    painter->restore();
}

qint64 FitChart::lengthAt(double px) const {
    if (m_dense.points.empty()) return m_length;
    const double tokens = chart()->mapToValue({px, 0}, m_denseSeries).x();
    const double bounded = std::clamp(tokens, m_dense.points.front().x(), m_dense.points.back().x());
    return std::max<qint64>(64, qint64(std::round(bounded / 64)) * 64);
}

void FitChart::move(qint64 n) {
    if (m_dense.points.empty()) return;
    n = std::clamp(n, qint64(m_dense.points.front().x()), qint64(m_dense.points.back().x()));
    if (n != m_length) emit lengthDragged(n);
}

void FitChart::mousePressEvent(QMouseEvent* event) {
    m_dragging = event->button() == Qt::LeftButton;
    if (m_dragging) move(lengthAt(event->position().x()));
}

void FitChart::mouseMoveEvent(QMouseEvent* event) {
    setCursor(Qt::SizeHorCursor);
    if (m_dragging) move(lengthAt(event->position().x()));
}

void FitChart::mouseReleaseEvent(QMouseEvent*) {
    m_dragging = false;
}

void FitChart::keyPressEvent(QKeyEvent* event) {
    const qint64 step = event->modifiers() & Qt::ShiftModifier ? 1024 : 64;
    if (event->key() == Qt::Key_Left)
        move(m_length - step);
    else if (event->key() == Qt::Key_Right)
        move(m_length + step);
    else
        QChartView::keyPressEvent(event);
}

} // namespace moa
