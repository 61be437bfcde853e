// Construction, opening of files, problems, drops, closing.
#include "app/gui/workbench.h"

#include "ui/views/compare_page.h"
#include "ui/views/history_page.h"
#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/views/plan_page.h"
#include "ui/views/search_page.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/theme.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QGraphicsView>
#include <QMimeData>
#include <QUrl>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

std::unique_ptr<QSettings> openSettings(const QString& file) {
    return file.isEmpty() ? std::make_unique<QSettings>() : std::make_unique<QSettings>(file, QSettings::IniFormat);
}

enum class FileKind { Model, Plan, Profile, Prompt };

FileKind kindOf(const QString& path) {
    const QFileInfo info(path);
    const QString suffix = info.suffix().toLower();
    if (info.isDir() || suffix == u"gguf"_s || info.fileName() == u"config.json"_s) return FileKind::Model;
    if (suffix == u"safetensors"_s)
        return QFileInfo::exists(info.dir().filePath(u"config.json"_s)) ? FileKind::Model : FileKind::Profile;
    if (suffix.endsWith(u"profile"_s)) return FileKind::Profile;
    return suffix == u"json"_s ? FileKind::Plan : FileKind::Prompt;
}

/// The one file of a drop; empty: none, or several.
QString droppedFile(const QMimeData& data) {
    const QList<QUrl> urls = data.urls();
    return urls.size() == 1 && urls.front().isLocalFile() ? urls.front().toLocalFile() : QString();
}

} // namespace

Workbench::Workbench(const WorkbenchOptions& options)
    : m_settings(moa::openSettings(options.settingsFile)), m_recentModels(m_settings.get(), u"models"_s),
      m_recentPlans(m_settings.get(), u"plans"_s), m_recentPrompts(m_settings.get(), u"prompts"_s),
      m_recentProfiles(m_settings.get(), u"profiles"_s) {
    EngineOptions engine = options.engine;
    loadSettings(engine);
    m_engine = std::make_unique<Engine>(engine, historyOptions(options));
    m_workspace = std::make_unique<Workspace>(*m_engine);
    m_workspace->setUsesStoredProfiles(true);
    m_exchange = std::make_unique<PlanExchange>(m_engine->files);
    m_models = std::make_unique<ModelList>(*m_workspace);
    m_jobs = std::make_unique<JobsModel>(m_engine->worker);
    m_window = std::make_unique<ShellWindow>(m_settings.get());
    m_window->setWindowTitle(tr("MoA Workbench"));
    addActions();
    addHistoryActions();
    m_modelPage = new ModelPage(*m_workspace, *m_models, m_window->actions());
    m_inspectPage = new InspectPage(*m_workspace, m_window->actions());
    m_window->addPage({u"model"_s, u"model"_s, tr("Model"), QKeySequence(Qt::CTRL | Qt::Key_1),
                       tr("Memory before load, device, eject")}, m_modelPage);
    m_window->addPage({u"inspect"_s, u"inspect"_s, tr("Inspect"), QKeySequence(Qt::CTRL | Qt::Key_2),
                       tr("What each head sees and what its window hides")}, m_inspectPage);
    m_planPage = new PlanPage(*m_workspace, m_window->actions());
    m_window->addPage({u"plan"_s, u"plan"_s, tr("Plan"), QKeySequence(Qt::CTRL | Qt::Key_3),
                       tr("Rules by hand, and what each edit costs")}, m_planPage);
    connectPlanPage();
    m_searchPage = new SearchPage(*m_workspace, m_window->actions());
    m_window->addPage({u"search"_s, u"search"_s, tr("Search"), QKeySequence(Qt::CTRL | Qt::Key_4),
                       tr("Bounds in, the best plan and its price out")}, m_searchPage);
    connectSearchPage(options.settingsFile);
    m_comparePage = new ComparePage(*m_workspace, m_window->actions());
    m_window->addPage({u"compare"_s, u"compare"_s, tr("Compare"), QKeySequence(Qt::CTRL | Qt::Key_5),
                       tr("Dense and sparse side by side, and the head to blame")}, m_comparePage);
    connectComparePage();
    m_historyPage = new HistoryPage(*m_workspace, m_window->actions(), m_settings.get());
    m_window->addPage({u"history"_s, u"history"_s, tr("History"), QKeySequence(Qt::CTRL | Qt::Key_6),
                       tr("Every run kept, found again, compared and repeated")}, m_historyPage);
    connectHistoryPage();
    connectContextBar();
    connectStatusBar();
    connectProblems();
    connectDrops();
    connectPalette();
    connectExports();
    connectSettings();
    m_window->setCloseGuard([this] { return mayClose(); });
    m_window->restoreLayout();
    startAutosave(options.settingsFile);
    m_engine->models.refreshDevices();
    m_engine->models.findModels({QCoreApplication::applicationDirPath()});
    for (const QString& path : {options.model, options.plan, options.prompt})
        if (!path.isEmpty()) open(path);
}

Workbench::~Workbench() {
    // Work first, then what listens to it, then the window that shows it.
    m_engine->worker.disconnect(this);
    m_engine->worker.cancelAll();
    m_autosave.reset();
    m_searchKeeper.reset();
    m_window.reset();
    m_jobs.reset();
    m_models.reset();
    m_exchange.reset();
    m_workspace.reset();
    m_engine.reset();
}

