// The numbers behind the panels of the Plan page, as files hold them: of the plan as it is shown, at N.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/views/panel_export.h"

namespace moa {

/// Span, rules, pins and marks of every KV head.
PanelContent planSpansContent(PlanDesk& desk);
/// Span of the current head's rule by length.
PanelContent planRuleContent(PlanDesk& desk);
PanelContent planRulesContent(PlanDesk& desk);
/// Density and estimated loss at N and at every profiled length.
PanelContent planBudgetContent(PlanDesk& desk);
PanelContent planDifferencesContent(PlanDesk& desk);

} // namespace moa
