// Drawing of the eliding label.
#include "ui/widgets/shell/eliding_label.h"

#include "ui/widgets/shell/painting.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>

namespace moa {

ElidingLabel::ElidingLabel(const QString& text, QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setText(text);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        updateToolTip();
        update();
    });
}

void ElidingLabel::setText(const QString& text) {
    m_text = text;
    setAccessibleName(text);
    updateGeometry();
    updateToolTip();
    update();
}

void ElidingLabel::setStyle(TextStyle style, Role role) {
    m_style = style;
    m_role = role;
    updateGeometry();
    updateToolTip();
    update();
}

bool ElidingLabel::isElided() const {
    return width() < textWidth(m_text, m_style);
}

QSize ElidingLabel::sizeHint() const {
    return {textWidth(m_text, m_style), QFontMetrics(Theme::instance().font(m_style)).height()};
}

QSize ElidingLabel::minimumSizeHint() const {
    const QSize full = sizeHint();
    return {std::min(full.width(), 48), full.height()};
}

void ElidingLabel::updateToolTip() {
    setToolTip(isElided() ? m_text : QString());
}

void ElidingLabel::resizeEvent(QResizeEvent*) {
    updateToolTip();
}

void ElidingLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const QFontMetrics metrics(Theme::instance().font(m_style));
    const QString shown = isElided() ? metrics.elidedText(m_text, Qt::ElideMiddle, width()) : m_text;
    drawText(painter, rect(), shown, m_style, isEnabled() ? m_role : Role::Text3);
}

} // namespace moa
