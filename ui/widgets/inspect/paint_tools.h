// What the canvases of the Inspect page draw alike: focus rings, selection outlines, chips of text, and how
// numbers read (digit groups by locale, true minus, k = 1,024 on axes).
#pragma once

#include "ui/widgets/theme.h"

#include <QRectF>
#include <QString>

class QPainter;

namespace moa::paint {

/// 2 px accent, 1 px inside `rect`.
void focusRing(QPainter& painter, const QRectF& rect, double radius = metrics::kCellRadius);
/// 2 px text with a 2 px surface casing around `rect`.
void selectionOutline(QPainter& painter, const QRectF& rect);
/// A rounded box with an edge, for labels on top of a canvas.
void labelBox(QPainter& painter, const QRectF& rect, Role edge, double radius = metrics::kChipRadius);
/// One-px line that stays crisp at any scale of the display.
void hairline(QPainter& painter, QPointF from, QPointF to, Role role, Qt::PenStyle style = Qt::SolidLine);

/// "32,448".
QString count(qint64 value);
/// "4k", "512", "1.5k": tokens on an axis.
QString axisTokens(qint64 tokens);
/// Three significant digits: "0.341", "0.00012", "0".
QString weight(double value);
/// The same without zeros at the end: "0.001", "0.6"; for the ends of a scale.
QString scaleEnd(double value);
/// "+0.0231", "−9.0": always a sign, a true minus.
QString signedNumber(double value, int decimals);
/// Any number with a true minus and grouped digits.
QString number(double value, int decimals);
/// Ticks for a token axis of `shown` tokens over `px`: a power of two of tokens, at least `minPx` apart.
qint64 tickStep(double shown, double px, double minPx);

} // namespace moa::paint
