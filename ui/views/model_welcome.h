// The Model page before a model is chosen: drop one, open the bundled one, or go on where the last session was.
#pragma once

#include "ui/viewmodels/model_list.h"
#include "ui/viewmodels/workspace.h"

#include <QWidget>

class QHBoxLayout;

namespace moa {

class ActionRegistry;

class ModelWelcome : public QWidget {
    Q_OBJECT
public:
    ModelWelcome(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent = nullptr);

private:
    void refreshCards();

    Workspace& m_workspace;
    ModelList& m_models;
    QHBoxLayout* m_cards;
};

} // namespace moa
