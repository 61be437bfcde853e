// What the Plan and Search pages ask of the workbench: files of other programs, plans to compare with, passports, kept edits
// and bounds.
#include "app/gui/workbench.h"

#include "ui/views/inspect_page.h"
#include "ui/views/inspect_rule.h"
#include "ui/views/model_page.h"
#include "ui/views/plan_import_dialog.h"
#include "ui/views/plan_page.h"
#include "ui/views/search_page.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notices.h"
#include "ui/widgets/shell/status_bar.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QStandardPaths>

namespace moa {

using namespace Qt::StringLiterals;

void Workbench::addPlanExchangeActions() {
    ActionRegistry& actions = m_window->actions();
    const auto add = [&](const ActionSpec& spec, std::function<void()> run) { m_window->addAction(actions.add(spec, std::move(run))); };
    add({.id = u"plan.import"_s, .text = tr("&Import plan…"), .menu = MenuId::File, .group = 10,
         .detail = tr("A published MoA plan, or a DuoAttention pattern; says what was lost")},
        [this] {
            askForImport(m_window.get(), [this](const QString& path, int sink) {
                PlanImport request{path, {}, {}, sink};
                if (const auto& model = m_workspace->model()) {
                    request.heads = model->config.heads;
                    request.kvHeads = model->config.kvHeads;
                }
                m_exchange->importPlan(request);
            });
        });
    add({.id = u"plan.export"_s, .text = tr("Ex&port plan…"), .menu = MenuId::File, .group = 10,
         .detail = tr("As the published MoA code or DuoAttention reads it; says what is lost")},
        [this] {
            auto* dialog = new QFileDialog(m_window.get(), tr("Export plan"), {},
                                           tr("Published MoA plan (*.json);;DuoAttention pattern (full_attention_heads.tsv)"));
            dialog->setAttribute(Qt::WA_DeleteOnClose);
            dialog->setAcceptMode(QFileDialog::AcceptSave);
            connect(dialog, &QFileDialog::fileSelected, this,
                    [this](const QString& path) { m_exchange->exportPlan(path, m_workspace->plan().plan(), m_workspace->length()); });
            dialog->open();
        });
    add({.id = u"plan.uniform"_s, .text = tr("&Uniform plan of half the cache"), .menu = MenuId::Edit, .group = 20,
         .detail = tr("Every head holds half of N: what plans are measured against")},
        [this] {
            const SparsePlan& shape = m_workspace->plan().plan();
            m_workspace->usePlan({u"uniform-50"_s, {}, uniformPlan(shape.layers, shape.heads, shape.kvHeads, {0, 0.5}), {}});
        });
    add({.id = u"plan.passport"_s, .text = tr("Plan pass&port"), .menu = MenuId::View, .group = 45,
         .detail = tr("Which model, profile and search the open plan comes from")},
        [this] { m_exchange->readPassport(m_workspace->plan().path()); });
    add({.id = u"plan.compare"_s, .text = tr("Compare with another p&lan…"), .menu = MenuId::View, .group = 45}, [this] {
        openFile(tr("Compare with plan"), tr("Plans (*.json);;All files (*)"), [this](const QString& path) {
            m_exchange->readComparison(path, m_workspace->model() ? std::optional(m_workspace->model()->config.kvHeads) : std::nullopt);
            m_window->showPage(u"plan"_s);
        });
    });
}

void Workbench::connectPlanPage() {
    connect(m_planPage, &PlanPage::said, this, [this](const QString& text) { m_window->status().setIdleText(text); });
    connect(m_planPage, &PlanPage::comparisonRequested, m_window->actions().action(u"plan.compare"_s), &QAction::trigger);
    connect(m_planPage, &PlanPage::searchRequested, this, [this] { m_window->showPage(u"search"_s); });
    connect(m_planPage, &PlanPage::spanTimesRequested, this, [this] {
        openFile(tr("Open kernel times"), tr("Times by span (*.json);;All files (*)"), [this](const QString& path) { m_planPage->desk().speeds().openSpanTimes(path); });
    });
    connect(m_modelPage, &ModelPage::layerOpened, this, [this](int layer) {
        std::set<HeadRef> heads;
        for (int g = 0; g < m_workspace->plan().plan().kvHeads; ++g) heads.insert({layer, g});
        m_workspace->selection().selectHeads(heads, {layer, 0});
        m_window->showPage(u"plan"_s);
    });
    connect(&m_inspectPage->rule(), &InspectRule::planRequested, this, [this] { m_window->showPage(u"plan"_s); });
    connect(m_exchange.get(), &PlanExchange::comparisonRead, this, [this](const PlanValue& plan) { m_planPage->desk().compareWith(plan); });
    connect(m_exchange.get(), &PlanExchange::imported, m_workspace.get(), &Workspace::usePlan);
    connect(m_exchange.get(), &PlanExchange::passportRead, this,
            [this](const QString& path, const QString& text) { showPassport(m_window.get(), QFileInfo(path).fileName(), text); });
    connect(m_exchange.get(), &PlanExchange::exported, this, [this](const QString& path, const QStringList& notes) {
        m_window->notices().post({tr("Exported %1").arg(QFileInfo(path).fileName()), notes.join(u' ')});
        m_window->log().append(tr("Exported %1: %2").arg(path, notes.join(u' ')));
    });
    connect(m_exchange.get(), &PlanExchange::failed, this, [this](const QString& path, const JobError& error) {
        m_window->banners(m_window->currentPage()).post({tr("%1 cannot be read or written").arg(QFileInfo(path).fileName()), error.message});
        m_window->log().append(error.message, LogLevel::Error);
    });
}

void Workbench::openFile(const QString& title, const QString& filter, std::function<void(const QString&)> use) {
    auto* dialog = new QFileDialog(m_window.get(), title, {}, filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, std::move(use));
    dialog->open();
}

void Workbench::connectSearchPage(const QString& settingsFile) {
    SearchModel& model = m_searchPage->model();
    m_searchKeeper = std::make_unique<SearchKeeper>(model, QDir(dataFolder(settingsFile)).filePath(u"search.json"_s));
    if (!m_searchKeeper->lastProfile().isEmpty()) m_searchPage->offerProfile(m_searchKeeper->lastProfile());
    connect(m_searchKeeper.get(), &SearchKeeper::failed, this, [this](const QString& message) {
        Banner banner{tr("Search bounds are not kept"), message, {}, BannerKind::Warning};
        m_window->banners(u"search"_s).post(banner);
        m_window->log().append(message, LogLevel::Error);
    });
    connect(m_searchPage, &SearchPage::planRequested, this, [this] { m_window->showPage(u"plan"_s); });
    connect(m_searchPage, &SearchPage::passportRequested, this, [this] {
        openFile(tr("Bounds of a plan"), tr("Plans (*.json);;All files (*)"), [this](const QString& path) { m_exchange->readSearch(path); });
    });
    connect(m_exchange.get(), &PlanExchange::searchRead, this, [this, &model](const QString& path, const QByteArray& search) {
        if (const auto bounds = boundsOf(search)) return model.useBounds(*bounds);
        m_window->banners(u"search"_s).post({tr("%1 names no bounds").arg(QFileInfo(path).fileName()),
                                             tr("Its passport does not say under which bounds it was searched.")});
    });
}

QString Workbench::dataFolder(const QString& settingsFile) {
    // Beside a settings file of one's own; else where the system keeps a user's data.
    return settingsFile.isEmpty() ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) : QFileInfo(settingsFile).path();
}

void Workbench::startAutosave(const QString& settingsFile) {
    const QString base = dataFolder(settingsFile);
    m_autosave = std::make_unique<PlanAutosave>(*m_workspace, QDir(base).filePath(u"unsaved"_s));
    connect(m_autosave.get(), &PlanAutosave::failed, this, [this](const QString& message) {
        Banner banner{tr("Unsaved edits are not kept"), message, {}, BannerKind::Warning};
        m_window->banners(m_window->currentPage()).post(banner);
        m_window->log().append(message, LogLevel::Error);
    });
    if (!m_autosave->found()) return;
    const PlanBackup& backup = *m_autosave->found();
    Banner banner{tr("%1 has edits that were not saved").arg(backup.base.name),
                  tr("The program ended without saving them. They were kept at %1.").arg(QLocale().toString(backup.savedAt.toLocalTime(), QLocale::ShortFormat)),
                  {{tr("Restore edits"),
                    [this] {
                        m_autosave->restore();
                        m_window->showPage(u"plan"_s);
                    }},
                   {tr("Discard"), [this] { m_autosave->discard(); }}},
                  BannerKind::Warning};
    banner.hasLog = false;
    m_window->banners(m_window->currentPage()).post(banner);
}

} // namespace moa
