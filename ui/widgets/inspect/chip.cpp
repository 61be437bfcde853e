// Painting of a chip.
#include "ui/widgets/inspect/chip.h"

#include <QPainter>

namespace moa {

Chip::Chip(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    hide();
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void Chip::setText(const QString& text, Role ink, Role soft) {
    m_text = text;
    m_ink = ink;
    m_soft = soft;
    setAccessibleName(text);
    setVisible(!text.isEmpty());
    updateGeometry();
    update();
}

QSize Chip::sizeHint() const {
    const QFontMetrics metrics(Theme::instance().font(TextStyle::Chip));
    return {metrics.horizontalAdvance(m_text) + 16, metrics.height() + 6};
}

void Chip::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(m_soft));
    painter.drawRoundedRect(rect(), metrics::kChipRadius, metrics::kChipRadius);
    painter.setFont(theme.font(TextStyle::Chip));
    painter.setPen(theme.color(m_ink));
    painter.drawText(rect(), Qt::AlignCenter, m_text);
}

} // namespace moa
