// Axes by Qt Charts; points, errors, band and the labels below in the foreground.
#include "ui/widgets/history/trend_chart.h"

#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QChart>
#include <QDateTime>
#include <QGraphicsLayout>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLineSeries>
#include <QLocale>
#include <QMouseEvent>
#include <QToolTip>
#include <QValueAxis>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr double kNear = 8; ///< px
constexpr int kBelow = 18;  ///< px for the labels of x
constexpr std::size_t kLeastOfBand = 8;

QString dayText(double days, double range) {
    const QDateTime at = QDateTime::fromMSecsSinceEpoch(qint64(days * 86'400'000.0));
    return at.toString(range < 2 ? u"HH:mm"_s : range < 300 ? u"d MMM"_s : u"MMM yyyy"_s);
}

} // namespace

TrendChart::TrendChart(QWidget* parent) : QChartView(new QChart, parent), m_line(new QLineSeries), m_x(new QValueAxis), m_y(new QValueAxis) {
    chart()->setMargins({2, 8, 10, kBelow});
    chart()->layout()->setContentsMargins(0, 0, 0, 0);
    chart()->setBackgroundRoundness(0);
    chart()->legend()->hide();
    chart()->setAnimationOptions(QChart::NoAnimation);
    chart()->addAxis(m_x, Qt::AlignBottom);
    chart()->addAxis(m_y, Qt::AlignLeft);
    chart()->addSeries(m_line);
    m_line->attachAxis(m_x);
    m_line->attachAxis(m_y);
    m_x->setLabelsVisible(false);
    m_x->setGridLineVisible(false);
    m_y->setTickCount(3);
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setFocusPolicy(Qt::StrongFocus);
    setProperty("accessibleRole", int(QAccessible::Chart));
    setMouseTracking(true);
    setMinimumSize(160, 120);
    connect(&Theme::instance(), &Theme::changed, this, &TrendChart::restyle);
    restyle();
    updateName();
}

void TrendChart::restyle() {
    const Theme& theme = Theme::instance();
    chart()->setBackgroundBrush(theme.color(Role::Surface));
    setBackgroundBrush(theme.color(Role::Surface));
    m_line->setPen(QPen(theme.color(Role::Sparse), 1.5));
    for (QValueAxis* axis : {m_x, m_y}) {
        axis->setLabelsFont(theme.font(TextStyle::Axis));
        axis->setLabelsColor(theme.color(Role::Text3));
        axis->setGridLineColor(theme.color(Role::Grid));
        axis->setLinePenColor(theme.color(Role::Strong));
    }
    viewport()->update();
}

void TrendChart::setMarks(std::vector<TrendMark> marks, const QStringList& categories, const QString& name) {
    if (marks == m_marks && categories == m_categories && name == m_name) return;
    const qint64 now = m_current >= 0 && m_current < int(m_marks.size()) ? m_marks[std::size_t(m_current)].run : 0;
    m_marks = std::move(marks);
    m_categories = categories;
    m_name = name;
    const auto at = std::ranges::find(m_marks, now, &TrendMark::run);
    m_current = at == m_marks.end() ? -1 : int(at - m_marks.begin());
    QList<QPointF> points;
    if (m_categories.isEmpty())
        for (const TrendMark& mark : m_marks) points.append({mark.x, mark.y});
    m_line->replace(points);
    scale();
    updateName();
    viewport()->update();
}

void TrendChart::scale() {
    if (m_marks.empty()) return;
    const auto [left, right] = std::ranges::minmax(m_marks, {}, &TrendMark::x);
    double low = m_marks.front().y, high = low;
    for (const TrendMark& mark : m_marks) {
        low = std::min(low, mark.y - mark.error.value_or(0));
        high = std::max(high, mark.y + mark.error.value_or(0));
    }
    if (m_categories.isEmpty()) {
        const double air = std::max((right.x - left.x) * 0.03, 1e-4);
        m_x->setRange(left.x - air, right.x + air);
    } else {
        m_x->setRange(-0.5, double(m_categories.size()) - 0.5);
    }
    const double air = high > low ? (high - low) * 0.12 : std::max(std::abs(high) * 0.1, 1e-6);
    m_y->setRange(low >= 0 && low - air < 0 ? 0 : low - air, high + air);
    const double step = (m_y->max() - m_y->min()) / 2;
    m_y->setLabelFormat(u"%.%1f"_s.arg(std::clamp(int(std::ceil(-std::log10(step))) + 1, 0, 8)));
}

void TrendChart::updateName() {
    QString text = m_name.isEmpty() ? tr("Measure") : tr("%1, %2 values").arg(m_name).arg(m_marks.size());
    if (m_current >= 0 && m_current < int(m_marks.size())) text += u"; "_s + m_marks[std::size_t(m_current)].tip;
    setAccessibleName(text);
}

QPointF TrendChart::place(double x, double y) const {
    return chart()->mapToPosition({x, y}, m_line);
}

QPoint TrendChart::placeOf(qint64 run) const {
    const auto mark = std::ranges::find(m_marks, run, &TrendMark::run);
    return mark == m_marks.end() ? QPoint(-1, -1) : place(mark->x, mark->y).toPoint();
}

