// The factory that gives own widgets their roles.
#include "ui/widgets/shell/accessible_roles.h"

#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/eliding_label.h"
#include "ui/widgets/shell/memory_bar.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/palette_field.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QAccessibleWidget>

namespace moa {
namespace {

/// A button that says what kind it is, whether it is current and whether it opens a menu, and can be pressed.
class AccessibleButton : public QAccessibleWidget {
public:
    AccessibleButton(QAbstractButton* button, QAccessible::Role role) : QAccessibleWidget(button, role) {}

    QAccessible::Role role() const override {
        // Asked each time: a rail button becomes checkable after its interface may have been made.
        const auto* rail = qobject_cast<const RailButton*>(button());
        return rail && rail->isCheckable() ? QAccessible::PageTab : QAccessibleWidget::role();
    }
    QAccessible::State state() const override {
        QAccessible::State state = QAccessibleWidget::state();
        state.selectable = button()->isCheckable();
        state.selected = button()->isChecked();
        state.hasPopup = role() == QAccessible::ButtonMenu;
        return state;
    }
    QStringList actionNames() const override {
        QStringList names = QAccessibleWidget::actionNames();
        if (button()->isEnabled()) names.prepend(pressAction());
        return names;
    }
    void doAction(const QString& name) override {
        if (name == pressAction())
            button()->click();
        else
            QAccessibleWidget::doAction(name);
    }

private:
    QAbstractButton* button() const { return static_cast<QAbstractButton*>(widget()); }
};

QAccessibleInterface* make(const QString&, QObject* object) {
    auto* widget = qobject_cast<QWidget*>(object);
    if (!widget) return nullptr;
    if (auto* rail = qobject_cast<RailButton*>(widget))
        return new AccessibleButton(rail, QAccessible::Button);
    if (auto* field = qobject_cast<ContextField*>(widget))
        return new AccessibleButton(field, QAccessible::ButtonMenu);
    if (auto* field = qobject_cast<PaletteField*>(widget))
        return new AccessibleButton(field, QAccessible::Button);
    if (qobject_cast<ActivityRail*>(widget)) return new QAccessibleWidget(widget, QAccessible::PageTabList);
    if (qobject_cast<ContextBar*>(widget)) return new QAccessibleWidget(widget, QAccessible::ToolBar);
    if (qobject_cast<BannerArea*>(widget) || qobject_cast<NoticeCard*>(widget))
        return new QAccessibleWidget(widget, QAccessible::AlertMessage);
    if (qobject_cast<MemoryBar*>(widget)) return new QAccessibleWidget(widget, QAccessible::Indicator);
    if (qobject_cast<Chip*>(widget) || qobject_cast<ElidingLabel*>(widget))
        return new QAccessibleWidget(widget, QAccessible::StaticText);
    if (const QVariant role = widget->property(kRoleProperty); role.isValid())
        return new QAccessibleWidget(widget, QAccessible::Role(role.toInt()));
    return nullptr;
}

} // namespace

void installAccessibleRoles() {
    static bool installed = false;
    if (!installed) QAccessible::installFactory(make);
    installed = true;
}

} // namespace moa
