// What the Plan page asks of the workbench: files of other programs, plans to compare with, passports, kept edits.
#include "app/gui/workbench.h"

#include "ui/views/inspect_page.h"
#include "ui/views/inspect_rule.h"
#include "ui/views/plan_import_dialog.h"
#include "ui/views/plan_page.h"
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
    add({.id = u"plan.passport"_s, .text = tr("Plan pass&port"), .menu = MenuId::View, .group = 45,
         .detail = tr("Which model, profile and search the open plan comes from")},
        [this] { m_exchange->readPassport(m_workspace->plan().path()); });
    add({.id = u"plan.compare"_s, .text = tr("Compare with another p&lan…"), .menu = MenuId::View, .group = 45}, [this] {
        auto* dialog = new QFileDialog(m_window.get(), tr("Compare with plan"), {}, tr("Plans (*.json);;All files (*)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setFileMode(QFileDialog::ExistingFile);
        connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
            m_exchange->readComparison(path, m_workspace->model() ? std::optional(m_workspace->model()->config.kvHeads) : std::nullopt);
            m_window->showPage(u"plan"_s);
        });
        dialog->open();
    });
}

void Workbench::connectPlanPage() {
    connect(m_planPage, &PlanPage::said, this, [this](const QString& text) { m_window->status().setIdleText(text); });
    connect(m_planPage, &PlanPage::comparisonRequested, m_window->actions().action(u"plan.compare"_s), &QAction::trigger);
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

void Workbench::startAutosave(const QString& settingsFile) {
    // Beside a settings file of one's own; else where the system keeps a user's data.
    const QString base = settingsFile.isEmpty() ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) : QFileInfo(settingsFile).path();
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
