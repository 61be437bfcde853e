// The real workbench with settings and exports in a folder of its own, and what a user does with its menus and dialogs.
#pragma once

#include "app/gui/user_hand.h"
#include "app/gui/workbench.h"

#include <QTemporaryDir>

#include <memory>

class QFileDialog;
class QMenu;

namespace moa {
class Panel;
}

namespace moa::test {

class ExportBench {
public:
    ExportBench();
    ~ExportBench();

    /// Closes the window as a user would and starts again with the same settings, or with a file that holds `settings`.
    void restart(const QByteArray& settings = {});
    Workbench& bench() { return *m_bench; }
    ShellWindow& window() { return m_bench->window(); }
    UserHand& hand() { return *m_hand; }
    QString path(const QString& name) const { return m_folder.filePath(name); }
    QString settingsFile() const { return path(QStringLiteral("settings.ini")); }

    bool wait(const std::function<bool()>& done, int ms = 30'000) { return m_hand->waitUntil(done, ms); }
    bool loadTiny();
    /// A sample prompt of `tokens`, all heads summarised.
    bool capture(int tokens);

    /// To the window, which is made the active one first, as a user's last click would.
    void key(Qt::Key key, Qt::KeyboardModifiers modifiers);
    Panel* panel(const QString& title);
    /// Clicks the panel's ⋯ and then the entries named, submenu first; false: there is no such entry.
    bool chooseInMenu(Panel& panel, const QStringList& texts);
    /// The same in a menu that is open.
    bool chooseIn(QMenu& menu, const QStringList& texts);
    QFileDialog* dialog();
    /// Pastes the file into the dialog and clicks Save; waits until it is written. False: it was not.
    bool saveAs(const QString& file);
    /// chooseInMenu() and saveAs() into this bench's folder; the path, empty: not written.
    QString exportTo(Panel& panel, const QStringList& texts, const QString& name);

    /// Saves the widget as <MOA_GRABS>/export-<name>.png; nothing without that variable.
    static void grab(QWidget& widget, const QString& name);

private:
    void start();

    QTemporaryDir m_folder;
    std::unique_ptr<Workbench> m_bench;
    std::unique_ptr<UserHand> m_hand;
};

} // namespace moa::test
