// The workbench put together: engine, workspace, window, pages; what the actions do, what the bars show, what may be
// dropped. Everything else is somebody's own file.
#pragma once

#include "ui/viewmodels/jobs_model.h"
#include "ui/viewmodels/model_list.h"
#include "ui/viewmodels/workspace.h"
#include "ui/views/shell_window.h"

#include <QSettings>

#include <memory>

namespace moa {

class InspectPage;
class ModelPage;

struct WorkbenchOptions {
    EngineOptions engine;
    QString model, plan, prompt; ///< to open at the start; empty: none
    QString settingsFile;        ///< empty: the user's own
};

class Workbench : public QObject {
    Q_OBJECT
public:
    explicit Workbench(const WorkbenchOptions& options);
    /// Cancels what runs and waits for it.
    ~Workbench() override;

    ShellWindow& window() { return *m_window; }
    Workspace& workspace() { return *m_workspace; }
    Engine& engine() { return *m_engine; }
    ModelPage& modelPage() { return *m_modelPage; }
    InspectPage& inspectPage() { return *m_inspectPage; }

    /// The bundled model with a sample prompt, as a first look.
    void openDemo();
    /// Opens a file by what it is: a model, a plan, a profile or a text. Unknown files are prompts.
    void open(const QString& path);

private:
    void addActions();
    void addModelActions();
    void addPlanActions();
    void addInspectActions();
    void refreshActions();
    void connectContextBar();
    void refreshContext();
    void connectStatusBar();
    void refreshJobs();
    void connectProblems();
    void connectDrops();
    void connectPalette();
    void applySettings();
    bool mayClose();
    void fillHeadMenu(QMenu* menu);

    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<Engine> m_engine;
    std::unique_ptr<Workspace> m_workspace;
    std::unique_ptr<ModelList> m_models;
    std::unique_ptr<JobsModel> m_jobs;
    std::unique_ptr<ShellWindow> m_window;
    ModelPage* m_modelPage = nullptr;
    InspectPage* m_inspectPage = nullptr;
    RecentFiles m_recentModels, m_recentPlans, m_recentPrompts, m_recentProfiles;
    bool m_closeConfirmed = false;
};

} // namespace moa
