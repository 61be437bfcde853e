// Events by way of the window's handle, so that Qt finds the widget under the pointer itself.
#include "app/gui/user_hand.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QThread>
#include <QWheelEvent>
#include <QWidget>
#include <QWindow>

namespace moa {

UserHand::UserHand(QWidget& window) : m_window(window) {
    m_since.start();
    connect(&m_pulse, &QTimer::timeout, this, [this] {
        m_longest = std::max(m_longest, m_since.nsecsElapsed());
        m_since.restart();
    });
    m_pulse.start(10);
}

void UserHand::send(QEvent::Type type, QWidget* target, QPoint at, Qt::MouseButton button, Qt::MouseButtons buttons,
                    Qt::KeyboardModifiers modifiers) {
    QWindow* handle = target->window()->windowHandle();
    if (handle == nullptr) return;
    const QPoint inWindow = target->mapTo(target->window(), at);
    QMouseEvent event(type, inWindow, handle->mapToGlobal(inWindow), button, buttons, modifiers);
    QApplication::sendEvent(handle, &event);
}

void UserHand::press(QWidget* target, QPoint at, Qt::MouseButton button) {
    send(QEvent::MouseMove, target, at, Qt::NoButton, Qt::NoButton, Qt::NoModifier);
    send(QEvent::MouseButtonPress, target, at, button, button, Qt::NoModifier);
}

void UserHand::move(QWidget* target, QPoint at, Qt::MouseButtons held, Qt::KeyboardModifiers modifiers) {
    send(QEvent::MouseMove, target, at, Qt::NoButton, held, modifiers);
}

void UserHand::release(QWidget* target, QPoint at, Qt::MouseButton button) {
    send(QEvent::MouseButtonRelease, target, at, button, Qt::NoButton, Qt::NoModifier);
}

void UserHand::click(QWidget* target, QPoint at, Qt::KeyboardModifiers modifiers) {
    send(QEvent::MouseMove, target, at, Qt::NoButton, Qt::NoButton, modifiers);
    send(QEvent::MouseButtonPress, target, at, Qt::LeftButton, Qt::LeftButton, modifiers);
    send(QEvent::MouseButtonRelease, target, at, Qt::LeftButton, Qt::NoButton, modifiers);
}

void UserHand::click(QWidget* target) {
    click(target, target->rect().center());
}

void UserHand::doubleClick(QWidget* target, QPoint at) {
    click(target, at);
    send(QEvent::MouseButtonDblClick, target, at, Qt::LeftButton, Qt::LeftButton, Qt::NoModifier);
    send(QEvent::MouseButtonRelease, target, at, Qt::LeftButton, Qt::NoButton, Qt::NoModifier);
}

void UserHand::wheel(QWidget* target, QPoint at, int steps, Qt::KeyboardModifiers modifiers) {
    QWindow* handle = target->window()->windowHandle();
    if (handle == nullptr) return;
    const QPoint inWindow = target->mapTo(target->window(), at);
    QWheelEvent event(inWindow, handle->mapToGlobal(inWindow), {}, {0, 120 * steps}, Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(handle, &event);
}

void UserHand::key(int key, Qt::KeyboardModifiers modifiers, const QString& text) {
    QWindow* handle = m_window.windowHandle();
    if (handle == nullptr) return;
    for (const QEvent::Type type : {QEvent::KeyPress, QEvent::KeyRelease}) {
        QKeyEvent event(type, key, modifiers, text);
        QApplication::sendEvent(handle, &event);
    }
}

void UserHand::type(const QString& text) {
    for (const QChar letter : text) key(letter.toUpper().unicode(), Qt::NoModifier, QString(letter));
}

bool UserHand::waitUntil(const std::function<bool()>& done, int milliseconds) {
    QElapsedTimer clock;
    clock.start();
    while (!done()) {
        if (clock.elapsed() > milliseconds) return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
        QThread::usleep(200);
    }
    return true;
}

void UserHand::settle(int milliseconds) {
    QElapsedTimer clock;
    clock.start();
    waitUntil([&] { return clock.elapsed() >= milliseconds; }, milliseconds + 1000);
}

} // namespace moa
