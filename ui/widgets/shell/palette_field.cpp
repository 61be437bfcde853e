// Drawing of the palette field.
#include "ui/widgets/shell/palette_field.h"

#include "ui/widgets/shell/painting.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>

namespace moa {

PaletteField::PaletteField(QWidget* parent) : QAbstractButton(parent) {
    setText(tr("Find an action, head, plan or run"));
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::TabFocus);
    setKey({});
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void PaletteField::setKey(const QString& key) {
    m_key = key;
    setAccessibleName(tr("Command palette"));
    setToolTip(key.isEmpty() ? text() : tr("%1 (%2)").arg(text(), key));
    update();
}

QSize PaletteField::sizeHint() const {
    return {420, std::max(26, QFontMetrics(Theme::instance().font(TextStyle::Table)).height() + 10)};
}

QSize PaletteField::minimumSizeHint() const {
    return {std::min(420, 60 + textWidth(text(), TextStyle::Table) + textWidth(m_key, TextStyle::Caption)),
            sizeHint().height()};
}

void PaletteField::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.color(Role::Border));
    painter.setBrush(theme.color(underMouse() ? Role::Hover : Role::Window));
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.drawRoundedRect(box, metrics::kControlRadius, metrics::kControlRadius);
    drawIcon(painter, QStringLiteral("magnifier"), Role::Text2, {16, height() / 2.0}, 14);
    drawText(painter, box.adjusted(29, 0, 0, 0), text(), TextStyle::Table, Role::Text2);
    drawText(painter, box.adjusted(0, 0, -10, 0), m_key, TextStyle::Caption, Role::Text2,
             Qt::AlignRight | Qt::AlignVCenter);
    if (hasFocus()) drawFocusRing(painter, box.adjusted(2, 2, -2, -2), metrics::kControlRadius - 2);
}

} // namespace moa
