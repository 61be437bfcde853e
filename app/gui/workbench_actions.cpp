// What the actions do, and when they can be done.
#include "app/gui/workbench.h"

#include "ui/views/compare_page.h"
#include "ui/views/history_page.h"
#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/widgets/inspect/heatmap_canvas.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/status_bar.h"

#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// A file dialog that blocks nothing: `use` is called with the choice, if there is one.
void askForFile(QWidget* parent, const QString& title, const QString& filter, bool toSave,
                std::function<void(const QString&)> use) {
    auto* dialog = new QFileDialog(parent, title, {}, filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(toSave ? QFileDialog::AcceptSave : QFileDialog::AcceptOpen);
    dialog->setFileMode(toSave ? QFileDialog::AnyFile : QFileDialog::ExistingFile);
    if (toSave) dialog->setDefaultSuffix(u"json"_s);
    QObject::connect(dialog, &QFileDialog::fileSelected, dialog, std::move(use));
    dialog->open();
}

} // namespace

void Workbench::addActions() {
    addModelActions();
    addPlanActions();
    addPlanExchangeActions();
    addInspectActions();
    addCompareActions();
    addExportAction();
    addWorkspaceAction();
    const auto refresh = [this] { refreshActions(); };
    connect(m_workspace.get(), &Workspace::modelChanged, this, refresh);
    connect(m_workspace.get(), &Workspace::loadedChanged, this, refresh);
    connect(m_workspace.get(), &Workspace::promptChanged, this, refresh);
    connect(m_workspace.get(), &Workspace::planSetAsideChanged, this, refresh);
    connect(&m_workspace->plan(), &PlanDocument::changed, this, refresh);
    // A step changes the plan before the stack counts it as undone.
    connect(m_workspace->plan().undoStack(), &QUndoStack::indexChanged, this, refresh);
    connect(&m_workspace->plan(), &PlanDocument::refused, this, [this](HeadRef head) {
        m_window->status().setIdleText(tr("L%1 · KV%2 is pinned. P unpins.").arg(head.layer).arg(head.kvHead));
    });
    connect(&m_workspace->selection(), &SelectionModel::changed, this, refresh);
    connect(&m_engine->worker, &DeviceWorker::jobChanged, this, refresh);
    refreshActions();
}

void Workbench::addModelActions() {
    ActionRegistry& actions = m_window->actions();
    const auto add = [&](const ActionSpec& spec, std::function<void()> run) {
        m_window->addAction(actions.add(spec, std::move(run)));
    };
    add({.id = u"model.open"_s, .text = tr("&Open model…"), .menu = MenuId::File,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_O), .icon = u"open"_s, .detail = tr("A folder's config.json, or one file")},
        [this] {
            askForFile(m_window.get(), tr("Open model"), tr("Models (config.json *.safetensors *.gguf);;All files (*)"), false,
                       [this](const QString& path) { open(path); });
        });
    add({.id = u"model.tiny"_s, .text = tr("Open MoA &Tiny"), .menu = MenuId::File, .icon = u"model"_s,
         .detail = tr("The built-in model; needs no download")},
        [this] { open(u"moa-tiny"_s); });
    actions.addDynamicMenu(MenuId::File, tr("Recent models"), [this](QMenu* menu) {
        m_recentModels.fillMenu(menu, [this](const QString& path) { open(path); });
    });
    add({.id = u"model.load"_s, .text = tr("&Load model"), .menu = MenuId::Model, .icon = u"play"_s,
         .detail = tr("With the plan, at length N and the batch of the context bar")},
        [this] { m_workspace->load(); });
    add({.id = u"model.eject"_s, .text = tr("&Eject model"), .menu = MenuId::Model,
         .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), .icon = u"eject"_s,
         .detail = tr("Gives its memory back")},
        [this] { m_workspace->eject(); });
    add({.id = u"model.devices"_s, .text = tr("&Refresh devices"), .menu = MenuId::Model, .icon = u"refresh"_s},
        [this] { m_engine->models.refreshDevices(); });
}

