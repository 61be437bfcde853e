// Bars, labels and input of the row profile.
#include "ui/widgets/inspect/row_profile.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/token_lane.h"
#include "ui/widgets/inspect/token_text.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr int kRim = 4, kPlotHeight = 58;

int axisHeight() {
    return QFontMetrics(Theme::instance().font(TextStyle::Axis)).height() + 2;
}

QFont labelFont() {
    QFont font = Theme::instance().font(TextStyle::Axis);
    font.setWeight(QFont::DemiBold);
    return font;
}

} // namespace

RowProfile::RowProfile(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Row profile"));
    new HoverTip(this, [this](QPoint at) {
        return m_weights.empty() || !plotRect().contains(at) ? QString() : sentence(keyAt(at.x()));
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

QSize RowProfile::sizeHint() const {
    return {TokenLane::titleWidth() + 480, kPlotHeight + axisHeight() + 2 * kRim};
}

QSize RowProfile::minimumSizeHint() const {
    return {TokenLane::titleWidth() + 120, kPlotHeight / 2 + axisHeight() + 2 * kRim};
}

void RowProfile::setRow(int query, std::vector<float> weights, int tokens) {
    m_query = query;
    m_weights = std::move(weights);
    m_tokens = std::max(tokens, int(m_weights.size()));
    findPeak();
    update();
}

void RowProfile::setMask(const MaskShape& mask) {
    m_mask = mask;
    findPeak();
    update();
}

void RowProfile::setLook(const HeatLook& look) {
    m_look = look;
    update();
}

void RowProfile::setKey(int key) {
    if (key == m_key) return;
    m_key = key;
    announceCurrent(this);
    update();
}

void RowProfile::setTokenText(std::function<QString(int)> text) {
    m_tokenText = std::move(text);
    update();
}

void RowProfile::findPeak() {
    m_peak = -1;
    float most = 0;
    for (int k = 0; k < int(m_weights.size()); ++k)
        if (m_weights[std::size_t(k)] > most && m_mask.hides(m_query, k)) {
            most = m_weights[std::size_t(k)];
            m_peak = k;
        }
}

QRectF RowProfile::plotRect() const {
    const int left = TokenLane::titleWidth();
    return QRectF(left, kRim, std::max(width() - left - kRim, 1),
                  std::max(height() - axisHeight() - 2 * kRim, 1));
}

double RowProfile::xOf(double key) const {
    const QRectF plot = plotRect();
    return plot.left() + key / std::max(m_tokens, 1) * plot.width();
}

int RowProfile::keyAt(double x) const {
    const QRectF plot = plotRect();
    const int key = int(std::floor((x - plot.left()) / plot.width() * m_tokens));
    return std::clamp(key, 0, std::max(int(m_weights.size()) - 1, 0));
}

void RowProfile::paintBars(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QRectF plot = plotRect();
    const int columns = int(plot.width()), keys = int(m_weights.size());
    struct Best {
        float visible = 0, hidden = 0;
    };
    std::vector<Best> best(std::size_t(columns) + 1);
    for (int k = m_look.hideSink ? m_mask.sink : 0; k < keys; ++k) {
        Best& column = best[std::size_t(qint64(k) * columns / m_tokens)];
        float& slot = m_mask.hides(m_query, k) ? column.hidden : column.visible;
        slot = std::max(slot, m_weights[std::size_t(k)]);
    }
    // A short text has fewer keys than pixels: its bars are as wide as a key.
    const int barWidth = std::max(1, int(std::floor(plot.width() / std::max(m_tokens, 1))) - 1);
    for (int x = 0; x < columns; ++x) {
        const auto bar = [&](float weight, Role role, int width) {
            if (!(weight > 0)) return;
            const double height = std::max(m_look.position(double(weight)) * (plot.height() - 4), 1.0);
            painter.fillRect(QRectF(plot.left() + x, plot.bottom() - height, width, height),
                             theme.color(role));
        };
        const Best& column = best[std::size_t(x)];
        const bool evidence = double(column.hidden) >= m_look.evidenceFloor;
        bar(column.visible, Role::Dense, barWidth);
        // A peak of one pixel would be lost among its neighbours.
        bar(column.hidden, evidence ? Role::Sparse : Role::Neutral,
            evidence ? std::max(barWidth, 2) : barWidth);
    }
}

void RowProfile::paintLabels(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QRectF plot = plotRect();
    painter.setFont(labelFont());
    const QFontMetricsF metrics(painter.font());
    QRectF taken;
    const auto label = [&](const QString& text, double x) {
        const double width = metrics.horizontalAdvance(text);
        const double left = x + 5 + width <= plot.right() ? x + 5 : x - 5 - width;
        QRectF box(left, plot.top() + 2, width, metrics.height());
        if (box.adjusted(-4, 0, 4, 0).intersects(taken)) box.translate(0, metrics.height());
        taken = box;
        painter.fillRect(box.adjusted(-2, 0, 2, 0), theme.color(Role::Surface));
        painter.setPen(theme.color(Role::Sparse));
        painter.drawText(box, Qt::AlignCenter, text);
    };
    const qint64 firstVisible = m_query - m_mask.window + 1;
    const bool hasEdge = m_mask.window > 0 && firstVisible > m_mask.sink;
    const double edge = xOf(double(firstVisible));
    if (hasEdge) { // under every label
        painter.setPen(QPen(theme.color(Role::Sparse), 2));
        painter.drawLine(QPointF(edge, plot.top()), QPointF(edge, plot.bottom()));
    }
    if (m_peak >= 0 && double(m_weights[std::size_t(m_peak)]) >= m_look.evidenceFloor) {
        const QString token =
            m_tokenText ? QStringLiteral("“%1”  ").arg(tokenSymbols(m_tokenText(m_peak))) : QString();
        const QString weight = paint::weight(double(m_weights[std::size_t(m_peak)]));
        label(QStringLiteral("%1  %2%3").arg(paint::count(m_peak), token, weight), xOf(m_peak + 0.5));
    }
    if (hasEdge) label(tr("window %1").arg(paint::count(m_mask.window)), edge);
}

void RowProfile::paintTo(QPainter& painter) {
    const Theme& theme = Theme::instance();
    QFont bold = theme.font(TextStyle::Caption);
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::Text2));
    const int line = QFontMetrics(bold).height();
    painter.drawText(QRect(kRim, kRim, TokenLane::titleWidth(), line), Qt::AlignLeft | Qt::AlignVCenter,
                     tr("Row profile"));
    const QRectF plot = plotRect();
    painter.fillRect(plot, theme.color(Role::Sunken));
    if (m_tokens == 0) {
        painter.setFont(theme.font(TextStyle::Caption));
        painter.setPen(theme.color(Role::Text2));
        painter.drawText(plot, Qt::AlignCenter, tr("Tokens and the weights of a query's row show once attention is captured."));
    }
    if (m_weights.empty()) return;
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text3));
    painter.drawText(QRect(kRim, kRim + line, TokenLane::titleWidth(), line),
                     Qt::AlignLeft | Qt::AlignVCenter, tr("query %1").arg(paint::count(m_query)));
    const qint64 firstVisible = m_mask.window > 0 ? m_query - m_mask.window + 1 : 0;
    if (firstVisible > m_mask.sink) // what the plan hides wears its colour, and nothing else does
        painter.fillRect(QRectF(QPointF(xOf(m_mask.sink), plot.top()), QPointF(xOf(double(firstVisible)), plot.bottom())),
                         theme.color(Role::SparseSoft));
    if (m_rangeEnd >= 0)
        painter.fillRect(QRectF(QPointF(xOf(std::min(m_pressed, m_rangeEnd)), plot.top()),
                                QPointF(xOf(std::max(m_pressed, m_rangeEnd) + 1), plot.bottom())),
                         theme.color(Role::AccentSoft));
    if (m_key >= 0 &&
        m_key < int(m_weights.size())) // under the bars, so that the marked key's own bar is seen
        paint::hairline(painter, {xOf(m_key + 0.5), plot.top()}, {xOf(m_key + 0.5), plot.bottom()},
                        Role::Text, Qt::DashLine);
    paintBars(painter);
    paintLabels(painter);
    painter.setFont(theme.font(TextStyle::Axis));
    const QFontMetricsF metrics(painter.font());
    const qint64 step = paint::tickStep(m_tokens, plot.width(), 70);
    for (qint64 t = 0; t <= m_tokens; t += step) {
        const QString text = step < 1024 ? paint::count(t) : paint::axisTokens(t);
        const double width = metrics.horizontalAdvance(text) + 2;
        const double left =
            std::clamp(xOf(double(t)) - width / 2, plot.left(), std::max(plot.left(), plot.right() - width));
        painter.setPen(theme.color(Role::Text3));
        painter.drawText(QRectF(left, plot.bottom() + 1, width, axisHeight()),
                         Qt::AlignHCenter | Qt::AlignTop, text);
    }
}

