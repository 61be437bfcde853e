// Context bar, status bar, palette: what they show and what their menus offer.
#include "app/gui/workbench.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/memory_bar.h"
#include "ui/widgets/shell/status_bar.h"

#include <QLocale>
#include <QMenu>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString headName(HeadRef head) {
    return QObject::tr("L%1 · KV%2").arg(head.layer).arg(head.kvHead);
}

} // namespace

void Workbench::connectContextBar() {
    ContextBar& bar = m_window->context();
    ActionRegistry& actions = m_window->actions();
    bar.setActions(actions.action(u"selection.back"_s), actions.action(u"selection.forward"_s), actions.action(u"head.pin"_s));
    bar.setMenuProvider(ContextItem::Model, [this, &actions](QMenu* menu) {
        for (int row = 0; row < m_models->rowCount(); ++row) {
            const QModelIndex index = m_models->index(row);
            menu->addAction(index.data().toString(), this, [this, path = index.data(ModelList::PathRole).toString()] {
                m_workspace->chooseModel(path);
            });
        }
        menu->addSeparator();
        for (const QString& id : {u"model.open"_s, u"model.load"_s, u"model.eject"_s}) menu->addAction(actions.action(id));
    });
    bar.setMenuProvider(ContextItem::Plan, [this, &actions](QMenu* menu) {
        for (const QString& id : {u"plan.dense"_s, u"plan.open"_s, u"plan.save"_s, u"plan.save_as"_s})
            menu->addAction(actions.action(id));
        menu->addSeparator();
        m_recentPlans.fillMenu(menu->addMenu(tr("Recent plans")), [this](const QString& path) { open(path); });
    });
    bar.setMenuProvider(ContextItem::Length, [this](QMenu* menu) {
        const std::int64_t context = m_workspace->model() ? m_workspace->model()->config.context : 131072;
        for (std::int64_t n = 512; n <= context; n *= 2)
            menu->addAction(tr("%1 tokens").arg(QLocale().toString(qlonglong(n))), this, [this, n] { m_workspace->setLength(n); });
    });
    bar.setMenuProvider(ContextItem::Prompt, [this, &actions](QMenu* menu) {
        for (const QString& id : {u"prompt.sample"_s, u"prompt.facts"_s, u"prompt.paste"_s, u"prompt.open"_s})
            menu->addAction(actions.action(id));
        menu->addSeparator();
        m_recentPrompts.fillMenu(menu->addMenu(tr("Recent prompts")), [this](const QString& path) { open(path); });
    });
    bar.setMenuProvider(ContextItem::Head, [this](QMenu* menu) { fillHeadMenu(menu); });
    const auto refresh = [this] { refreshContext(); };
    Workspace* workspace = m_workspace.get();
    for (const auto signal : {&Workspace::modelChanged, &Workspace::loadedChanged, &Workspace::lengthChanged, &Workspace::promptChanged})
        connect(workspace, signal, this, refresh);
    connect(&workspace->plan(), &PlanDocument::changed, this, refresh);
    connect(&workspace->selection(), &SelectionModel::changed, this, refresh);
    refreshContext();
}

void Workbench::fillHeadMenu(QMenu* menu) {
    if (!m_workspace->model()) return;
    const ModelConfig& config = m_workspace->model()->config;
    for (int l = 0; l < config.layers; ++l) {
        QMenu* layer = menu->addMenu(tr("Layer %1").arg(l));
        for (int g = 0; g < config.kvHeads; ++g)
            layer->addAction(headName({l, g}), this, [this, l, g] { m_workspace->selection().selectHead({l, g}); });
    }
}

void Workbench::refreshContext() {
    ContextBar& bar = m_window->context();
    const auto& model = m_workspace->model();
    bar.setValue(ContextItem::Model, model ? ContextValue{model->name, m_workspace->isLoaded() ? model->dtype : tr("not loaded")}
                                           : ContextValue{tr("None open")});
    const PlanDocument& plan = m_workspace->plan();
    if (plan.isDense())
        bar.setValue(ContextItem::Plan, {tr("Dense"), tr("no plan"), Role::Dense});
    else
        bar.setValue(ContextItem::Plan, {plan.name(), plan.isModified() ? tr("edited") : QLocale().toString(m_workspace->density(), 'f', 3),
                                         Role::Sparse, plan.isModified() ? Role::Sparse : Role::Text2});
    bar.setValue(ContextItem::Length, {QLocale().toString(qlonglong(m_workspace->length()))});
    const auto prompt = m_workspace->prompt();
    bar.setValue(ContextItem::Prompt, prompt ? ContextValue{prompt->name, tr("%1 tokens").arg(QLocale().toString(qlonglong(prompt->ids.size())))}
                                             : ContextValue{tr("None")});
    const HeadRef head = m_workspace->selection().now().current;
    // A plan or a profile alone also says what heads there are.
    const SparsePlan& shape = plan.plan();
    const bool hasHeads = model || shape.layers * shape.heads > 1;
    if (hasHeads) {
        const int group = shape.heads / shape.kvHeads;
        bar.setValue(ContextItem::Head, {headName(head), group > 1 ? tr("heads %1–%2").arg(head.kvHead * group).arg((head.kvHead + 1) * group - 1)
                                                                   : QString()});
    } else {
        bar.setValue(ContextItem::Head, {tr("None")});
    }
    bar.setPin(hasHeads, m_workspace->plan().isPinned(head));
}

