// Roles for screen readers of the widgets that the shell draws itself: tabs, menu buttons, alerts, texts.
// Names come from the widgets' accessibleName, which they keep up to date.
#pragma once

namespace moa {

/// Once a program; more calls do nothing.
void installAccessibleRoles();

} // namespace moa
