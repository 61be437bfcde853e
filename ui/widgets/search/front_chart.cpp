// Axes and series by Qt Charts; points, limits and labels in the foreground.
#include "ui/widgets/search/front_chart.h"

#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QChart>
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
#include <utility>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr double kNear = 7; ///< px
constexpr double kLeastShown = 0.2; ///< densities below cost so much that the rest of the curve would be flat

} // namespace

FrontChart::FrontChart(QWidget* parent)
    : QChartView(new QChart, parent), m_front(new QLineSeries), m_bound(new QLineSeries), m_x(new QValueAxis), m_y(new QValueAxis) {
    chart()->setMargins({20, 10, 14, 20}); // room for the titles, which are drawn here
    chart()->layout()->setContentsMargins(0, 0, 0, 0);
    chart()->setBackgroundRoundness(0);
    chart()->legend()->hide();
    chart()->setAnimationOptions(QChart::NoAnimation);
    chart()->addAxis(m_x, Qt::AlignBottom);
    chart()->addAxis(m_y, Qt::AlignLeft);
    for (QLineSeries* series : {m_bound, m_front}) {
        chart()->addSeries(series);
        series->attachAxis(m_x);
        series->attachAxis(m_y);
    }
    m_x->setLabelFormat(u"%.2f"_s);
    m_x->setTickCount(9);
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setFocusPolicy(Qt::StrongFocus);
    setProperty("accessibleRole", int(QAccessible::Chart));
    setMouseTracking(true);
    setMinimumSize(280, 200);
    connect(&Theme::instance(), &Theme::changed, this, &FrontChart::restyle);
    restyle();
}

void FrontChart::restyle() {
    const Theme& theme = Theme::instance();
    chart()->setBackgroundBrush(theme.color(Role::Surface));
    setBackgroundBrush(theme.color(Role::Surface));
    QColor line = theme.color(m_stale ? Role::Neutral : Role::Accent);
    m_front->setPen(QPen(line, 2));
    m_bound->setPen(QPen(line, 1.2, Qt::DashLine));
    for (QValueAxis* axis : {m_x, m_y}) {
        axis->setLabelsFont(theme.font(TextStyle::Axis));
        axis->setLabelsColor(theme.color(Role::Text3));
        axis->setGridLineColor(theme.color(Role::Grid));
        axis->setLinePenColor(theme.color(Role::Strong));
    }
    viewport()->update();
}

void FrontChart::setAxisTitles(const QString& density, const QString& loss) {
    m_xTitle = density;
    m_yTitle = loss;
    viewport()->update();
}

void FrontChart::setStale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    restyle();
}

void FrontChart::setPoints(std::vector<FrontChartPoint> points) {
    std::ranges::stable_sort(points, {}, &FrontChartPoint::density);
    if (points == m_points) return;
    m_points = std::move(points);
    QList<QPointF> front, bound;
    for (const FrontChartPoint& point : m_points) {
        if (point.kind != FrontChartPoint::Kind::Front) continue;
        front.append({point.density, point.loss});
        bound.append({point.density, std::max(point.bound, 0.0)});
    }
    if (front != m_front->points()) {
        m_front->replace(front);
        m_bound->replace(bound);
    }
    scale();
    updateName();
    viewport()->update();
}

void FrontChart::setLimits(double density, std::optional<double> loss) {
    m_density = density;
    m_loss = loss;
    if (m_drag == Drag::None) scale();
    updateName();
    viewport()->update();
}

void FrontChart::setSelected(const QString& name) {
    m_selected = name;
    updateName();
    viewport()->update();
}

void FrontChart::updateName() {
    QString text = tr("Loss against density, density at most %1").arg(QLocale().toString(m_density, 'f', 3));
    if (m_loss) text += tr(", loss at most %1").arg(QLocale().toString(*m_loss, 'g', 4));
    const auto point = std::ranges::find(m_points, m_selected, &FrontChartPoint::name);
    if (point != m_points.end())
        text += tr("; plan %1, density %2, loss %3")
                    .arg(point->name, QLocale().toString(point->density, 'f', 4), QLocale().toString(point->loss, 'g', 4));
    setAccessibleName(text);
}

