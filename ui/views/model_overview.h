// Centre of the Model page: name and load stages, memory estimate, longest input that fits, KV by layer.
#pragma once

#include "ui/jobs/estimate.h"
#include "ui/viewmodels/workspace.h"

#include <QWidget>

class QBoxLayout;
class QLabel;
class QPushButton;
class QSpinBox;

namespace moa {

class ActionRegistry;
class FitChart;
class LayerKvChart;
class MemoryChart;
class Panel;
class LoadStages;

class ModelOverview : public QWidget {
    Q_OBJECT
public:
    ModelOverview(Workspace& workspace, ActionRegistry& actions, QWidget* parent = nullptr);

    void showEstimate(const RunEstimate& estimate, quint64 usable, const QString& deviceName);

signals:
    void layerOpened(int layer);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeHeader(ActionRegistry& actions);
    QWidget* makeMemory();
    QWidget* makeCharts();
    void refreshModel();
    void refreshLoad();
    void restyle();

    Workspace& m_workspace;
    QLabel *m_name, *m_loadText, *m_loadNote, *m_saving, *m_fitText;
    QLabel* m_chips;
    QPushButton *m_load, *m_eject;
    QBoxLayout* m_charts;
    LoadStages* m_stages;
    MemoryChart* m_memory;
    QSpinBox *m_length, *m_batch;
    FitChart* m_fit;
    LayerKvChart* m_layers;
    Panel *m_fitPanel, *m_layersPanel;
};

} // namespace moa