void Workbench::connectStatusBar() {
    StatusBar& status = m_window->status();
    connect(m_workspace.get(), &Workspace::devicesChanged, this, [this, &status] {
        if (m_workspace->devices().isEmpty()) return;
        const DeviceFacts& device = m_workspace->devices().front();
        const bool cpu = device.id == u"cpu"_s;
        const QString tip = device.detail.isEmpty() ? device.name : u"%1, %2"_s.arg(device.name, device.detail);
        status.setDevice(cpu ? u"cpu"_s : u"gpu"_s, cpu ? tr("CPU · %1").arg(device.detail) : device.name, tip);
        status.setMemory({device.totalBytes - device.freeBytes, device.processBytes, device.totalBytes});
    });
    connect(&status, &StatusBar::cancelRequested, this, [this](quint64 id) {
        for (Job* job : m_engine->worker.jobs())
            if (job->id() == id) job->cancel();
        refreshJobs();
    });
    connect(&status, &StatusBar::pauseRequested, this, [this](quint64 id, bool pause) {
        for (Job* job : m_engine->worker.jobs())
            if (job->id() == id) job->setPaused(pause);
    });
    connect(&m_engine->worker, &DeviceWorker::jobAdded, this, [this] { refreshJobs(); });
    connect(&m_engine->worker, &DeviceWorker::jobChanged, this, [this] { refreshJobs(); });
    status.setIdleText(tr("Ready"));
    // Until the devices are known, and where the one that was asked for is not there.
    const int threads = m_engine->state->options().threads;
    const int used = threads > 0 ? threads : availableThreads();
    status.setDevice(u"cpu"_s, tr("CPU · %1").arg(threadsText(used)));
}

void Workbench::refreshJobs() {
    StatusBar& status = m_window->status();
    const auto line = [](const Job& job) {
        JobLine out{job.id(), job.title(), JobsModel::stageText(job), job.fraction(), JobsModel::timeLeftText(job)};
        out.canPause = job.canPause();
        out.paused = job.state() == JobState::Paused;
        out.cancelling = job.isCancelling();
        return out;
    };
    std::vector<JobLine> queue;
    for (const Job* job : m_engine->worker.jobs())
        if (job->state() == JobState::Queued) queue.insert(queue.begin(), line(*job));
    status.setQueue(queue);
    if (const Job* running = m_engine->worker.running()) {
        status.setJob(line(*running));
    } else {
        status.setJob(std::nullopt);
        if (m_engine->worker.jobs().isEmpty() || !m_engine->worker.jobs().front()->isOver()) return;
        const Job& last = *m_engine->worker.jobs().front();
        status.setIdleText(tr("Idle. Last job: %1, %2").arg(last.title(), JobsModel::stateText(last)),
                           last.state() == JobState::Failed);
    }
}

void Workbench::connectPalette() {
    CommandPalette& palette = m_window->commandPalette();
    palette.addSource({[this](const QString&) {
        std::vector<PaletteItem> items;
        if (!m_workspace->model()) return items;
        const ModelConfig& config = m_workspace->model()->config;
        for (int l = 0; l < config.layers; ++l)
            for (int g = 0; g < config.kvHeads; ++g)
                items.push_back({PaletteKind::Head, u"head:%1:%2"_s.arg(l).arg(g), headName({l, g}),
                                 tr("span %1").arg(QLocale().toString(qlonglong(m_workspace->plan().span({l, g}, m_workspace->length())))), {},
                                 true, {}, {}, tr("layer %1 head %2").arg(l).arg(g)});
        return items;
    }});
    palette.addSource({[this](const QString& query) {
        std::vector<PaletteItem> items;
        bool ok = false;
        const int token = QString(query).remove(u':').trimmed().toInt(&ok);
        const auto prompt = m_workspace->prompt();
        if (ok && prompt && token >= 0 && token < int(prompt->ids.size()))
            items.push_back({PaletteKind::Action, u"token:%1"_s.arg(token), tr("Go to token %1").arg(QLocale().toString(token)),
                             prompt->pieces[token], {}, true, {}, {}, query});
        return items;
    }, true});
    const auto apply = [this](const PaletteItem& item) {
        const QStringList parts = item.id.split(u':');
        if (parts.front() == u"head"_s) m_workspace->selection().selectHead({parts[1].toInt(), parts[2].toInt()});
        if (parts.front() == u"token"_s) {
            const int token = parts[1].toInt();
            m_workspace->selection().pointAt(token, std::min(token, std::max(0, m_workspace->selection().now().key)));
        }
    };
    connect(&palette, &CommandPalette::activated, this, apply);
    const auto before = std::make_shared<Selection>();
    connect(&palette, &CommandPalette::previewed, this, [this, apply, before](const PaletteItem& item) {
        *before = m_workspace->selection().now();
        apply(item);
    });
    connect(&palette, &CommandPalette::previewUndone, this, [this, before] { m_workspace->selection().set(*before); });
}

} // namespace moa
