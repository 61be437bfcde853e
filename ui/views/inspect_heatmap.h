// Centre panel of the Inspect page: the heatmap of the selected head, its overlays, the choice of query head, and what
// stands there before a prompt is captured.
#pragma once

#include "ui/viewmodels/inspect_model.h"
#include "ui/widgets/panel.h"

class QAction;
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
    /// Narrow: the overlays are in the ⋯ menu only, and so are the legends until they are asked for there.
    void setNarrow(bool narrow);

private:
    void makeLayers();
    QWidget* makeEmpty(ActionRegistry& actions);
    void connectCanvas();
    void refreshHead();
    void refreshMask();
    void refreshInfluence();
    bool beginDrag(MaskEdge edge);
    void onDrag(MaskEdge edge, qint64 tokens, Qt::KeyboardModifiers modifiers);
    void step(int steps);

    InspectModel& m_model;
    HeatmapCanvas* m_canvas;
    SegmentedControl* m_group;
    QLabel* m_hint;
    QStackedLayout* m_stack;
    HeatmapStrip* m_strip;
    QAction* m_legends;
    std::vector<std::pair<HeatLayer, QCheckBox*>> m_layers;
    std::vector<QAction*> m_layerActions; ///< the same in the ⋯ menu
    int m_groupOf = -1;
};

} // namespace moa
