// State and painting of the rule's line.
#include "ui/widgets/plan/rule_line.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"

#include <QLocale>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr int kShakeMs = 20, kShakes = 6, kRim = 4, kTickPx = 70, kDot = 3, kHandle = 6;
constexpr double kShownN = 1.44, kShownSpan = 1.14; ///< of N
constexpr double kCurveStepPx = 3;

} // namespace

RuleLine::RuleLine(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Rule line"));
    new HoverTip(this, [this](QPoint at) { return tip(at); });
    m_shake.setInterval(kShakeMs);
    connect(&m_shake, &QTimer::timeout, this, [this] {
        if (--m_shakes <= 0) m_shake.stop();
        update();
    });
    connect(&Theme::instance(), &Theme::changed, this, &RuleLine::layOut);
    layOut();
}

void RuleLine::setScene(Scene scene) {
    if (scene == m_scene) return;
    m_scene = std::move(scene);
    const QString rule = m_scene.rule.beta == 0
                             ? paint::count(std::llround(m_scene.rule.alpha))
                             : tr("%1 + %2 N").arg(paint::count(std::llround(m_scene.rule.alpha)), QLocale().toString(m_scene.rule.beta, 'g', 5));
    setAccessibleName(tr("Rule line, S = %1, %2 at N %3")
                          .arg(rule, paint::count(std::llround(held(m_scene.rule, double(m_scene.n)))), paint::count(m_scene.n)));
    layOut();
    announceCurrent(this);
}

void RuleLine::setGrid(double alphaStep, double betaStep) {
    m_alphaStep = alphaStep;
    m_betaStep = betaStep;
}

void RuleLine::refuse() {
    if (!Theme::instance().hasMotion()) return;
    m_shakes = kShakes;
    m_shake.start();
}

void RuleLine::layOut() {
    const QFontMetrics axis(Theme::instance().font(TextStyle::Axis)), chip(Theme::instance().font(TextStyle::Chip));
    m_mostN = std::max(double(m_scene.n) * kShownN, double(lastProfiled()) * 1.08);
    m_mostSpan = double(m_scene.n) * kShownSpan;
    const int left = axis.height() + axis.horizontalAdvance(QStringLiteral("1,024k")) + 8;
    m_plot = QRectF(left, chip.height() + 12, std::max(width() - left - kRim - 6, 10), 0);
    m_plot.setBottom(std::max(height() - 2 * axis.height() - 12 - kRim, int(m_plot.top()) + 10));
    update();
}

double RuleLine::held(const Rule& rule, double n) const {
    const auto tokens = std::int64_t(std::max(n, 0.0));
    return std::clamp<double>(double(cacheOf(rule, tokens, m_scene.sink)), 0, std::max(n, 0.0));
}

QPointF RuleLine::handleAt(Part part) const {
    if (part == Part::Alpha) return {m_plot.left(), y(std::clamp(m_scene.rule.alpha, 0.0, m_mostSpan))};
    return {x(double(m_scene.n)), y(held(m_scene.rule, double(m_scene.n)))};
}

QPolygonF RuleLine::curve(const Rule& rule, double from, double to) const {
    QPolygonF line;
    const double step = kCurveStepPx / m_plot.width() * m_mostN;
    for (double n = from; n < to; n += step) line << QPointF(x(n), y(held(rule, n)));
    line << QPointF(x(to), y(held(rule, to)));
    return line;
}

void RuleLine::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintTo(painter);
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()));
}

void RuleLine::paintTo(QPainter& painter) {
    painter.setRenderHint(QPainter::Antialiasing);
    paintBeyond(painter);
    paintAxes(painter);
    painter.save();
    painter.setClipRect(m_plot.adjusted(-1, -1, 1, 1));
    paintOthers(painter);
    painter.restore();
    paintLengths(painter);
    paintRule(painter);
    paintHandle(painter, Part::Alpha);
    paintHandle(painter, Part::Beta);
}

