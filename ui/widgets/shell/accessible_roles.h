// Roles for screen readers of the widgets that the shell draws itself: tabs, menu buttons, alerts, texts.
// Names come from the widgets' accessibleName, which they keep up to date. A chart or a pane of another room says its role
// in the property named here.
#pragma once

namespace moa {

/// Of a widget: a QAccessible::Role as int.
inline constexpr const char* kRoleProperty = "accessibleRole";

/// Once a program; more calls do nothing.
void installAccessibleRoles();

} // namespace moa
