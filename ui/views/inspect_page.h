// The Inspect page: heads, heatmap, tokens, and what the rule of the selected head costs.
#pragma once

#include "ui/viewmodels/inspect_model.h"

#include <QWidget>

class QVBoxLayout;

namespace moa {

class ActionRegistry;
class InspectHeads;
class InspectHeatmap;
class InspectTokens;

class InspectPage : public QWidget {
    Q_OBJECT
public:
    InspectPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent = nullptr);

    InspectModel& model() { return m_model; }
    InspectHeads& heads() { return *m_heads; }
    InspectHeatmap& heatmap() { return *m_heatmap; }
    InspectTokens& tokens() { return *m_tokens; }

private:
    InspectModel m_model;
    InspectHeads* m_heads;
    InspectHeatmap* m_heatmap;
    InspectTokens* m_tokens;
};

} // namespace moa
