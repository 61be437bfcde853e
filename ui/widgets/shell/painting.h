// Drawing that the shell's own widgets share: focus ring, icons, text, popover boxes,
// keys, labels by role.
#pragma once

#include "ui/widgets/theme.h"

#include <QRectF>
#include <QString>

class QLabel;
class QPainter;

namespace moa {

/// 2 px of accent around `around`, 1 px away from it; stays inside the widget if `around` leaves 3 px.
void drawFocusRing(QPainter& painter, const QRectF& around, qreal radius = metrics::kControlRadius);

/// A line icon of resources/icons, `size` px square, its centre at `centre`.
void drawIcon(QPainter& painter, const QString& name, Role role, const QPointF& centre, int size);

/// Text on one line, left aligned and centred vertically in `box`; returns its width. Nothing elides.
qreal drawText(QPainter& painter, const QRectF& box, const QString& text, TextStyle style, Role role,
               Qt::Alignment align = Qt::AlignLeft | Qt::AlignVCenter);

/// Width of a text in a style, in px, rounded up.
int textWidth(const QString& text, TextStyle style);

inline constexpr int kShadow = 14; ///< px that a popover's shadow takes around it

/// A raised box with the edge and shadow of popovers (palette, notices); `box` lies kShadow inside the
/// widget.
void drawPopover(QPainter& painter, const QRectF& box);

/// A key as a small outlined box, right aligned at `right`; returns its width.
qreal drawKey(QPainter& painter, const QPointF& rightCentre, const QString& key);

/// Font and colour of a label. Call it before the label is first made visible (a style sheet forgets fonts
/// that are set between two polishes), and again after Theme::changed.
void styleLabel(QLabel* label, TextStyle style, Role role);

} // namespace moa
