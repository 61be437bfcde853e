// Drawing of the drop overlay.
#include "ui/widgets/shell/drop_overlay.h"

#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <algorithm>

namespace moa {

DropOverlay::DropOverlay(QWidget* window) : QWidget(window) {
    setAttribute(Qt::WA_TransparentForMouseEvents); // drag events go on to the window
    hide();
}

void DropOverlay::showFor(const QString& what) {
    m_text = what;
    setAccessibleName(what);
    setGeometry(parentWidget()->rect());
    raise();
    show();
    update();
}

void DropOverlay::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor veil = theme.color(Role::Window);
    veil.setAlphaF(0.72f);
    painter.fillRect(rect(), veil);
    painter.setPen(QPen(theme.color(Role::Accent), 3));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(8, 8, -8, -8), metrics::kPanelRadius,
                            metrics::kPanelRadius);
    const int wide = std::max(260, textWidth(m_text, TextStyle::Title) + 64);
    QRectF box(0, 0, wide, 120);
    box.moveCenter(QRectF(rect()).center());
    painter.setPen(QPen(theme.color(Role::Accent), 1));
    painter.setBrush(theme.color(Role::Raised));
    painter.drawRoundedRect(box, metrics::kPanelRadius, metrics::kPanelRadius);
    drawIcon(painter, QStringLiteral("download"), Role::Accent, {box.center().x(), box.top() + 42}, 36);
    drawText(painter, {box.left(), box.top() + 66, box.width(), 40}, m_text, TextStyle::Title, Role::Text,
             Qt::AlignCenter);
}

} // namespace moa
