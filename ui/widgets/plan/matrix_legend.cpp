// One line; what has no room is left out from the right.
#include "ui/widgets/plan/matrix_legend.h"

#include "ui/widgets/shell/painting.h"

#include <QPainter>

namespace moa {
namespace {

constexpr int kRamp = 110, kRampHeight = 8, kGap = 8, kMark = 8;

} // namespace

MatrixLegend::MatrixLegend(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

QSize MatrixLegend::sizeHint() const {
    return {400, Theme::instance().rowHeight(TextStyle::Caption)};
}

void MatrixLegend::setRamp(Ramp ramp, const QString& low, const QString& high) {
    m_ramp = ramp;
    m_low = low;
    m_high = high;
    update();
}

void MatrixLegend::setCounts(int pinned, int edited) {
    if (pinned == m_pinned && edited == m_edited) return;
    m_pinned = pinned;
    m_edited = edited;
    setAccessibleName(tr("Pinned %1, edited %2").arg(pinned).arg(edited));
    update();
}

void MatrixLegend::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double middle = height() / 2.0;
    double left = 4;
    left += drawText(painter, QRectF(left, 0, 100, height()), m_low, TextStyle::Caption, Role::Text2) + kGap;
    for (int x = 0; x < kRamp; ++x)
        painter.fillRect(QRectF(left + x, middle - kRampHeight / 2.0, 1.5, kRampHeight),
                         QColor(theme.ramp(m_ramp)[std::size_t(x * (kMapColours - 1) / (kRamp - 1))]));
    left += kRamp + kGap;
    left += drawText(painter, QRectF(left, 0, 100, height()), m_high, TextStyle::Caption, Role::Text2) + 2 * kGap;
    const auto entry = [&](const QString& text, auto paintMark) {
        const double wide = kMark + 6 + textWidth(text, TextStyle::Caption);
        if (left + wide > width()) return;
        painter.save();
        paintMark(QPointF(left + kMark / 2.0, middle));
        painter.restore();
        drawText(painter, QRectF(left + kMark + 6, 0, wide, height()), text, TextStyle::Caption, Role::Text2);
        left += wide + 2 * kGap;
    };
    painter.setPen(Qt::NoPen);
    entry(tr("Pinned %1").arg(m_pinned), [&](QPointF at) {
        painter.setBrush(theme.color(Role::Pinned));
        painter.drawPolygon(QPolygonF{at + QPointF(-4, -4), at + QPointF(4, -4), at + QPointF(4, 4)});
    });
    entry(tr("Edited %1").arg(m_edited), [&](QPointF at) {
        painter.setBrush(theme.color(Role::Sparse));
        painter.drawEllipse(at, 4, 4);
    });
    entry(tr("Selected"), [&](QPointF at) {
        painter.setPen(QPen(theme.color(Role::Text), 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(at - QPointF(4, 4), QSizeF(9, 8)));
    });
}

} // namespace moa