void FrontChart::scale() {
    // What lies around the limits is looked at; the steep end would press the rest flat.
    const double first = std::min(kLeastShown, m_density);
    double most = 0;
    for (const FrontChartPoint& point : m_points)
        if (point.kind != FrontChartPoint::Kind::Front || point.density >= first - 0.02) most = std::max(most, point.loss * 1.06);
    // A limit far above all plans is named at the top, not drawn.
    if (m_loss && *m_loss < 4 * most) most = std::max(most, *m_loss * 1.25);
    if (most <= 0) most = 1;
    const double unit = std::pow(10, std::floor(std::log10(most)));
    double top = unit * 10;
    for (const double nice : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0})
        if (nice * unit >= most) {
            top = nice * unit;
            break;
        }
    const double left = std::floor(first * 10 + 1e-9) / 10;
    if (m_x->min() != left || m_x->max() != 1) {
        m_x->setRange(left, 1);
        m_x->setTickCount(int(std::lround((1 - left) * 10)) + 1);
    }
    if (m_y->min() == 0 && m_y->max() == top) return;
    const int parts = std::abs(top / unit - 1.5) < 0.1 || std::abs(top / unit - 3) < 0.1 || std::abs(top / unit - 6) < 0.1 ? 3
                      : std::abs(top / unit - 5) < 0.1 || std::abs(top / unit - 10) < 0.1                                 ? 5
                                                                                                                          : 4;
    m_y->setTickCount(parts + 1);
    m_y->setRange(0, top);
    const int decimals = std::clamp(int(-std::floor(std::log10(top / parts) + 1e-9)) + (parts == 4 ? 1 : 0), 1, 8);
    m_y->setLabelFormat(u"%.%1f"_s.arg(decimals));
}

QPointF FrontChart::place(double density, double loss) const {
    return chart()->mapToPosition({density, loss}, m_front);
}

QPoint FrontChart::densityHandle() const {
    return place(m_density, m_y->max() * 0.94).toPoint();
}

QPoint FrontChart::lossHandle() const {
    return place(m_x->min() + 0.9 * (m_x->max() - m_x->min()), m_loss.value_or(m_y->max())).toPoint();
}

QPoint FrontChart::placeOf(const QString& name) const {
    const auto point = std::ranges::find(m_points, name, &FrontChartPoint::name);
    return point == m_points.end() ? QPoint(-1, -1) : place(point->density, point->loss).toPoint();
}

void FrontChart::drawFeasible(QPainter& painter) const {
    const QRectF area = chart()->plotArea();
    const QPointF corner = place(m_density, m_loss.value_or(m_y->max()));
    // What the limits rule out lies in shade, under points and lines.
    QColor shade = Theme::instance().color(Role::Text);
    shade.setAlphaF(0.05f);
    painter.fillRect(QRectF(QPointF(corner.x(), area.top()), area.bottomRight()), shade);
    if (m_loss && corner.y() > area.top())
        painter.fillRect(QRectF(area.topLeft(), QPointF(corner.x(), corner.y())), shade);
    drawText(painter, QRectF(area.left() + 8, area.bottom() - 22, 120, 18), tr("Feasible"), TextStyle::Chip, Role::Accent);
}