void RuleLine::paintBeyond(QPainter& painter) {
    const double from = x(double(lastProfiled()));
    if (m_scene.profiled.empty() || from >= m_plot.right()) return;
    const Theme& theme = Theme::instance();
    painter.fillRect(QRectF(QPointF(from, m_plot.top()), m_plot.bottomRight()), theme.color(Role::Hover));
    const QString text = tr("beyond profiled lengths: estimates are extrapolated");
    const QRectF box(from + 8, m_plot.center().y(), m_plot.right() - from - 16, m_plot.height() / 2 - 8); // below most lines and their names
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text3));
    if (box.width() > painter.fontMetrics().horizontalAdvance(tr("extrapolated")) + 4)
        painter.drawText(box, Qt::AlignLeft | Qt::AlignBottom | Qt::TextWordWrap, text);
}

void RuleLine::paintAxes(QPainter& painter) {
    const Theme& theme = Theme::instance();
    painter.setFont(theme.font(TextStyle::Axis));
    const QFontMetrics metrics(theme.font(TextStyle::Axis));
    const qint64 stepN = paint::tickStep(m_mostN, m_plot.width(), kTickPx), stepS = paint::tickStep(m_mostSpan, m_plot.height(), 44);
    for (qint64 n = 0; double(n) <= m_mostN; n += stepN) {
        paint::hairline(painter, {x(double(n)), m_plot.top()}, {x(double(n)), m_plot.bottom()}, Role::Grid);
        painter.setPen(theme.color(Role::Text3));
        painter.drawText(QRectF(x(double(n)) - 40, m_plot.bottom() + 4, 80, metrics.height()), Qt::AlignCenter, paint::axisTokens(n));
    }
    for (qint64 s = 0; double(s) <= m_mostSpan; s += stepS) {
        paint::hairline(painter, {m_plot.left(), y(double(s))}, {m_plot.right(), y(double(s))}, Role::Grid);
        painter.setPen(theme.color(Role::Text3));
        painter.drawText(QRectF(0, y(double(s)) - metrics.height() / 2.0, m_plot.left() - 10, metrics.height()), Qt::AlignRight | Qt::AlignVCenter,
                         paint::axisTokens(s));
    }
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(QRectF(m_plot.left(), m_plot.bottom() + 6 + metrics.height(), m_plot.width(), metrics.height()), Qt::AlignCenter,
                     tr("Input length N"));
    painter.save();
    painter.translate(kRim + 1, m_plot.center().y());
    painter.rotate(-90);
    painter.drawText(QRectF(-m_plot.height() / 2, 0, m_plot.height(), metrics.height()), Qt::AlignCenter, tr("Span S, tokens"));
    painter.restore();
}

void RuleLine::paintLengths(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QFontMetrics metrics(theme.font(TextStyle::Chip));
    painter.setFont(theme.font(TextStyle::Chip));
    const auto chip = [&](double at, const QString& text, const QColor& fill, const QColor& ink) {
        const double width = metrics.horizontalAdvance(text) + 12;
        QRectF box(at - width / 2, kRim, width, metrics.height() + 4);
        box.moveLeft(std::clamp(box.left(), 0.0, this->width() - width));
        painter.setPen(Qt::NoPen);
        painter.setBrush(fill);
        painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
        painter.setPen(ink);
        painter.drawText(box, Qt::AlignCenter, text);
        return box;
    };
    const double atN = x(double(m_scene.n));
    paint::hairline(painter, {atN, m_plot.top() - 4}, {atN, m_plot.bottom()}, Role::Text);
    const QRectF taken = chip(atN, tr("N %1").arg(paint::axisTokens(m_scene.n)), theme.color(Role::Text), theme.color(Role::Surface));
    double right = -1;
    for (const std::int64_t length : m_scene.profiled) {
        const double at = x(double(length)), half = metrics.horizontalAdvance(paint::axisTokens(length)) / 2.0 + 8;
        if (length != m_scene.n) paint::hairline(painter, {at, m_plot.top()}, {at, m_plot.bottom()}, Role::Strong, Qt::DashLine);
        if (at - half < right || (at + half > taken.left() && at - half < taken.right())) continue;
        right = chip(at, paint::axisTokens(length), theme.color(Role::Sunken), theme.color(Role::Text2)).right() + 2;
    }
}