void TrendChart::drawBand(QPainter& painter) const {
    // Between the quartiles lies what is usual: a drift stands out of it.
    if (m_marks.size() < kLeastOfBand || !m_categories.isEmpty()) return;
    std::vector<double> values;
    for (const TrendMark& mark : m_marks) values.push_back(mark.y);
    std::ranges::sort(values);
    const QRectF area = chart()->plotArea();
    const double top = place(0, values[values.size() * 3 / 4]).y(), bottom = place(0, values[values.size() / 4]).y();
    QColor band = Theme::instance().color(Role::Accent);
    band.setAlphaF(0.12f);
    painter.fillRect(QRectF(area.left(), top, area.width(), std::max(bottom - top, 2.0)), band);
}

void TrendChart::drawLabels(QPainter& painter) const {
    const QRectF area = chart()->plotArea();
    const QRectF below(area.left(), area.bottom() + 2, area.width(), kBelow);
    if (m_categories.isEmpty()) {
        const double range = m_x->max() - m_x->min();
        drawText(painter, below, dayText(m_marks.front().x, range), TextStyle::Axis, Role::Text3);
        if (m_marks.size() > 1)
            drawText(painter, below, dayText(m_marks.back().x, range), TextStyle::Axis, Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
        return;
    }
    const double each = area.width() / double(m_categories.size());
    const QFontMetrics font(Theme::instance().font(TextStyle::Axis));
    if (each < font.horizontalAdvance(u"mmmm"_s)) return; // tooltips name them
    for (qsizetype i = 0; i < m_categories.size(); ++i)
        drawText(painter, QRectF(area.left() + each * double(i) + 2, below.top(), each - 4, kBelow),
                 font.elidedText(m_categories[i], Qt::ElideMiddle, int(each) - 6), TextStyle::Axis, Role::Text3, Qt::AlignCenter);
}

void TrendChart::drawForeground(QPainter* painter, const QRectF&) {
    painter->save();
    painter->resetTransform();
    painter->setRenderHint(QPainter::Antialiasing);
    const Theme& theme = Theme::instance();
    if (!m_marks.empty()) {
        drawBand(*painter);
        drawLabels(*painter);
        const bool many = m_marks.size() > 60;
        for (int i = 0; i < int(m_marks.size()); ++i) {
            const TrendMark& mark = m_marks[std::size_t(i)];
            const QPointF at = place(mark.x, mark.y);
            painter->setPen(QPen(theme.color(Role::Sparse), 1));
            if (mark.error && *mark.error > 0 && !many)
                painter->drawLine(place(mark.x, mark.y - *mark.error), place(mark.x, mark.y + *mark.error));
            const bool marked = mark.isChosen || (i == m_current && hasFocus());
            if (many && !marked) continue; // the line says it
            painter->setPen(QPen(theme.color(marked ? Role::Surface : Role::Sparse), marked ? 2 : 1));
            painter->setBrush(theme.color(mark.isChosen ? Role::Accent : marked ? Role::Sparse : Role::Surface));
            painter->drawEllipse(at, marked ? 5.0 : 3.0, marked ? 5.0 : 3.0);
        }
    }
    if (hasFocus()) drawFocusRing(*painter, QRectF(viewport()->rect()).adjusted(4, 4, -4, -4));
    painter->restore();
}

int TrendChart::markAt(QPointF at) const {
    int best = -1;
    double nearest = kNear;
    for (int i = 0; i < int(m_marks.size()); ++i) {
        const QPointF away = place(m_marks[std::size_t(i)].x, m_marks[std::size_t(i)].y) - at;
        const double distance = std::hypot(away.x(), away.y());
        if (distance < nearest) nearest = distance, best = i;
    }
    return best;
}

bool TrendChart::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int mark = markAt(help->pos());
        if (mark >= 0)
            QToolTip::showText(help->globalPos(), u"<p style='white-space:pre-wrap'>"_s + m_marks[std::size_t(mark)].tip.toHtmlEscaped() + u"</p>"_s, this);
        else
            QToolTip::hideText();
        return true;
    }
    return QChartView::viewportEvent(event);
}

void TrendChart::mousePressEvent(QMouseEvent* event) {
    const int mark = markAt(event->position());
    if (event->button() != Qt::LeftButton || mark < 0) return;
    m_current = mark;
    updateName();
    emit chosen(m_marks[std::size_t(mark)].run);
    viewport()->update();
}

void TrendChart::keyPressEvent(QKeyEvent* event) {
    const int last = int(m_marks.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Period:
    case Qt::Key_Right: m_current = std::min(m_current + 1, last); break;
    case Qt::Key_Comma:
    case Qt::Key_Left: m_current = std::clamp(m_current - 1, std::min(0, last), std::max(last, 0)); break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_current >= 0 && m_current <= last) emit chosen(m_marks[std::size_t(m_current)].run);
        return;
    default: return QChartView::keyPressEvent(event);
    }
    updateName();
    viewport()->update();
}

void TrendChart::focusInEvent(QFocusEvent* event) {
    QChartView::focusInEvent(event);
    viewport()->update();
}

void TrendChart::focusOutEvent(QFocusEvent* event) {
    QChartView::focusOutEvent(event);
    viewport()->update();
}

} // namespace moa