void FrontChart::drawPoints(QPainter& painter) const {
    const Theme& theme = Theme::instance();
    const QRectF area = chart()->plotArea().adjusted(-1, -1, 1, 1);
    for (const FrontChartPoint& point : m_points) {
        const QPointF at = place(point.density, point.loss);
        if (!area.contains(at)) continue;
        const bool own = point.kind == FrontChartPoint::Kind::Own, other = point.kind == FrontChartPoint::Kind::Other;
        QColor fill = theme.color(own ? Role::Sparse : other || m_stale ? Role::Control : Role::Accent);
        if (point.isBroken && !own) fill.setAlphaF(0.45f);
        painter.setPen(QPen(theme.color(Role::Surface), 1.5));
        painter.setBrush(fill);
        if (own) {
            const double r = 6;
            painter.drawPolygon(QPolygonF({{at.x(), at.y() - r}, {at.x() + r, at.y()}, {at.x(), at.y() + r}, {at.x() - r, at.y()}}));
            drawText(painter, QRectF(at.x() + 10, at.y() - 9, 240, 18), point.name, TextStyle::Chip, Role::Sparse);
        } else if (point.kind == FrontChartPoint::Kind::Best) {
            painter.drawEllipse(at, 6, 6);
            painter.setPen(QPen(theme.color(Role::Text), 2));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(at, 10, 10);
        } else {
            painter.drawEllipse(at, other ? 3.5 : 4.5, other ? 3.5 : 4.5);
        }
        if (m_marked.contains(point.name) && point.name != m_selected) {
            painter.setPen(QPen(theme.color(Role::Accent), 1.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(at, 8, 8);
        }
        if (point.name != m_selected || point.kind == FrontChartPoint::Kind::Best) continue;
        painter.setPen(QPen(theme.color(Role::Text), 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(at, 8, 8);
        if (!own) drawText(painter, QRectF(at.x() - 44, at.y() + 7, 40, 16), point.name, TextStyle::Chip, Role::Text2, Qt::AlignRight | Qt::AlignVCenter);
    }
}

void FrontChart::drawLabel(QPainter& painter, const QRectF& box, const QString& text) const {
    painter.setPen(Qt::NoPen);
    painter.setBrush(Theme::instance().color(Role::Text));
    painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
    drawText(painter, box, text, TextStyle::Chip, Role::Surface, Qt::AlignCenter);
}

void FrontChart::drawLimits(QPainter& painter) const {
    const Theme& theme = Theme::instance();
    const QRectF area = chart()->plotArea();
    const double high = QFontMetrics(theme.font(TextStyle::Chip)).height() + 6;
    painter.setPen(QPen(theme.color(Role::Text), 1.5));
    const double x = place(m_density, 0).x();
    if (x >= area.left() - 1 && x <= area.right() + 1) painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    const double y = m_loss ? place(0, *m_loss).y() : area.top();
    if (m_loss && y >= area.top()) painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    const QString density = tr("density ≤ %1").arg(QLocale().toString(m_density, 'f', 3));
    const double w = textWidth(density, TextStyle::Chip) + 16;
    drawLabel(painter, QRectF(std::clamp(x - w / 2, area.left(), area.right() - w), area.top() + 10, w, high), density);
    const QString loss = m_loss ? tr("loss ≤ %1").arg(QLocale().toString(*m_loss, 'g', 4)) : tr("no loss limit");
    const double lw = textWidth(loss, TextStyle::Chip) + 16;
    drawLabel(painter, QRectF(area.right() - lw - 4, std::clamp(y - high / 2, area.top(), area.bottom() - high), lw, high), loss);
}

void FrontChart::drawBox(QPainter& painter) const {
    if (m_drag != Drag::Points) return;
    QColor fill = Theme::instance().color(Role::Accent);
    painter.setPen(QPen(fill, 1));
    fill.setAlphaF(0.12f);
    painter.setBrush(fill);
    painter.drawRect(m_box.normalized());
}

QStringList FrontChart::namesIn(const QRectF& box) const {
    QStringList names;
    for (const FrontChartPoint& point : m_points)
        if (box.contains(place(point.density, point.loss))) names.append(point.name);
    return names;
}

void FrontChart::setMarked(const QStringList& names) {
    if (names == m_marked) return;
    m_marked = names;
    viewport()->update();
}

void FrontChart::drawForeground(QPainter* painter, const QRectF&) {
    ++m_paints;
    if (m_xTitle.isEmpty()) return;
    painter->save();
    painter->resetTransform();
    drawFeasible(*painter);
    drawPoints(*painter);
    drawLimits(*painter);
    drawBox(*painter);
    const QRectF area = chart()->plotArea();
    const int line = QFontMetrics(Theme::instance().font(TextStyle::Caption)).height() + 2;
    drawText(*painter, QRectF(area.left(), viewport()->height() - line - 2, area.width(), line), m_xTitle, TextStyle::Caption, Role::Text2,
             Qt::AlignCenter);
    painter->save();
    painter->translate(4, area.center().y() + area.height() / 2);
    painter->rotate(-90);
    drawText(*painter, QRectF(0, 0, area.height(), line), m_yTitle, TextStyle::Caption, Role::Text2, Qt::AlignCenter);
    painter->restore();
    if (hasFocus()) drawFocusRing(*painter, QRectF(viewport()->rect()).adjusted(3, 3, -3, -3));
    painter->restore();
}

FrontChart::Drag FrontChart::lineAt(QPointF at) const {
    const QRectF area = chart()->plotArea();
    if (!area.adjusted(-kNear, -kNear, kNear, kNear).contains(at)) return Drag::None;
    const double y = m_loss ? std::max(place(0, *m_loss).y(), area.top()) : area.top();
    if (std::abs(at.x() - place(m_density, 0).x()) <= kNear) return Drag::Density;
    // Without a limit its label is the handle.
    if (std::abs(at.y() - std::max(y, area.top() + (m_loss ? 0 : 8))) <= (m_loss ? kNear : 10) && (m_loss || at.x() > area.right() - 110))
        return Drag::Loss;
    return Drag::None;
}

int FrontChart::pointAt(QPointF at) const {
    int found = -1;
    double nearest = kNear + 3;
    for (std::size_t k = 0; k < m_points.size(); ++k) {
        const QPointF to = place(m_points[k].density, m_points[k].loss) - at;
        const double distance = std::hypot(to.x(), to.y());
        if (distance >= nearest) continue;
        nearest = distance;
        found = int(k);
    }
    return found;
}

void FrontChart::dragTo(QPointF at) {
    const QPointF value = chart()->mapToValue(at, m_front);
    if (m_drag == Drag::Density) {
        const double density = std::clamp(std::round(value.x() * 200) / 200, 0.05, 1.0);
        if (density != m_density) emit densityDragged(density);
    } else if (m_drag == Drag::Loss) {
        const double top = m_y->max(), unit = top / 400;
        if (at.y() < chart()->plotArea().top() - 2)
            emit lossDragged(std::nullopt);
        else if (const double nats = std::clamp(std::round(value.y() / unit) * unit, unit, top); nats != m_loss)
            emit lossDragged(nats);
    }
}

bool FrontChart::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int point = pointAt(help->pos());
        if (point >= 0)
            QToolTip::showText(help->globalPos() + QPoint(12, 12), m_points[std::size_t(point)].tip, this);
        else
            QToolTip::hideText();
        return true;
    }
    return QChartView::viewportEvent(event);
}

void FrontChart::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const int point = pointAt(event->position());
    if (point >= 0) {
        setSelected(m_points[std::size_t(point)].name);
        emit chosen(m_selected);
        return;
    }
    m_drag = lineAt(event->position());
    if (m_drag != Drag::None || !chart()->plotArea().contains(event->position())) return;
    m_drag = Drag::Points;
    m_box = QRectF(event->position(), event->position());
}

void FrontChart::mouseMoveEvent(QMouseEvent* event) {
    if (m_drag == Drag::Points) {
        m_box.setBottomRight(event->position());
        viewport()->update();
        return;
    }
    if (m_drag != Drag::None) return dragTo(event->position());
    const Drag over = pointAt(event->position()) >= 0 ? Drag::None : lineAt(event->position());
    viewport()->setCursor(over == Drag::Density ? Qt::SplitHCursor : over == Drag::Loss ? Qt::SplitVCursor : Qt::ArrowCursor);
}

void FrontChart::mouseReleaseEvent(QMouseEvent*) {
    const Drag ended = std::exchange(m_drag, Drag::None);
    if (ended == Drag::None) return;
    if (ended == Drag::Points) {
        if (const QStringList names = namesIn(m_box.normalized()); !names.isEmpty()) emit chosenMany(names);
    } else {
        scale();
    }
    viewport()->update();
}

void FrontChart::mouseDoubleClickEvent(QMouseEvent* event) {
    const int point = pointAt(event->position());
    if (point >= 0) emit opened(m_points[std::size_t(point)].name);
}

void FrontChart::choose(int step) {
    if (m_points.empty()) return;
    const auto now = std::ranges::find(m_points, m_selected, &FrontChartPoint::name);
    const int from = now == m_points.end() ? (step > 0 ? -1 : int(m_points.size())) : int(now - m_points.begin());
    setSelected(m_points[std::size_t(std::clamp(from + step, 0, int(m_points.size()) - 1))].name);
    emit chosen(m_selected);
}

void FrontChart::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    const double unit = m_y->max() / 100;
    switch (event->key()) {
    case Qt::Key_Left:
        if (!shift) return choose(-1);
        emit densityDragged(std::max(m_density - 0.01, 0.05));
        return;
    case Qt::Key_Right:
        if (!shift) return choose(1);
        emit densityDragged(std::min(m_density + 0.01, 1.0));
        return;
    case Qt::Key_Up:
    case Qt::Key_Down:
        if (!shift) return choose(event->key() == Qt::Key_Down ? 1 : -1);
        if (event->key() == Qt::Key_Up && (!m_loss || *m_loss + unit > m_y->max() + unit / 2)) {
            emit lossDragged(std::nullopt);
            return;
        }
        emit lossDragged(std::max(m_loss.value_or(m_y->max()) + (event->key() == Qt::Key_Up ? unit : -unit), unit));
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (!m_selected.isEmpty()) emit applied(m_selected);
        return;
    default: QChartView::keyPressEvent(event);
    }
}

void FrontChart::focusInEvent(QFocusEvent* event) {
    QChartView::focusInEvent(event);
    viewport()->update();
}

void FrontChart::focusOutEvent(QFocusEvent* event) {
    QChartView::focusOutEvent(event);
    viewport()->update();
}

} // namespace moa
