// Reading and writing of layouts and recent files, tolerant of what a damaged settings file holds.
#include "ui/widgets/shell/layout_store.h"

#include <QAction>
#include <QFileInfo>
#include <QMenu>
#include <QObject>
#include <QSettings>
#include <QWidget>

namespace moa {
namespace {

constexpr qsizetype kMostBytes = 256 * 1024; ///< of one layout; a real one has a few hundred

} // namespace

QByteArray LayoutStore::bytes(const QString& key) const {
    if (!m_settings) return {};
    const QVariant value = m_settings->value(key);
    if (value.metaType().id() != QMetaType::QByteArray) return {};
    const QByteArray read = value.toByteArray();
    return read.size() <= kMostBytes ? read : QByteArray();
}

void LayoutStore::saveGeometry(const QWidget* window) {
    if (m_settings) m_settings->setValue(QStringLiteral("window/geometry"), window->saveGeometry());
}

bool LayoutStore::restoreGeometry(QWidget* window) const {
    const QByteArray kept = bytes(QStringLiteral("window/geometry"));
    return !kept.isEmpty() && window->restoreGeometry(kept);
}

void LayoutStore::savePage(const QString& pageId, const QByteArray& layout) {
    if (m_settings && !layout.isEmpty()) m_settings->setValue(QStringLiteral("layout/") + pageId, layout);
}

QByteArray LayoutStore::page(const QString& pageId) const {
    return bytes(QStringLiteral("layout/") + pageId);
}

void LayoutStore::setLastPage(const QString& pageId) {
    if (m_settings) m_settings->setValue(QStringLiteral("window/page"), pageId);
}

QString LayoutStore::lastPage() const {
    return m_settings ? m_settings->value(QStringLiteral("window/page")).toString() : QString();
}

RecentFiles::RecentFiles(QSettings* settings, const QString& kind, int most)
    : m_settings(settings), m_key(QStringLiteral("recent/") + kind), m_most(most) {}

QStringList RecentFiles::list() const {
    QStringList files = m_settings ? m_settings->value(m_key).toStringList() : m_unkept;
    files.removeAll(QString());
    files.removeDuplicates();
    return files.mid(0, m_most);
}

void RecentFiles::write(const QStringList& files) {
    if (m_settings)
        m_settings->setValue(m_key, files);
    else
        m_unkept = files;
}

void RecentFiles::add(const QString& path) {
    if (path.isEmpty()) return;
    const QString whole = QFileInfo(path).absoluteFilePath();
    QStringList files = list();
    files.removeAll(whole);
    files.prepend(whole);
    write(files.mid(0, m_most));
}

void RecentFiles::remove(const QString& path) {
    QStringList files = list();
    files.removeAll(QFileInfo(path).absoluteFilePath());
    write(files);
}

void RecentFiles::clear() {
    write({});
}

void RecentFiles::fillMenu(QMenu* menu, std::function<void(const QString&)> open) {
    const QStringList files = list();
    for (const QString& path : files) {
        QAction* entry =
            menu->addAction(QFileInfo(path).fileName().replace(QLatin1Char('&'), QLatin1String("&&")));
        entry->setToolTip(path);
        entry->setEnabled(QFileInfo::exists(path));
        QObject::connect(entry, &QAction::triggered, menu, [open, path] { open(path); });
    }
    if (files.isEmpty()) {
        menu->addAction(QObject::tr("None yet"))->setEnabled(false);
        return;
    }
    menu->addSeparator();
    QObject::connect(menu->addAction(QObject::tr("Clear list")), &QAction::triggered, menu,
                     [this] { clear(); });
}

} // namespace moa
