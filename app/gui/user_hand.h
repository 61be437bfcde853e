// A user's hand for tours: mouse, wheel and keys sent to the window as the platform would send them, and waiting with
// a running event loop that notes how long the GUI thread was ever away.
#pragma once

#include <QElapsedTimer>
#include <QEvent>
#include <QObject>
#include <QPoint>
#include <QTimer>

#include <functional>

class QWidget;

namespace moa {

class UserHand : public QObject {
    Q_OBJECT
public:
    explicit UserHand(QWidget& window);

    void click(QWidget* target, QPoint at, Qt::KeyboardModifiers modifiers = Qt::NoModifier);
    void click(QWidget* target);
    void doubleClick(QWidget* target, QPoint at);
    void press(QWidget* target, QPoint at, Qt::MouseButton button = Qt::LeftButton);
    void move(QWidget* target, QPoint at, Qt::MouseButtons held = Qt::LeftButton,
              Qt::KeyboardModifiers modifiers = Qt::NoModifier);
    void release(QWidget* target, QPoint at, Qt::MouseButton button = Qt::LeftButton);
    /// `steps` of 120: a wheel's notch.
    void wheel(QWidget* target, QPoint at, int steps, Qt::KeyboardModifiers modifiers = Qt::NoModifier);
    void key(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier, const QString& text = {});
    void type(const QString& text);

    /// Runs the event loop until `done`; false after `milliseconds`.
    bool waitUntil(const std::function<bool()>& done, int milliseconds);
    void settle(int milliseconds = 150); ///< lets everything that is due be painted
    /// Milliseconds; of the event loop since the start.
    double longestStall() const { return double(m_longest) / 1e6; }

private:
    void send(QEvent::Type type, QWidget* target, QPoint at, Qt::MouseButton button, Qt::MouseButtons buttons,
              Qt::KeyboardModifiers modifiers);

    QWidget& m_window;
    QTimer m_pulse;
    QElapsedTimer m_since;
    qint64 m_longest = 0;
};

} // namespace moa