void Workbench::open(const QString& path) {
    const bool bundled = !QFileInfo::exists(path);
    switch (bundled ? FileKind::Model : kindOf(path)) {
    case FileKind::Model:
        m_workspace->chooseModel(QFileInfo(path).fileName() == u"config.json"_s ? QFileInfo(path).path() : path, true);
        return m_window->showPage(u"model"_s);
    case FileKind::Plan: return m_workspace->openPlan(path);
    case FileKind::Profile: return m_workspace->openProfile(path);
    case FileKind::Prompt: {
        // Both pages show prompts: who compares goes on comparing.
        const QString page = m_window->currentPage() == u"compare"_s ? u"compare"_s : u"inspect"_s;
        m_workspace->openPrompt(path, page);
        return m_window->showPage(page);
    }
    }
}

void Workbench::reportFault(const QString& what) {
    m_window->banners({}).post({tr("Something went wrong inside the program"), what});
    m_window->log().append(what, LogLevel::Error);
}

void Workbench::openDemo() {
    connect(
        &m_engine->models, &ModelService::loaded, this,
        [this] {
            m_window->actions().action(u"prompt.sample"_s)->trigger();
        },
        Qt::SingleShotConnection);
    open(u"moa-tiny"_s);
}

void Workbench::connectProblems() {
    connect(m_workspace.get(), &Workspace::problem, this, [this](const Problem& problem) {
        Banner banner{problem.title, problem.text};
        for (const QString& id : problem.actions)
            if (QAction* action = m_window->actions().action(id))
                banner.actions.push_back({ActionRegistry::plainText(*m_window->actions().spec(id)),
                                          [action] { action->trigger(); }});
        m_window->banners(problem.page).post(banner);
        m_window->log().append(problem.title + u": "_s + problem.text, LogLevel::Error);
    });
    connect(m_workspace.get(), &Workspace::notice, this, [this](const QString& title, const QString& text) {
        m_window->notices().post({title, text});
        m_window->log().append(title + u": "_s + text);
    });
    connect(m_workspace.get(), &Workspace::fileOpened, this, [this](const QString& kind, const QString& path) {
        (kind == u"model"_s  ? m_recentModels
         : kind == u"plan"_s ? m_recentPlans
         : kind == u"profile"_s ? m_recentProfiles
                                : m_recentPrompts)
            .add(path);
        m_window->log().append(tr("Opened %1 %2").arg(kind, path));
    });
    for (DeviceWorker* worker : {&m_engine->worker, &m_engine->views, &m_engine->reader})
        connect(worker, &DeviceWorker::interactiveFailed, this, [this](const QString& topic, const JobError& error) {
            m_window->banners({}).post({tr("A request (%1) failed").arg(topic), error.message});
            m_window->log().append(topic + u": "_s + error.message, LogLevel::Error);
        });
    connect(&m_engine->history, &HistoryService::failed, this, [this](const JobError& error) {
        Banner banner{tr("Runs are not recorded in the history"), error.message, {}, BannerKind::Warning};
        m_window->banners(m_window->currentPage()).post(banner);
        m_window->log().append(tr("Not recorded in the history: %1").arg(error.message), LogLevel::Error);
    });
    connect(&m_engine->worker, &DeviceWorker::jobFinished, this, [this](Job* job) {
        m_window->log().append(u"%1, %2"_s.arg(job->title(), JobsModel::stateText(*job)),
                               job->state() == JobState::Failed ? LogLevel::Error : LogLevel::Info);
        // Short work needs no notice: what it did is on the page already.
        constexpr double kWorthANotice = 5;
        if (job->state() == JobState::Done && job->seconds() >= kWorthANotice)
            m_window->notices().post({tr("%1 finished").arg(job->title()), JobsModel::stateText(*job)});
        // The page's banner tells of a failure; who is elsewhere does not see it.
        if (job->state() == JobState::Failed && job->seconds() >= kWorthANotice && !m_window->isActiveWindow())
            m_desktopNotice.show(tr("%1 failed").arg(job->title()), job->error().message);
    });
}

void Workbench::connectDrops() {
    // A chart would take any drop for its scene, and a file over it would open nothing.
    for (QGraphicsView* chart : m_window->findChildren<QGraphicsView*>()) chart->setAcceptDrops(false);
    m_window->setDropHandler(
        [this](const QMimeData& data) -> QString {
            const QString path = droppedFile(data);
            if (path.isEmpty())
                return data.hasText() && !data.hasUrls() && m_workspace->isLoaded() ? tr("Use the text as prompt") : QString();
            const QString name = QFileInfo(path).fileName();
            switch (kindOf(path)) {
            case FileKind::Model: return tr("Open model %1").arg(name);
            case FileKind::Plan: return tr("Open plan %1").arg(name);
            case FileKind::Profile: return tr("Open profile %1").arg(name);
            case FileKind::Prompt:
                return m_workspace->isLoaded() ? tr("Capture attention of %1").arg(name) : tr("Load a model before a prompt");
            }
            return {};
        },
        [this](const QMimeData& data) {
            const QString path = droppedFile(data);
            if (!path.isEmpty())
                open(path);
            else if (data.hasText())
                m_workspace->pastePrompt(data.text());
        });
}

bool Workbench::mayClose() {
    const bool modified = m_workspace->plan().isModified();
    if (m_closeConfirmed || (!modified && m_workspace->planSetAside() == nullptr)) return true;
    const QString name = modified ? m_workspace->plan().name() : m_workspace->planSetAside()->name;
    const QString save = modified ? u"plan.save"_s : u"plan.keep"_s;
    Banner banner{tr("%1 has unsaved edits").arg(name),
                  tr("Closing now loses them."),
                  {{tr("Save plan…"), [this, save] { m_window->actions().action(save)->trigger(); }},
                   {tr("Close without saving"), [this] {
                        m_closeConfirmed = true;
                        m_window->close();
                    }}},
                  BannerKind::Warning};
    banner.hasLog = false;
    m_window->banners(m_window->currentPage()).post(banner);
    return false;
}

} // namespace moa