void Workbench::addPlanActions() {
    ActionRegistry& actions = m_window->actions();
    const auto add = [&](const ActionSpec& spec, std::function<void()> run) {
        m_window->addAction(actions.add(spec, std::move(run)));
    };
    const QString planFilter = tr("Plans (*.json);;All files (*)");
    add({.id = u"plan.open"_s, .text = tr("Open &plan…"), .menu = MenuId::File,
         .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O), .icon = u"plan"_s, .group = 10},
        [this, planFilter] {
            askForFile(m_window.get(), tr("Open plan"), planFilter, false, [this](const QString& p) { m_workspace->openPlan(p); });
        });
    actions.addDynamicMenu(MenuId::File, tr("Recent plans"), [this](QMenu* menu) {
        m_recentPlans.fillMenu(menu, [this](const QString& path) { open(path); });
    }, 10);
    const auto saveAs = [this, planFilter] {
        askForFile(m_window.get(), tr("Save plan"), planFilter, true, [this](const QString& p) { m_workspace->savePlan(p); });
    };
    add({.id = u"plan.save"_s, .text = tr("&Save plan"), .menu = MenuId::File,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_S), .group = 10},
        [this, saveAs] {
            if (m_workspace->plan().path().isEmpty())
                saveAs();
            else
                m_workspace->savePlan(m_workspace->plan().path());
        });
    add({.id = u"plan.save_as"_s, .text = tr("Save plan &as…"), .menu = MenuId::File,
         .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S), .group = 10}, saveAs);
    add({.id = u"plan.keep"_s, .text = tr("Save the plan set as&ide…"), .menu = MenuId::File, .group = 10,
         .detail = tr("Its edits were unsaved when a model of another shape was chosen")},
        [this, planFilter] {
            askForFile(m_window.get(), tr("Save the plan set aside"), planFilter, true,
                       [this](const QString& p) { m_workspace->savePlanSetAside(p); });
        });
    add({.id = u"plan.dense"_s, .text = tr("Use no plan (&dense)"), .menu = MenuId::Edit, .group = 20},
        [this] { m_workspace->plan().useDense(); });
    add({.id = u"profile.open"_s, .text = tr("Open p&rofile…"), .menu = MenuId::File, .group = 10,
         .detail = tr("Influence of every head, as moa profile writes it")},
        [this] {
            askForFile(m_window.get(), tr("Open profile"), tr("Profiles (*.moaprofile *.profile *.safetensors);;All files (*)"), false,
                       [this](const QString& p) { m_workspace->openProfile(p); });
        });
    add({.id = u"edit.undo"_s, .text = tr("&Undo"), .menu = MenuId::Edit, .shortcut = QKeySequence(Qt::CTRL | Qt::Key_Z),
         .icon = u"undo"_s}, [this] { m_workspace->plan().undoStack()->undo(); });
    add({.id = u"edit.redo"_s, .text = tr("&Redo"), .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), .icon = u"redo"_s},
        [this] { m_workspace->plan().undoStack()->redo(); });
    connect(actions.action(u"head.pin"_s), &QAction::triggered, this, [this] {
        const Selection& now = m_workspace->selection().now();
        m_workspace->plan().setPinned(now.heads, !m_workspace->plan().isPinned(now.current));
    });
    connect(actions.action(u"selection.back"_s), &QAction::triggered, this, [this] { m_workspace->selection().goBack(); });
    connect(actions.action(u"selection.forward"_s), &QAction::triggered, this,
            [this] { m_workspace->selection().goForward(); });
}

