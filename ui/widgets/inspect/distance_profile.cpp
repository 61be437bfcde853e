// The chart of the distance profile. The x axis holds log2 of the distance: a category axis can label it
// "4k".
#include "ui/widgets/inspect/distance_profile.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QAccessible>
#include <QCategoryAxis>
#include <QChart>
#include <QGraphicsLayout>
#include <QLineSeries>
#include <QValueAxis>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace moa {
namespace {

constexpr int kTickGap = 12, kAxisWidth = 48; ///< px: between two numbers of the x axis; left of the plot

} // namespace

DistanceProfile::DistanceProfile(QWidget* parent)
    : QChartView(parent), m_attentionLine(new QLineSeries), m_influenceLine(new QLineSeries),
      m_x(new QCategoryAxis), m_y(new QValueAxis) {
    setFocusPolicy(Qt::StrongFocus);
    setProperty("accessibleRole", int(QAccessible::Chart));
    setRenderHint(QPainter::Antialiasing);
    setFrameShape(QFrame::NoFrame);
    viewport()->setMouseTracking(true);
    QChart* drawn = chart();
    drawn->legend()->hide();
    drawn->setMargins({2, 6, 6, 2});
    drawn->layout()->setContentsMargins(0, 0, 0, 0);
    drawn->setBackgroundRoundness(0);
    drawn->setAnimationOptions(QChart::NoAnimation);
    m_attentionLine->setName(tr("Attention"));
    m_influenceLine->setName(tr("Influence"));
    m_x->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    m_y->setRange(0, 100);
    m_y->setTickCount(3);
    m_y->setLabelFormat(QStringLiteral("%d%%"));
    drawn->addAxis(m_x, Qt::AlignBottom);
    drawn->addAxis(m_y, Qt::AlignLeft);
    for (QLineSeries* line : {m_attentionLine, m_influenceLine}) {
        drawn->addSeries(line);
        line->attachAxis(m_x);
        line->attachAxis(m_y);
    }
    new HoverTip(viewport(), [this](QPoint at) { return tipAt(at); });
    connect(&Theme::instance(), &Theme::changed, this, &DistanceProfile::restyle);
    restyle();
    updateName();
}

void DistanceProfile::setCurves(std::vector<double> distances, std::vector<double> attention,
                                std::vector<double> influence) {
    const bool rising = std::is_sorted(distances.begin(), distances.end(), std::less_equal<>());
    const bool positive = distances.empty() || distances.front() >= 1;
    if (!rising || !positive || attention.size() != distances.size() ||
        (!influence.empty() && influence.size() != distances.size()))
        throw std::invalid_argument("a distance profile needs rising distances and one share for each");
    m_distances = std::move(distances);
    m_attention = std::move(attention);
    m_influence = std::move(influence);
    refill();
    updateName();
}

void DistanceProfile::setWindow(qint64 window, qint64 span) {
    m_window = window;
    m_span = span;
    updateName();
    viewport()->update();
}

void DistanceProfile::setDistance(qint64 distance) {
    m_distance = distance;
    viewport()->update();
}

void DistanceProfile::refill() {
    QList<QPointF> attention, influence;
    for (std::size_t i = 0; i < m_distances.size(); ++i) {
        attention.append({std::log2(m_distances[i]), 100 * m_attention[i]});
        if (!m_influence.empty()) influence.append({std::log2(m_distances[i]), 100 * m_influence[i]});
    }
    m_attentionLine->replace(attention);
    m_influenceLine->replace(influence);
    labelDistances();
}

void DistanceProfile::labelDistances() {
    for (const QString& label : m_x->categoriesLabels()) m_x->remove(label);
    if (m_distances.size() < 2) return;
    const double low = std::log2(m_distances.front()), high = std::log2(m_distances.back());
    m_x->setRange(low, high);
    m_x->setStartValue(low);
    // Every power of two where their numbers have room, else every second, fourth …
    const int wide = QFontMetrics(Theme::instance().font(TextStyle::Axis)).horizontalAdvance(paint::axisTokens(131072)) + kTickGap;
    const int room = std::max(viewport()->width() - kAxisWidth, wide);
    int step = 1;
    while ((high - low) / step * wide > room) step *= 2;
    for (int power = int(std::ceil(low)); power <= int(std::floor(high)); power += step)
        m_x->append(paint::axisTokens(qint64(1) << power), power);
}

void DistanceProfile::resizeEvent(QResizeEvent* event) {
    QChartView::resizeEvent(event);
    labelDistances();
}

void DistanceProfile::restyle() {
    const Theme& theme = Theme::instance();
    chart()->setBackgroundBrush(theme.color(Role::Surface));
    setBackgroundBrush(theme.color(Role::Surface));
    chart()->setBackgroundPen(Qt::NoPen);
    m_attentionLine->setPen(QPen(theme.color(Role::Dense), 2));
    m_influenceLine->setPen(QPen(theme.color(Role::Influence), 2));
    for (QAbstractAxis* axis : {static_cast<QAbstractAxis*>(m_x), static_cast<QAbstractAxis*>(m_y)}) {
        axis->setLabelsFont(theme.font(TextStyle::Axis));
        axis->setLabelsColor(theme.color(Role::Text3));
        axis->setGridLineColor(theme.color(Role::Grid));
        axis->setLinePenColor(theme.color(Role::Border));
    }
    viewport()->update();
}

