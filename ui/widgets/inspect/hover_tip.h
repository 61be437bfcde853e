// Tooltips of canvases: text for the cell under a resting pointer, after 400 ms and beside the cell, not on
// it.
#pragma once

#include <QObject>
#include <QPoint>
#include <QTimer>

#include <functional>

class QWidget;

namespace moa {

class HoverTip : public QObject {
    Q_OBJECT
public:
    static constexpr int kDelayMs = 400;
    /// `textAt` gives the text for a point of the widget, empty for none. The widget must track the mouse.
    HoverTip(QWidget* widget, std::function<QString(QPoint)> textAt);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void showTip();

    QWidget* m_widget;
    std::function<QString(QPoint)> m_textAt;
    QTimer m_timer;
    QPoint m_at;
};

} // namespace moa