void RuleLine::paintOthers(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QFontMetrics metrics(theme.font(TextStyle::Axis));
    painter.setFont(theme.font(TextStyle::Axis));
    std::vector<QRectF> taken;
    const auto label = [&](const QString& text, double n, const Rule& rule, Role role) {
        QRectF box(0, 0, metrics.horizontalAdvance(text) + 4, metrics.height());
        box.moveBottomRight({std::min(x(n), m_plot.right() - 4), y(held(rule, n)) - 3});
        if (box.left() < m_plot.left()) box.moveTopLeft({x(n) + 8, y(held(rule, n)) + 3}); // beside a steep line near the axis
        if (box.top() < m_plot.top() || std::ranges::any_of(taken, [&](const QRectF& other) { return other.intersects(box); })) return;
        taken.push_back(box);
        painter.setPen(theme.color(role));
        painter.drawText(box, Qt::AlignCenter, text);
    };
    const Rule dense{0, 1};
    painter.setPen(QPen(theme.color(Role::Strong), 1.5, Qt::DashLine));
    painter.drawPolyline(curve(dense, 0, m_mostN));
    label(tr("dense, S = N"), double(m_scene.n) * 0.62, dense, Role::Text2);
    for (const Other& other : m_scene.layer) {
        painter.setPen(QPen(theme.color(Role::Neutral), 1.2));
        painter.drawPolyline(curve(other.rule, 0, m_mostN));
        label(other.label, m_mostN * 0.985, other.rule, Role::Text3);
    }
    if (!m_scene.compared) return;
    painter.setPen(QPen(theme.color(Role::Accent), 1.8, Qt::DashLine));
    painter.drawPolyline(curve(m_scene.compared->rule, 0, m_mostN));
    label(m_scene.compared->label, double(m_scene.n) * 0.9, m_scene.compared->rule, Role::Accent);
}

void RuleLine::paintRule(QPainter& painter) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setClipRect(m_plot.adjusted(-1, -1, 1, 1));
    // What the rule says where a clamp holds it back.
    QPen raw(theme.color(Role::Sparse), 1, Qt::DotLine);
    painter.setPen(raw);
    painter.drawLine(QPointF(x(0), y(m_scene.rule.alpha)), QPointF(x(m_mostN), y(m_scene.rule.alpha + m_scene.rule.beta * m_mostN)));
    const double known = m_scene.profiled.empty() ? m_mostN : std::min(double(lastProfiled()), m_mostN);
    painter.setPen(QPen(theme.color(Role::Sparse), 2.5));
    painter.drawPolyline(curve(m_scene.rule, 0, known));
    if (known < m_mostN) {
        painter.setPen(QPen(theme.color(Role::Sparse), 2, Qt::DashLine));
        painter.drawPolyline(curve(m_scene.rule, known, m_mostN));
    }
    painter.restore();
    painter.setPen(QPen(theme.color(Role::Sparse), 1.5));
    painter.setBrush(theme.color(Role::Surface));
    for (const std::int64_t length : m_scene.profiled)
        painter.drawEllipse(QPointF(x(double(length)), y(held(m_scene.rule, double(length)))), kDot, kDot);
}

void RuleLine::paintHandle(QPainter& painter, Part part) {
    const Theme& theme = Theme::instance();
    QPointF at = handleAt(part);
    if (m_shakes > 0) at += QPointF(m_shakes % 2 ? 4 : -4, 0);
    const bool isActive = hasFocus() && m_active == part;
    if (isActive) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(theme.color(Role::Accent), 2));
        painter.drawEllipse(at, kHandle + 3, kHandle + 3);
    }
    painter.setPen(QPen(theme.color(Role::Surface), 1.5));
    painter.setBrush(theme.color(m_scene.pinned ? Role::Pinned : Role::Sparse));
    painter.drawEllipse(at, kHandle, kHandle);
    const bool used = part == Part::Alpha ? m_alphaUsed : m_betaUsed;
    if (m_scene.pinned || (used && m_hovered != part && m_dragging != part)) return;
    const QString text = part == Part::Alpha ? tr("drag for α") : tr("drag for β");
    const QFontMetrics metrics(theme.font(TextStyle::Chip));
    QRectF box(0, 0, metrics.horizontalAdvance(text) + 16, metrics.height() + 6);
    box.moveBottomLeft(at + QPointF(10, -8));
    if (box.right() > width() - kRim) box.moveRight(at.x() - 10);
    if (box.top() < m_plot.top()) box.moveTop(at.y() + 8);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::Sparse));
    painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
    painter.setFont(theme.font(TextStyle::Chip));
    painter.setPen(theme.color(Role::Surface));
    painter.drawText(box, Qt::AlignCenter, text);
}

} // namespace moa
