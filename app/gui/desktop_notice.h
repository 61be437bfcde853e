// A notice on the desktop, for when the window is not looked at; nothing where the platform has no place for one.
#pragma once

#include <QObject>
#include <QPointer>

class QSystemTrayIcon;

namespace moa {

class DesktopNotice : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    /// Whether the desktop shows notices now; it may begin to later.
    static bool isAvailable();
    void show(const QString& title, const QString& text);

signals:
    void clicked();

private:
    QPointer<QSystemTrayIcon> m_icon; ///< only while a notice is on show
};

} // namespace moa