void RowProfile::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintTo(painter);
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()).adjusted(-1, -1, 1, 1));
}

void RowProfile::moveKey(int key) {
    if (m_weights.empty()) return;
    key = std::clamp(key, 0, int(m_weights.size()) - 1);
    if (key == m_key) return;
    setKey(key);
    emit keyChanged(key);
}

void RowProfile::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m_weights.empty() || !plotRect().contains(event->position()))
        return;
    m_pressed = keyAt(event->position().x());
}

void RowProfile::mouseMoveEvent(QMouseEvent* event) {
    if (m_pressed < 0) return;
    const bool far = std::abs(event->position().x() - xOf(m_pressed)) >= QApplication::startDragDistance();
    if (far || m_rangeEnd >= 0) m_rangeEnd = keyAt(event->position().x());
    update();
}

void RowProfile::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m_pressed < 0) return;
    const int from = std::exchange(m_pressed, -1), to = std::exchange(m_rangeEnd, -1);
    if (to >= 0)
        emit rangeSelected(std::min(from, to), std::max(from, to));
    else
        moveKey(from);
    update();
}

void RowProfile::keyPressEvent(QKeyEvent* event) {
    const int perPixel = std::max(1, int(m_tokens / std::max(plotRect().width(), 1.0)));
    const int step = event->modifiers() & Qt::ShiftModifier ? 10 * perPixel : 1;
    switch (event->key()) {
    case Qt::Key_Left:
        moveKey(m_key - step);
        return;
    case Qt::Key_Right:
        moveKey(m_key + step);
        return;
    case Qt::Key_Home:
        moveKey(0);
        return;
    case Qt::Key_End:
        moveKey(int(m_weights.size()) - 1);
        return;
    case Qt::Key_Period:
        emit peakRequested(1);
        return;
    case Qt::Key_Comma:
        emit peakRequested(-1);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

QString RowProfile::sentence(int key) const {
    QStringList parts{tr("Key %1").arg(paint::count(key))};
    if (m_tokenText) parts << QStringLiteral("“%1”").arg(tokenSymbols(m_tokenText(key)));
    parts << tr("attention %1").arg(paint::weight(double(m_weights[std::size_t(key)])));
    if (m_mask.hides(m_query, key)) parts << tr("outside window");
    return parts.join(QStringLiteral(", "));
}

AccessibleItem RowProfile::item(int) const {
    AccessibleItem item;
    item.name = sentence(m_key);
    item.rect = QRectF(xOf(m_key) - 1, plotRect().top(), 3, plotRect().height()).toAlignedRect();
    item.selected = true;
    return item;
}

} // namespace moa
