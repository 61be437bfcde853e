// By way of a tray icon that is there as long as its message.
#include "app/gui/desktop_notice.h"

#include "ui/widgets/theme.h"

#include <QSystemTrayIcon>
#include <QTimer>

namespace moa {
namespace {

constexpr int kShownMs = 10'000;

} // namespace

bool DesktopNotice::isAvailable() {
    return QSystemTrayIcon::isSystemTrayAvailable() && QSystemTrayIcon::supportsMessages();
}

void DesktopNotice::show(const QString& title, const QString& text) {
    if (!isAvailable()) return;
    delete m_icon;
    m_icon = new QSystemTrayIcon(Theme::instance().icon(QStringLiteral("bell"), Role::Accent), this);
    connect(m_icon, &QSystemTrayIcon::messageClicked, this, &DesktopNotice::clicked);
    QTimer::singleShot(kShownMs, m_icon, &QObject::deleteLater);
    m_icon->show();
    m_icon->showMessage(title, text, QSystemTrayIcon::Information, kShownMs);
}

} // namespace moa