void Workbench::addInspectActions() {
    ActionRegistry& actions = m_window->actions();
    const auto add = [&](const ActionSpec& spec, std::function<void()> run) {
        m_window->addAction(actions.add(spec, std::move(run)));
    };
    add({.id = u"prompt.open"_s, .text = tr("Open pro&mpt…"), .menu = MenuId::File, .group = 20,
         .detail = tr("A text file; its attention is captured")},
        [this] {
            askForFile(m_window.get(), tr("Open prompt"), tr("Texts (*.txt *.md);;All files (*)"), false,
                       [this](const QString& p) { open(p); });
        });
    add({.id = u"prompt.paste"_s, .text = tr("Use &clipboard as prompt"), .menu = MenuId::File, .group = 20},
        [this] {
            m_workspace->pastePrompt(QGuiApplication::clipboard()->text());
            m_window->showPage(u"inspect"_s);
        });
    add({.id = u"prompt.sample"_s, .text = tr("Use &sample prompt"), .menu = MenuId::File, .group = 20,
         .detail = tr("A record of lines with one question, of length N")},
        [this] {
            m_workspace->samplePrompt(u"lines"_s, m_workspace->length());
            m_window->showPage(u"inspect"_s);
        });
    add({.id = u"prompt.facts"_s, .text = tr("Use sample prompt, &facts in prose"), .menu = MenuId::File, .group = 20},
        [this] {
            m_workspace->samplePrompt(u"facts"_s, m_workspace->length());
            m_window->showPage(u"inspect"_s);
        });
    add({.id = u"run.job"_s, .text = tr("&Run the page's job"), .menu = MenuId::Run, .shortcut = QKeySequence(Qt::Key_F5),
         .icon = u"play"_s, .detail = tr("Load on the Model page, capture on Inspect, run both on Compare, reproduce on History")},
        [this] {
            if (m_window->currentPage() == u"model"_s)
                m_workspace->load();
            else if (m_window->currentPage() == u"compare"_s)
                m_comparePage->model().runOrPause();
            else if (m_window->currentPage() == u"history"_s)
                m_historyPage->model().reproduce();
            else
                m_workspace->capture();
        });
    add({.id = u"run.cancel"_s, .text = tr("&Cancel the running job"), .menu = MenuId::Run,
         .shortcut = QKeySequence(Qt::SHIFT | Qt::Key_F5), .icon = u"cancel"_s},
        [this] {
            if (Job* job = m_engine->worker.running()) job->cancel();
        });
    add({.id = u"run.influence"_s, .text = tr("Measure &influence on this prompt"), .menu = MenuId::Run,
         .detail = tr("One backward pass; the loss is on the prompt's last tokens")},
        [this] { m_workspace->measureInfluence(); });
    add({.id = u"view.fit"_s, .text = tr("&Fit heatmap"), .menu = MenuId::View, .shortcut = QKeySequence(Qt::Key_F),
         .icon = u"fit"_s, .scope = ActionScope::Canvas, .group = 40},
        [this] { m_inspectPage->heatmap().canvas().fit(); });
    add({.id = u"view.token"_s, .text = tr("&Go to token…"), .menu = MenuId::Edit,
         .shortcut = QKeySequence(Qt::CTRL | Qt::Key_G), .group = 40},
        [this] { m_window->commandPalette().open(u":"_s); });
}

void Workbench::refreshActions() {
    ActionRegistry& actions = m_window->actions();
    const bool chosen = m_workspace->model().has_value(), loaded = m_workspace->isLoaded();
    const bool loading = m_workspace->loading() != nullptr;
    const bool prompt = m_workspace->prompt() != nullptr;
    const QString needsModel = tr("Needs a loaded model.");
    actions.setEnabled(u"model.load"_s, chosen && !loading, chosen ? tr("A load is running.") : tr("Choose a model first."));
    actions.setEnabled(u"model.eject"_s, loaded || loading, needsModel);
    for (const QString& id : {u"prompt.open"_s, u"prompt.paste"_s, u"prompt.sample"_s, u"prompt.facts"_s})
        actions.setEnabled(id, loaded, needsModel);
    actions.setEnabled(u"run.influence"_s, loaded && prompt, tr("Needs a loaded model and a prompt."));
    actions.setEnabled(u"run.cancel"_s, m_engine->worker.running() != nullptr, tr("Nothing runs."));
    const PlanDocument& plan = m_workspace->plan();
    actions.setEnabled(u"plan.save"_s, plan.isModified(), tr("There is nothing to save."));
    actions.setEnabled(u"plan.save_as"_s, !plan.isDense(), tr("There is no plan."));
    actions.setEnabled(u"plan.export"_s, !plan.isDense(), tr("There is no plan."));
    actions.setEnabled(u"plan.passport"_s, !plan.path().isEmpty(), tr("The plan is no file yet."));
    actions.setEnabled(u"plan.dense"_s, !plan.isDense(), tr("No plan is in use."));
    actions.setEnabled(u"plan.keep"_s, m_workspace->planSetAside() != nullptr, tr("No plan was set aside."));
    QUndoStack* undo = m_workspace->plan().undoStack();
    actions.setEnabled(u"edit.undo"_s, undo->canUndo(), tr("There is nothing to undo."));
    actions.setEnabled(u"edit.redo"_s, undo->canRedo(), tr("There is nothing to redo."));
    actions.setEnabled(u"selection.back"_s, m_workspace->selection().canGoBack(), tr("This is the first selection."));
    actions.setEnabled(u"selection.forward"_s, m_workspace->selection().canGoForward(), tr("This is the last selection."));
    actions.setEnabled(u"head.pin"_s, chosen || plan.plan().layers * plan.plan().heads > 1, tr("Choose a model first."));
}

} // namespace moa
