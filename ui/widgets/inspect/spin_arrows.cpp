// Placement, painting and clicks of the chevrons.
#include "ui/widgets/inspect/spin_arrows.h"

#include "ui/widgets/theme.h"

#include <QAbstractSpinBox>
#include <QMouseEvent>
#include <QPainter>

namespace moa {

SpinArrows::SpinArrows(QAbstractSpinBox* box) : QWidget(box), m_box(box) {
    box->setButtonSymbols(QAbstractSpinBox::NoButtons);
    box->installEventFilter(this);
    setCursor(Qt::ArrowCursor);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

bool SpinArrows::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize || event->type() == QEvent::Show) {
        setGeometry(m_box->width() - kWidth - 3, 2, kWidth, m_box->height() - 4);
        raise();
    }
    if (event->type() == QEvent::EnabledChange) update();
    return QWidget::eventFilter(watched, event);
}

void SpinArrows::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(m_box->isEnabled() ? Role::Text2 : Role::Neutral), 1.4, Qt::SolidLine,
                        Qt::RoundCap, Qt::RoundJoin));
    const double x = width() / 2.0, quarter = height() / 4.0;
    painter.drawPolyline(QPolygonF({{x - 3, quarter + 2.5}, {x, quarter - 0.5}, {x + 3, quarter + 2.5}}));
    painter.drawPolyline(
        QPolygonF({{x - 3, 3 * quarter - 2.5}, {x, 3 * quarter + 0.5}, {x + 3, 3 * quarter - 2.5}}));
}

void SpinArrows::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    m_box->setFocus(Qt::MouseFocusReason);
    m_box->stepBy(event->position().y() < height() / 2.0 ? 1 : -1);
}

} // namespace moa
