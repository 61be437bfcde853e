// The workbench put together: engine, workspace, window, pages; what the actions do, what the bars show, what may be
// dropped. Everything else is somebody's own file.
#pragma once

#include "app/gui/desktop_notice.h"
#include "ui/viewmodels/jobs_model.h"
#include "ui/jobs/plan_exchange.h"
#include "ui/viewmodels/model_list.h"
#include "ui/viewmodels/plan_autosave.h"
#include "ui/viewmodels/search_keeper.h"
#include "ui/viewmodels/workspace.h"
#include "ui/views/settings_dialog.h"
#include "ui/views/shell_window.h"

#include <QPointer>
#include <QSettings>
#include <QTimer>

#include <memory>

namespace moa {

class ComparePage;
class HistoryPage;
class InspectPage;
class ModelPage;
class PlanPage;
class SearchPage;
struct LastWorkspace;
struct MemoryHistory;
struct RunPassport;

struct WorkbenchOptions {
    EngineOptions engine;
    QString model, plan, prompt; ///< to open at the start; empty: none
    QString settingsFile;        ///< empty: the user's own
    QString historyFile;         ///< empty: as the settings say
    bool keepsHistory = false;
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
    PlanPage& planPage() { return *m_planPage; }
    SearchPage& searchPage() { return *m_searchPage; }
    ComparePage& comparePage() { return *m_comparePage; }
    HistoryPage& historyPage() { return *m_historyPage; }

    /// A fault of the program itself: said in a banner and in the log.
    void reportFault(const QString& what);
    /// The bundled model with a sample prompt, as a first look.
    void openDemo();
    /// Opens a file by what it is: a model, a plan, a profile or a text. Unknown files are prompts.
    void open(const QString& path);

private:
    void addActions();
    void addModelActions();
    void addPlanActions();
    void addInspectActions();
    void addPlanExchangeActions();
    void connectPlanPage();
    void connectSearchPage(const QString& settingsFile);
    /// Where unsaved edits and bounds are kept.
    static QString dataFolder(const QString& settingsFile);
    void openFile(const QString& title, const QString& filter, std::function<void(const QString&)> use);
    void addCompareActions();
    void connectComparePage();
    void refreshCompareActions();
    void addHistoryActions();
    void connectHistoryPage();
    void tellHistoryState();
    void tellMemory(const std::shared_ptr<MemoryHistory>& memory, const QString& why);
    /// Shows what a run of the history used in its own page, or says why not.
    void reopen(const RunPassport& passport);
    void startAutosave(const QString& settingsFile);
    void refreshActions();
    void connectContextBar();
    void refreshContext();
    void connectStatusBar();
    void refreshJobs();
    void connectProblems();
    void connectDrops();
    void connectPalette();
    void addExportAction();
    void exportFocused();
    void connectExports();
    /// What of them the engine is made with.
    void loadSettings(EngineOptions& engine);
    HistoryOptions historyOptions(const WorkbenchOptions& options) const;
    void applyTheme();
    void applySettings();
    void connectSettings();
    void showSettings();
    void onSettings(const WorkbenchSettings& settings);
    void addWorkspaceAction();
    void openWorkspace(const LastWorkspace& last);
    void rememberWorkspace();
    bool mayClose();
    void fillHeadMenu(QMenu* menu);

    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<Engine> m_engine;
    std::unique_ptr<Workspace> m_workspace;
    std::unique_ptr<PlanExchange> m_exchange;
    std::unique_ptr<PlanAutosave> m_autosave;
    std::unique_ptr<SearchKeeper> m_searchKeeper;
    std::unique_ptr<ModelList> m_models;
    std::unique_ptr<JobsModel> m_jobs;
    std::unique_ptr<ShellWindow> m_window;
    ModelPage* m_modelPage = nullptr;
    InspectPage* m_inspectPage = nullptr;
    PlanPage* m_planPage = nullptr;
    SearchPage* m_searchPage = nullptr;
    ComparePage* m_comparePage = nullptr;
    HistoryPage* m_historyPage = nullptr;
    RecentFiles m_recentModels, m_recentPlans, m_recentPrompts, m_recentProfiles;
    bool m_closeConfirmed = false;
    WorkbenchSettings m_preferences;
    QPointer<SettingsDialog> m_settingsDialog;
    QString m_reopenPage;    ///< where the plan of a reopened run is shown
    int m_historyBanner = 0; ///< says that the history cannot be read or written; 0: none
    int m_restartBanner = 0; ///< says that a setting counts later; 0: none yet
    DesktopNotice m_desktopNotice;
    QTimer m_rememberTimer;
};

} // namespace moa
