// Drawing of the chip.
#include "ui/widgets/shell/chip.h"

#include "ui/widgets/shell/painting.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kSide = 8, kIcon = 12;

struct Tone {
    Role text, fill;
};

Tone rolesOf(ChipTone tone) {
    switch (tone) {
    case ChipTone::Plain:
        return {Role::Text2, Role::Sunken};
    case ChipTone::Accent:
        return {Role::Accent, Role::AccentSoft};
    case ChipTone::Dense:
        return {Role::Dense, Role::DenseSoft};
    case ChipTone::Sparse:
        return {Role::Sparse, Role::SparseSoft};
    case ChipTone::Pinned:
        return {Role::Pinned, Role::PinnedSoft};
    case ChipTone::Influence:
        return {Role::Influence, Role::InfluenceSoft};
    case ChipTone::Ok:
        return {Role::Ok, Role::OkSoft};
    case ChipTone::Warn:
        return {Role::Warn, Role::WarnSoft};
    case ChipTone::Error:
        return {Role::Error, Role::ErrorSoft};
    }
    return {Role::Text2, Role::Sunken};
}

int heightOf() {
    return std::max(20, QFontMetrics(Theme::instance().font(TextStyle::Chip)).height() + 4);
}

void paintBox(QPainter& painter, const QRectF& box, const Tone& tone) {
    const Theme& theme = Theme::instance();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.isHighContrast() ? QPen(theme.color(tone.text)) : Qt::NoPen);
    painter.setBrush(theme.color(tone.fill));
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), metrics::kChipRadius, metrics::kChipRadius);
}

} // namespace

qreal paintChip(QPainter& painter, const QPointF& left, const QString& text, ChipTone tone) {
    const Tone roles = rolesOf(tone);
    const int height = heightOf() - 4;
    const QRectF box(left.x(), left.y() - height / 2.0, 2 * kSide + textWidth(text, TextStyle::Chip), height);
    painter.save();
    paintBox(painter, box, roles);
    drawText(painter, box, text, TextStyle::Chip, roles.text, Qt::AlignCenter);
    painter.restore();
    return box.width();
}

qreal paintStaleChip(QPainter& painter, const QPointF& left) {
    return paintChip(painter, left, Chip::tr("stale"), ChipTone::Warn);
}

Chip::Chip(const QString& text, ChipTone tone, QWidget* parent) : QWidget(parent), m_tone(tone) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setText(text);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void Chip::setText(const QString& text) {
    m_text = text;
    setAccessibleName(text);
    updateGeometry();
    update();
}

void Chip::setTone(ChipTone tone) {
    m_tone = tone;
    update();
}

void Chip::setIcon(const QString& name) {
    m_icon = name;
    updateGeometry();
    update();
}

QSize Chip::sizeHint() const {
    const int icon = m_icon.isEmpty() ? 0 : kIcon + 4;
    return {2 * kSide + icon + textWidth(m_text, TextStyle::Chip), heightOf()};
}

void Chip::paintEvent(QPaintEvent*) {
    const Tone tone = rolesOf(m_tone);
    QPainter painter(this);
    paintBox(painter, QRectF(rect()), tone);
    qreal x = kSide;
    if (!m_icon.isEmpty()) {
        drawIcon(painter, m_icon, tone.text, {x + kIcon / 2.0, height() / 2.0}, kIcon);
        x += kIcon + 4;
    }
    drawText(painter, {x, 0, width() - x, qreal(height())}, m_text, TextStyle::Chip, tone.text);
}

} // namespace moa
