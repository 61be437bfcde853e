// Scale from what the lines hold.
#include "ui/widgets/search/solve_trace.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QLocale>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace moa {

SolveTrace::SolveTrace(QWidget* parent) : QWidget(parent) {
    setProperty("accessibleRole", int(QAccessible::Chart));
    setAccessibleName(tr("Best plan against proven bound"));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void SolveTrace::setMoments(std::vector<Moment> moments) {
    if (moments == m_moments) return;
    m_moments = std::move(moments);
    if (!m_moments.empty())
        setAccessibleName(tr("Best plan %1, proven bound %2, after %3 s")
                              .arg(QLocale().toString(m_moments.back().plan, 'g', 4), QLocale().toString(m_moments.back().bound, 'g', 4),
                                   QLocale().toString(m_moments.back().seconds, 'f', 2)));
    update();
}

void SolveTrace::paintEvent(QPaintEvent*) {
    if (m_moments.empty()) return;
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    double low = m_moments.back().plan, high = m_moments.front().plan;
    for (const Moment& m : m_moments) {
        low = std::min(low, std::max(m.bound, 0.0));
        high = std::max(high, m.plan);
    }
    const double room = std::max(high - low, high * 1e-3) * 0.1;
    low = std::max(low - room, 0.0);
    high += room;
    const double span = std::max(high - low, 1e-12), last = std::max(m_moments.back().seconds, 1e-3);
    const int decimals = std::clamp(1 - int(std::floor(std::log10(span))), 2, 10);
    const QString top = QLocale().toString(high, 'f', decimals), bottom = QLocale().toString(low, 'f', decimals);
    const int line = QFontMetrics(theme.font(TextStyle::Axis)).height();
    const double left = std::max(textWidth(top, TextStyle::Axis), textWidth(bottom, TextStyle::Axis)) + 6;
    const QRectF area(left, line / 2.0, width() - left - 4, height() - 1.5 * line - 5);
    for (const double y : {area.top(), area.center().y(), area.bottom()})
        paint::hairline(painter, {area.left(), y}, {area.right(), y}, Role::Grid);
    drawText(painter, QRectF(0, area.top() - line / 2.0, left - 6, line), top, TextStyle::Axis, Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
    drawText(painter, QRectF(0, area.bottom() - line / 2.0, left - 6, line), bottom, TextStyle::Axis, Role::Text3,
             Qt::AlignRight | Qt::AlignVCenter);
    drawText(painter, QRectF(area.left(), area.bottom() + 3, 60, line), tr("0 s"), TextStyle::Axis, Role::Text3);
    const QString end = last < 1 ? tr("%1 ms").arg(std::lround(last * 1000)) : tr("%1 s").arg(QLocale().toString(last, 'f', 1));
    drawText(painter, QRectF(area.right() - 80, area.bottom() + 3, 80, line), end, TextStyle::Axis, Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
    const auto draw = [&](double Moment::*value, Role role) {
        QPainterPath path;
        bool begun = false;
        for (const Moment& m : m_moments) {
            const double x = area.left() + m.seconds / last * area.width();
            const double y = area.bottom() - (std::max(m.*value, low) - low) / span * area.height();
            if (begun) path.lineTo(x, path.currentPosition().y());
            begun ? path.lineTo(x, y) : path.moveTo(area.left(), y);
            if (!begun) path.lineTo(x, y);
            begun = true;
        }
        painter.setPen(QPen(theme.color(role), 1.8));
        painter.setBrush(Qt::NoBrush);
        painter.drawPath(path);
    };
    draw(&Moment::bound, Role::Accent);
    draw(&Moment::plan, Role::Sparse);
}

} // namespace moa
