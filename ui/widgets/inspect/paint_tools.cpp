// Shared strokes and number texts.
#include "ui/widgets/inspect/paint_tools.h"

#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace moa::paint {
namespace {

QString withTrueMinus(QString text) {
    return text.replace(QLatin1Char('-'), QChar(0x2212));
}

} // namespace

void focusRing(QPainter& painter, const QRectF& rect, double radius) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(Theme::instance().color(Role::Accent), 2));
    painter.drawRoundedRect(rect.adjusted(2, 2, -2, -2), radius, radius);
    painter.restore();
}

void selectionOutline(QPainter& painter, const QRectF& rect) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.color(Role::Surface), 6));
    painter.drawRoundedRect(rect, metrics::kCellRadius, metrics::kCellRadius);
    painter.setPen(QPen(theme.color(Role::Text), 2));
    painter.drawRoundedRect(rect, metrics::kCellRadius, metrics::kCellRadius);
    painter.restore();
}

void labelBox(QPainter& painter, const QRectF& rect, Role edge, double radius) {
    const Theme& theme = Theme::instance();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(theme.color(Role::Raised));
    painter.setPen(QPen(theme.color(edge), 1));
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
    painter.restore();
}

void hairline(QPainter& painter, QPointF from, QPointF to, Role role, Qt::PenStyle style) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, false);
    QPen pen(Theme::instance().color(role), 1, style);
    painter.setPen(pen);
    painter.drawLine(QPointF(std::floor(from.x()) + 0.5, std::floor(from.y()) + 0.5),
                     QPointF(std::floor(to.x()) + 0.5, std::floor(to.y()) + 0.5));
    painter.restore();
}

QString count(qint64 value) {
    return withTrueMinus(QLocale().toString(value));
}

QString axisTokens(qint64 tokens) {
    if (std::abs(tokens) < 1024) return count(tokens);
    const double k = double(tokens) / 1024;
    return QLocale().toString(k, 'f', k == std::floor(k) ? 0 : 1) + QLatin1Char('k');
}

QString weight(double value) {
    if (!(value > 0)) return QStringLiteral("0");
    const int decimals = std::clamp(2 - int(std::floor(std::log10(value))), 2, 9);
    return QLocale().toString(value, 'f', decimals);
}

QString scaleEnd(double value) {
    QString text = weight(QString::number(value, 'g', 2).toDouble());
    const QString point = QLocale().decimalPoint();
    if (!text.contains(point)) return text;
    while (text.endsWith(QLatin1Char('0'))) text.chop(1);
    if (text.endsWith(point)) text.chop(point.size());
    return text;
}

QString signedNumber(double value, int decimals) {
    const QString text = number(value, decimals);
    const bool zero = text == number(0, decimals) || text == QChar(0x2212) + number(0, decimals);
    if (zero) return number(0, decimals);
    return value > 0 ? QLatin1Char('+') + text : text;
}

QString number(double value, int decimals) {
    return withTrueMinus(QLocale().toString(value, 'f', decimals));
}

qint64 tickStep(double shown, double px, double minPx) {
    if (!(shown > 0) || !(px > 0)) return 1;
    const double least = shown * minPx / px;
    qint64 step = 1;
    while (double(step) < least) step *= 2;
    return step;
}

} // namespace moa::paint
