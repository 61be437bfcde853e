// The Inspect page: heads, heatmap, tokens, and what the rule of the selected head costs.
#pragma once

#include "ui/viewmodels/inspect_model.h"
#include "ui/widgets/shell/dock_page.h"

namespace moa {

class ActionRegistry;
class InspectHeads;
class InspectHeatmap;
class InspectRule;
class InspectTokens;

class InspectPage : public DockPage {
    Q_OBJECT
public:
    InspectPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent = nullptr);

    InspectModel& model() { return m_model; }
    InspectHeads& heads() { return *m_heads; }
    InspectHeatmap& heatmap() { return *m_heatmap; }
    InspectTokens& tokens() { return *m_tokens; }
    InspectRule& rule() { return *m_rule; }

private:
    InspectModel m_model;
    InspectHeads* m_heads;
    InspectHeatmap* m_heatmap;
    InspectTokens* m_tokens;
    InspectRule* m_rule;
};

} // namespace moa
