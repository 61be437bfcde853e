// Right column of the Model page: devices, architecture, estimate against allocation.
#pragma once

#include "ui/jobs/estimate.h"
#include "ui/viewmodels/workspace.h"

#include <QWidget>

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace moa {

class AllocationTable;
class FactsTable;
class MemoryBar;
class Panel;

class ModelFactsColumn : public QWidget {
    Q_OBJECT
public:
    /// `welcome`: keys worth knowing instead of a model's facts.
    ModelFactsColumn(Workspace& workspace, bool welcome, QWidget* parent = nullptr);

    void showEstimate(const RunEstimate& estimate);

private:
    void refreshDevices();
    void refreshFacts();

    Workspace& m_workspace;
    QLabel *m_deviceName, *m_deviceDetail, *m_deviceUse, *m_ejected;
    QToolButton* m_refresh;
    MemoryBar* m_deviceBar;
    FactsTable* m_facts = nullptr;
    AllocationTable* m_allocation = nullptr;
    Panel* m_allocationPanel = nullptr;
    QLabel* m_noAllocation = nullptr;
    RunEstimate m_estimate;
};

} // namespace moa
