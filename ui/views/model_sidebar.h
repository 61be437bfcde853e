// Left column of the Model page: drop zone, list of models, plan to load with the model.
#pragma once

#include "ui/viewmodels/model_list.h"
#include "ui/viewmodels/workspace.h"

#include <QWidget>

class QButtonGroup;
class QLabel;
class QVBoxLayout;

namespace moa {

class ActionRegistry;
class ModelListView;
class Panel;

class ModelSidebar : public QWidget {
    Q_OBJECT
public:
    ModelSidebar(Workspace& workspace, ModelList& models, ActionRegistry& actions, QWidget* parent = nullptr);

private:
    void showCurrent();
    void refreshPlans();

    Workspace& m_workspace;
    ModelList& m_models;
    Panel* m_panel;
    ModelListView* m_list;
    QWidget* m_plans;
    QVBoxLayout* m_planRows;
    QLabel* m_planTitle;
};

/// A dashed box that says what may be dropped; a click opens.
class DropZone : public QWidget {
    Q_OBJECT
public:
    /// `large`: where it is what the page is about.
    DropZone(const QString& title, const QString& text, bool large = false, QWidget* parent = nullptr);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }
    /// Room below the text for buttons of the owner.
    QVBoxLayout* foot() const { return m_foot; }

signals:
    void clicked();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    void restyle();
    bool m_large;
    QLabel *m_icon, *m_title, *m_text;
    QVBoxLayout* m_foot;
};

} // namespace moa
