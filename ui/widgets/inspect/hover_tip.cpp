// Delay and placement of a canvas's tooltip.
#include "ui/widgets/inspect/hover_tip.h"

#include <QMouseEvent>
#include <QToolTip>
#include <QWidget>

namespace moa {

HoverTip::HoverTip(QWidget* widget, std::function<QString(QPoint)> textAt)
    : QObject(widget), m_widget(widget), m_textAt(std::move(textAt)) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(kDelayMs);
    connect(&m_timer, &QTimer::timeout, this, &HoverTip::showTip);
    widget->installEventFilter(this);
}

bool HoverTip::eventFilter(QObject* watched, QEvent* event) {
    switch (event->type()) {
    case QEvent::MouseMove:
        m_at = static_cast<QMouseEvent*>(event)->position().toPoint();
        QToolTip::hideText();
        if (static_cast<QMouseEvent*>(event)->buttons() == Qt::NoButton)
            m_timer.start();
        else
            m_timer.stop();
        break;
    case QEvent::Leave:
    case QEvent::MouseButtonPress:
    case QEvent::Wheel:
    case QEvent::KeyPress:
        m_timer.stop();
        QToolTip::hideText();
        break;
    case QEvent::ToolTip:
        return true; // ours comes sooner
    default:
        break;
    }
    return QObject::eventFilter(watched, event);
}

void HoverTip::showTip() {
    const QString text = m_textAt(m_at);
    if (!text.isEmpty()) QToolTip::showText(m_widget->mapToGlobal(m_at + QPoint(14, 18)), text, m_widget);
}

} // namespace moa
