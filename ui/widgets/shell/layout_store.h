// Window geometry, layouts of pages and recent files in a QSettings given from outside. A settings file that
// is broken, read-only or absent means defaults: nothing here fails.
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <functional>

class QMenu;
class QSettings;
class QWidget;

namespace moa {

class LayoutStore {
public:
    /// Not owned; nullptr: nothing is kept.
    explicit LayoutStore(QSettings* settings) : m_settings(settings) {}

    void saveGeometry(const QWidget* window);
    /// False: none was kept, or it was damaged; the window is as it was.
    bool restoreGeometry(QWidget* window) const;
    void savePage(const QString& pageId, const QByteArray& layout);
    QByteArray page(const QString& pageId) const;
    void setLastPage(const QString& pageId);
    QString lastPage() const;

private:
    QByteArray bytes(const QString& key) const;

    QSettings* m_settings;
};

/// The last files of one kind ("models", "plans"), newest first.
class RecentFiles {
public:
    RecentFiles(QSettings* settings, const QString& kind, int most = 10);

    void add(const QString& path);
    void remove(const QString& path);
    void clear();
    /// Those that are kept, there or not: a file on an unmounted disk stays in the list.
    QStringList list() const;
    /// One entry a file, named by file name with the whole path as tooltip, then "Clear list".
    /// Files that are not there now are disabled.
    void fillMenu(QMenu* menu, std::function<void(const QString&)> open);

private:
    void write(const QStringList& files);

    QSettings* m_settings;
    QString m_key;
    int m_most;
    QStringList m_unkept; ///< stands in where there are no settings
};

} // namespace moa
