// The Model page: what a model needs on the device before it is loaded, load with stages, eject, and what the load
// really took. Without a model the page is a place to drop one.
#pragma once

#include "ui/jobs/estimate.h"
#include "ui/viewmodels/model_list.h"
#include "ui/viewmodels/workspace.h"

#include <QWidget>

class QStackedLayout;

namespace moa {

class ActionRegistry;
class ModelOverview;
class ModelSidebar;
class ModelFactsColumn;
class ModelWelcome;

class ModelPage : public QWidget {
    Q_OBJECT
public:
    ModelPage(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent = nullptr);

    /// No model is chosen yet.
    bool isWelcoming() const;

signals:
    void layerOpened(int layer);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void refresh();
    void refreshEstimate();

    Workspace& m_workspace;
    QStackedLayout* m_stack;
    ModelWelcome* m_welcome;
    QWidget* m_full;
    ModelSidebar* m_sidebar;
    ModelOverview* m_overview;
    ModelFactsColumn *m_facts, *m_welcomeFacts;
    RunEstimate m_estimate;
};

} // namespace moa
