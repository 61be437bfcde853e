// Every action of the program, once: id, menu, key, icon and, while it is disabled, why. Menus, tooltips, the
// command palette and the key sheet all read from here. Non-goal: doing anything itself.
#pragma once

#include <QAction>
#include <QHash>
#include <QKeySequence>
#include <QObject>
#include <QPointer>
#include <QString>

#include <functional>
#include <vector>

class QMenu;
class QMenuBar;

namespace moa {

/// The menus of the menu bar, in their order.
enum class MenuId { File, Edit, View, Model, Run, Window, Help, Count };

/// Global: the key works everywhere. Canvas: a letter that the focused canvas handles; it is shown, not
/// installed.
enum class ActionScope { Global, Canvas };

struct ActionSpec {
    QString id;   ///< "model.open"; unique
    QString text; ///< "&Open model…", translated
    MenuId menu = MenuId::File;
    QKeySequence shortcut = {};
    QString icon = {}; ///< of resources/icons; empty: none
    ActionScope scope = ActionScope::Global;
    int group = 0;        ///< a change of group draws a separator in the menu
    QString detail = {};  ///< one sentence for the tooltip; empty: the text alone
    QString submenu = {}; ///< translated title of a submenu; empty: in the menu itself
    bool checkable = false;
};

/// A key that is no action: arrows, wheel, held keys. Only the key sheet shows it.
struct KeyHint {
    QString keys, text;
};

class ActionRegistry : public QObject {
    Q_OBJECT
public:
    explicit ActionRegistry(QObject* parent = nullptr) : QObject(parent) {}

    /// Makes the action. An id that is there already replaces nothing: the old action is returned.
    QAction* add(const ActionSpec& spec, std::function<void()> run = {});
    void addKeyHint(const KeyHint& hint);
    /// A submenu that is filled each time it opens (recent files, docks of the page).
    void addDynamicMenu(MenuId menu, const QString& title, std::function<void(QMenu*)> fill, int group = 0);

    /// nullptr: no such action.
    QAction* action(const QString& id) const;
    const ActionSpec* spec(const QString& id) const;
    /// `reason` says what is missing, e.g. "Needs a model."; shown while disabled.
    void setEnabled(const QString& id, bool enabled, const QString& reason = {});
    QString reason(const QString& id) const;

    const std::vector<ActionSpec>& specs() const { return m_specs; }
    const std::vector<KeyHint>& keyHints() const { return m_hints; }
    /// Text without mnemonic marks: "Open model…".
    static QString plainText(const ActionSpec& spec);
    /// Key as the user reads it, "Ctrl+O"; empty: none.
    static QString keyText(const ActionSpec& spec);

    /// Menus File … Help; one without entries is left out. Kept up to date when actions are added later.
    void buildMenus(QMenuBar* bar);
    static QString menuTitle(MenuId menu);

signals:
    /// An action was added, enabled or disabled.
    void changed();

private:
    struct DynamicMenu {
        MenuId menu;
        QString title;
        std::function<void(QMenu*)> fill;
        int group;
    };
    void describe(const ActionSpec& spec);
    void fillMenu(MenuId menu, QMenu* target);
    void refreshIcons();

    std::vector<ActionSpec> m_specs;
    std::vector<KeyHint> m_hints;
    std::vector<DynamicMenu> m_dynamic;
    QHash<QString, QAction*> m_actions;
    QHash<QString, QString> m_reasons;
    QPointer<QMenuBar> m_bar;
    bool m_themed = false, m_rebuildPosted = false;
};

} // namespace moa
