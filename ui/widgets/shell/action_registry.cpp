// Actions, their tooltips and the menus made of them.
#include "ui/widgets/shell/action_registry.h"

#include "ui/widgets/theme.h"

#include <QMenu>
#include <QMenuBar>

#include <algorithm>
#include <climits>

namespace moa {

QAction* ActionRegistry::add(const ActionSpec& spec, std::function<void()> run) {
    if (QAction* there = action(spec.id)) return there;
    auto* made = new QAction(this);
    made->setObjectName(spec.id);
    made->setCheckable(spec.checkable);
    made->setToolTip({});
    if (spec.scope == ActionScope::Global) {
        made->setText(spec.text);
        made->setShortcut(spec.shortcut);
        made->setShortcutContext(Qt::WindowShortcut);
    } else {
        // The part after the tab is drawn in the key column of a menu without being a shortcut.
        made->setText(spec.shortcut.isEmpty() ? spec.text : spec.text + QLatin1Char('\t') + keyText(spec));
    }
    made->setMenuRole(QAction::NoRole); // no platform moves it to another menu
    if (run) connect(made, &QAction::triggered, this, [run = std::move(run)] { run(); });
    m_actions.insert(spec.id, made);
    m_specs.push_back(spec);
    describe(spec);
    if (!m_themed) {
        m_themed = true;
        connect(&Theme::instance(), &Theme::changed, this, &ActionRegistry::refreshIcons);
    }
    if (!spec.icon.isEmpty()) made->setIcon(Theme::instance().icon(spec.icon));
    if (m_bar) buildMenus(m_bar);
    emit changed();
    return made;
}

void ActionRegistry::addKeyHint(const KeyHint& hint) {
    m_hints.push_back(hint);
}

void ActionRegistry::addDynamicMenu(MenuId menu, const QString& title, std::function<void(QMenu*)> fill,
                                    int group) {
    m_dynamic.push_back({menu, title, std::move(fill), group});
    if (m_bar) buildMenus(m_bar);
}

QAction* ActionRegistry::action(const QString& id) const {
    return m_actions.value(id, nullptr);
}

const ActionSpec* ActionRegistry::spec(const QString& id) const {
    const auto it =
        std::find_if(m_specs.begin(), m_specs.end(), [&](const ActionSpec& s) { return s.id == id; });
    return it == m_specs.end() ? nullptr : &*it;
}

void ActionRegistry::setEnabled(const QString& id, bool enabled, const QString& reason) {
    QAction* target = action(id);
    if (!target) return;
    const QString why = enabled ? QString() : reason;
    if (target->isEnabled() == enabled && m_reasons.value(id) == why) return;
    target->setEnabled(enabled);
    m_reasons.insert(id, why);
    describe(*spec(id));
    emit changed();
}

QString ActionRegistry::reason(const QString& id) const {
    return m_reasons.value(id);
}

QString ActionRegistry::plainText(const ActionSpec& spec) {
    QString text = spec.text;
    text.replace(QLatin1String("&&"), QString(QChar(1)));
    text.remove(QLatin1Char('&'));
    return text.replace(QChar(1), QLatin1Char('&'));
}

QString ActionRegistry::keyText(const ActionSpec& spec) {
    return spec.shortcut.toString(QKeySequence::NativeText);
}

void ActionRegistry::describe(const ActionSpec& spec) {
    QString tip = plainText(spec);
    const QString key = keyText(spec);
    if (!key.isEmpty()) tip = tr("%1 (%2)").arg(tip, key);
    if (!spec.detail.isEmpty()) tip += QLatin1Char('\n') + spec.detail;
    const QString why = m_reasons.value(spec.id);
    if (!why.isEmpty()) tip += QLatin1Char('\n') + why;
    QAction* target = m_actions.value(spec.id);
    target->setToolTip(tip);
    target->setStatusTip(why.isEmpty() ? spec.detail : why);
}

QString ActionRegistry::menuTitle(MenuId menu) {
    switch (menu) {
    case MenuId::File:
        return tr("&File");
    case MenuId::Edit:
        return tr("&Edit");
    case MenuId::View:
        return tr("&View");
    case MenuId::Model:
        return tr("&Model");
    case MenuId::Run:
        return tr("&Run");
    case MenuId::Window:
        return tr("&Window");
    case MenuId::Help:
        return tr("&Help");
    case MenuId::Count:
        break;
    }
    return {};
}

void ActionRegistry::buildMenus(QMenuBar* bar) {
    m_bar = bar;
    // Several actions added in a row rebuild the bar once, when the event loop gets to it.
    if (m_rebuildPosted) return;
    m_rebuildPosted = true;
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_rebuildPosted = false;
            if (!m_bar) return;
            const auto old = m_bar->findChildren<QMenu*>(Qt::FindDirectChildrenOnly);
            m_bar->clear();
            for (QMenu* menu : old) menu->deleteLater();
            for (int i = 0; i < int(MenuId::Count); ++i) {
                auto* menu = new QMenu(menuTitle(MenuId(i)), m_bar);
                menu->setToolTipsVisible(true);
                fillMenu(MenuId(i), menu);
                if (menu->isEmpty())
                    delete menu;
                else
                    m_bar->addMenu(menu);
            }
        },
        Qt::QueuedConnection);
}

void ActionRegistry::fillMenu(MenuId id, QMenu* target) {
    std::vector<const ActionSpec*> in;
    for (const ActionSpec& s : m_specs)
        if (s.menu == id) in.push_back(&s);
    std::stable_sort(in.begin(), in.end(), [](const auto* a, const auto* b) { return a->group < b->group; });
    std::vector<const DynamicMenu*> dynamic;
    for (const DynamicMenu& d : m_dynamic)
        if (d.menu == id) dynamic.push_back(&d);
    std::stable_sort(dynamic.begin(), dynamic.end(),
                     [](const auto* a, const auto* b) { return a->group < b->group; });
    int group = 0;
    bool first = true;
    const auto enter = [&](int next) {
        if (!first && next != group) target->addSeparator();
        group = next;
        first = false;
    };
    auto nextDynamic = dynamic.begin();
    const auto addDynamicUpTo = [&](int limit) {
        for (; nextDynamic != dynamic.end() && (*nextDynamic)->group < limit; ++nextDynamic) {
            enter((*nextDynamic)->group);
            QMenu* sub = target->addMenu((*nextDynamic)->title);
            sub->setToolTipsVisible(true);
            connect(sub, &QMenu::aboutToShow, sub, [sub, fill = (*nextDynamic)->fill] {
                sub->clear();
                fill(sub);
            });
        }
    };
    QHash<QString, QMenu*> submenus;
    for (const ActionSpec* s : in) {
        addDynamicUpTo(s->group);
        enter(s->group);
        QMenu* where = target;
        if (!s->submenu.isEmpty()) {
            QMenu*& sub = submenus[s->submenu];
            if (!sub) sub = target->addMenu(s->submenu);
            where = sub;
        }
        where->addAction(m_actions.value(s->id));
    }
    addDynamicUpTo(INT_MAX);
}

void ActionRegistry::refreshIcons() {
    for (const ActionSpec& s : m_specs)
        if (!s.icon.isEmpty()) m_actions.value(s.id)->setIcon(Theme::instance().icon(s.icon));
}

} // namespace moa
