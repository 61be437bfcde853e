// Centre panel of the Inspect page: the heatmap of the selected head, its overlays, the choice of query head, and what
// stands there before a prompt is captured.
#pragma once

#include "ui/viewmodels/inspect_model.h"
#include "ui/widgets/panel.h"

class QCheckBox;
class QLabel;
class QStackedLayout;

namespace moa {

class ActionRegistry;
class HeatmapCanvas;
class HeatmapStrip;
class SegmentedControl;
enum class HeatLayer;
enum class MaskEdge;

class InspectHeatmap : public Panel {
    Q_OBJECT
public:
    InspectHeatmap(InspectModel& model, ActionRegistry& actions, QWidget* parent = nullptr);

    HeatmapCanvas& canvas() { return *m_canvas; }

private:
    void makeLayers();
    QWidget* makeEmpty(ActionRegistry& actions);
    void connectCanvas();
    void refreshHead();
    void refreshMask();
    void refreshInfluence();
    void onDrag(MaskEdge edge, qint64 tokens, Qt::KeyboardModifiers modifiers);
    void step(int steps);

    InspectModel& m_model;
    HeatmapCanvas* m_canvas;
    SegmentedControl* m_group;
    QLabel* m_hint;
    QStackedLayout* m_stack;
    HeatmapStrip* m_strip;
    std::vector<std::pair<HeatLayer, QCheckBox*>> m_layers;
    int m_groupOf = -1;
};

} // namespace moa