double DistanceProfile::within(const std::vector<double>& shares, double distance) const {
    if (shares.empty()) return std::numeric_limits<double>::quiet_NaN();
    const auto after = std::lower_bound(m_distances.begin(), m_distances.end(), distance);
    if (after == m_distances.begin()) return shares.front();
    if (after == m_distances.end()) return shares.back();
    const std::size_t i = std::size_t(after - m_distances.begin());
    const double t = std::log(distance / m_distances[i - 1]) / std::log(m_distances[i] / m_distances[i - 1]);
    return shares[i - 1] + t * (shares[i] - shares[i - 1]);
}

void DistanceProfile::paintMark(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QRectF plot = chart()->plotArea();
    const auto xOf = [&](qint64 distance) {
        return chart()
            ->mapToPosition({std::log2(double(std::max<qint64>(distance, 1))), 0}, m_attentionLine)
            .x();
    };
    const auto inside = [&](double x) { return x >= plot.left() && x <= plot.right(); };
    if (const double x = xOf(m_distance); m_distance > 0 && inside(x))
        paint::hairline(painter, {x, plot.top()}, {x, plot.bottom()}, Role::Text, Qt::DashLine);
    const double x = xOf(m_window);
    if (m_window <= 0 || !inside(x)) return;
    painter.setPen(QPen(theme.color(Role::Sparse), 2));
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    QFont bold = theme.font(TextStyle::Caption);
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    const QFontMetricsF metrics(bold);
    const auto label = [&](const QString& text, double y, Role role, bool left) {
        const double width = metrics.horizontalAdvance(text) + 4;
        const bool turned = left ? x - 6 - width < plot.left() : x + 6 + width > plot.right();
        const QRectF box(left != turned ? x - 6 - width : x + 6,
                         std::clamp(y - metrics.height() / 2, plot.top(), plot.bottom() - metrics.height()),
                         width, metrics.height());
        painter.fillRect(box, theme.color(Role::Surface));
        painter.setPen(theme.color(role));
        painter.drawText(box, Qt::AlignCenter, text);
    };
    // Two curves that meet keep their numbers apart.
    double taken = -1;
    const auto point = [&](const std::vector<double>& shares, Role role, QLineSeries* line) {
        if (shares.empty()) return;
        const double share = within(shares, double(m_window));
        const double y = chart()->mapToPosition({std::log2(double(m_window)), 100 * share}, line).y();
        double labelY = std::clamp(y + metrics.height() * 0.8, plot.top() + metrics.height() / 2,
                                   plot.bottom() - metrics.height() / 2);
        if (taken >= 0 && std::abs(labelY - taken) < metrics.height())
            labelY = taken + (labelY >= taken && taken + 1.5 * metrics.height() < plot.bottom() ? 1 : -1) * metrics.height();
        taken = labelY;
        painter.setPen(QPen(theme.color(role), 2));
        painter.setBrush(theme.color(Role::Surface));
        painter.drawEllipse(QPointF(x, y), 4, 4);
        // Below and to the right, where a rising curve is not.
        label(tr("%1%").arg(paint::number(100 * share, 1)), labelY, role, false);
    };
    point(m_attention, Role::Dense, m_attentionLine);
    point(m_influence, Role::Influence, m_influenceLine);
    // Where no curve's value stands: at the foot for a window that keeps most, else at the top.
    const bool high = !m_attention.empty() && within(m_attention, double(m_window)) > 0.5;
    label(tr("S %1").arg(paint::count(m_span)), high ? plot.bottom() - metrics.height() : plot.top() + metrics.height() / 2,
          Role::Sparse, true);
}

void DistanceProfile::drawForeground(QPainter* painter, const QRectF& rect) {
    QChartView::drawForeground(painter, rect);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (m_distances.size() >= 2) {
        paintMark(*painter);
    } else {
        painter->setFont(Theme::instance().font(TextStyle::Caption));
        painter->setPen(Theme::instance().color(Role::Text2));
        const QString text = tr("Shows once attention is captured.");
        const QRectF box = painter->boundingRect(chart()->plotArea(), Qt::AlignCenter | Qt::TextWordWrap, text);
        painter->fillRect(box.adjusted(-6, -2, 6, 2), Theme::instance().color(Role::Surface));
        painter->drawText(box, Qt::AlignCenter | Qt::TextWordWrap, text);
    }
    if (hasFocus()) paint::focusRing(*painter, viewport()->rect());
    painter->restore();
}

void DistanceProfile::updateName() {
    QString name = tr("Distance profile");
    if (m_window > 0 && !m_attention.empty() && double(m_window) < m_distances.back()) {
        name += tr(", attention %1% within %2 tokens")
                    .arg(paint::number(100 * attentionWithin(double(m_window)), 1), paint::count(m_window));
        if (!m_influence.empty())
            name += tr(", influence %1%").arg(paint::number(100 * influenceWithin(double(m_window)), 1));
    }
    setAccessibleName(name);
}

QString DistanceProfile::tipAt(QPoint at) const {
    if (m_distances.size() < 2 || !chart()->plotArea().contains(at)) return {};
    const double distance = std::exp2(chart()->mapToValue(at, m_attentionLine).x());
    QStringList parts{tr("Within %1 tokens").arg(paint::count(std::llround(distance))),
                      tr("attention %1%").arg(paint::number(100 * attentionWithin(distance), 1))};
    if (!m_influence.empty())
        parts << tr("influence %1%").arg(paint::number(100 * influenceWithin(distance), 1));
    return parts.join(QStringLiteral(", "));
}

} // namespace moa
