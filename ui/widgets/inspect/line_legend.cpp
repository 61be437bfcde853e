// Drawing of a legend's line and name.
#include "ui/widgets/inspect/line_legend.h"

#include <QFontMetrics>
#include <QPainter>

namespace moa {
namespace {

constexpr int kLine = 14, kGap = 5;

} // namespace

LineLegend::LineLegend(const QString& name, Role role, QWidget* parent) : QWidget(parent), m_name(name), m_role(role) {
    setAccessibleName(name);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

QSize LineLegend::sizeHint() const {
    const QFontMetrics metrics(Theme::instance().font(TextStyle::Caption));
    return {kLine + kGap + metrics.horizontalAdvance(m_name) + 1, metrics.height()};
}

void LineLegend::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setPen(QPen(theme.color(m_role), 2));
    painter.drawLine(0, height() / 2, kLine, height() / 2);
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(rect().adjusted(kLine + kGap, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, m_name);
}

} // namespace moa
