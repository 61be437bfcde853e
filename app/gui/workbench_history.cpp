// The History page in the window: its actions, what opens where, and what is said when the history cannot be read.
#include "app/gui/workbench.h"

#include "ui/viewmodels/history_text.h"
#include "ui/views/history_page.h"
#include "ui/views/history_run_panel.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notices.h"

#include <QFileDialog>
#include <QFileInfo>

namespace moa {

using namespace Qt::StringLiterals;

void Workbench::addHistoryActions() {
    ActionRegistry& actions = m_window->actions();
    const auto add = [&](const ActionSpec& spec, std::function<void()> run) { m_window->addAction(actions.add(spec, std::move(run))); };
    add({.id = u"view.filter"_s, .text = tr("&Filter runs"), .menu = MenuId::Edit, .shortcut = QKeySequence(Qt::CTRL | Qt::Key_F),
         .icon = u"filter"_s, .group = 40, .detail = tr("The query of the History page")},
        [this] {
            m_window->showPage(u"history"_s);
            m_historyPage->focusQuery();
        });
    add({.id = u"history.open_file"_s, .text = tr("Open &history…"), .menu = MenuId::File, .group = 10,
         .detail = tr("Another history file, to be read and added to")},
        [this] {
            auto* dialog = new QFileDialog(m_window.get(), tr("Open history"), {}, tr("Histories (*.sqlite *.db);;All files (*)"));
            dialog->setAttribute(Qt::WA_DeleteOnClose);
            dialog->setFileMode(QFileDialog::ExistingFile);
            connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
                m_engine->historyReader.open(file);
                m_window->showPage(u"history"_s);
            });
            dialog->open();
        });
    add({.id = u"history.reproduce"_s, .text = tr("Re&produce run"), .menu = MenuId::Run, .icon = u"refresh"_s, .group = 20,
         .detail = tr("Repeats the chosen run of the history and reports what differs")},
        [this] { m_historyPage->model().reproduce(); });
}

void Workbench::connectHistoryPage() {
    connect(m_historyPage, &HistoryPage::reopenAsked, this, &Workbench::reopen);
    HistoryModel& model = m_historyPage->model();
    connect(&model, &HistoryModel::problem, this, [this](const QString& title, const QString& text) {
        m_window->banners(u"history"_s).post({title, text});
        m_window->log().append(title + u": "_s + text, LogLevel::Error);
    });
    connect(&model, &HistoryModel::notice, this, [this](const QString& title, const QString& text) {
        m_window->notices().post({title, text});
        m_window->log().append(title + u": "_s + text);
    });
    connect(&m_engine->historyReader, &HistoryReader::planRead, this, [this](const PlanValue& plan) {
        m_workspace->usePlan(plan);
        m_window->showPage(m_reopenPage);
    });
    connect(&m_engine->historyReader, &HistoryReader::stateChanged, this, &Workbench::tellHistoryState);
    connect(&m_engine->history, &HistoryService::wentToMemory, this, &Workbench::tellMemory);
    connect(&m_engine->history, &HistoryService::savedMemory, this, [this](const QString& path) {
        m_window->notices().post({tr("Saved %1").arg(QFileInfo(path).fileName()), tr("The runs of this session; History imports them again.")});
    });
    const auto refresh = [this] {
        const QString obstacle = m_historyPage->model().reproduceObstacle();
        m_window->actions().setEnabled(u"history.reproduce"_s, obstacle.isEmpty(), obstacle);
    };
    for (const auto signal : {&HistoryModel::passportChanged, &HistoryModel::reproducingChanged, &HistoryModel::stateChanged}) connect(&model, signal, this, refresh);
    refresh();
}

void Workbench::tellMemory(const std::shared_ptr<MemoryHistory>& memory, const QString& why) {
    const BannerAction show{tr("Show them"), [this, memory] {
                                m_engine->historyReader.openMemory(memory);
                                m_window->showPage(u"history"_s);
                            }, {}, false};
    const BannerAction save{tr("Save them as…"), [this] {
                                auto* dialog = new QFileDialog(m_window.get(), tr("Save runs"), {}, tr("Histories (*.sqlite)"));
                                dialog->setAttribute(Qt::WA_DeleteOnClose);
                                dialog->setAcceptMode(QFileDialog::AcceptSave);
                                dialog->setDefaultSuffix(u"sqlite"_s);
                                connect(dialog, &QFileDialog::fileSelected, &m_engine->history, &HistoryService::saveMemory);
                                dialog->open();
                            }, {}, false};
    const Banner banner{tr("The history cannot be written; runs are kept in memory until the window closes"), why, {show, save}, BannerKind::Warning};
    const QString page = m_window->currentPage();
    m_window->banners(page).post(banner);
    if (page != u"history"_s) m_window->banners(u"history"_s).post(banner);
    m_window->log().append(tr("The history cannot be written, runs are kept in memory: %1").arg(why), LogLevel::Error);
}

void Workbench::tellHistoryState() {
    BannerArea& banners = m_window->banners(u"history"_s);
    if (m_historyBanner != 0) banners.dismiss(m_historyBanner);
    m_historyBanner = 0;
    const HistoryReader& reader = m_engine->historyReader;
    const BannerAction another{tr("Open another…"), [this] { m_window->actions().action(u"history.open_file"_s)->trigger(); }};
    if (reader.state() == HistoryState::ReadOnly)
        m_historyBanner = banners.post({tr("This history was written by a newer version"),
                                        tr("It is open read-only: everything can be found and compared, tags and notes cannot be changed."),
                                        {another}, BannerKind::Warning, false});
    if (reader.state() == HistoryState::Failed) {
        m_historyBanner = banners.post({tr("The history cannot be read"), reader.trouble(), {another}});
        m_window->log().append(tr("The history cannot be read: %1").arg(reader.trouble()), LogLevel::Error);
    }
}

void Workbench::reopen(const RunPassport& passport) {
    const RunDetail& run = passport.detail;
    const QString number = QString::number(run.summary.id.value), kind = history_text::kind(run.summary.command);
    const auto refuse = [&](const QString& why) {
        m_window->banners(u"history"_s).post({tr("Run %1 was not opened").arg(number), why, {}, BannerKind::Warning, false});
    };
    const bool fromProfile = run.summary.command == "profile" || run.summary.command == "search";
    if (fromProfile && run.profile) {
        const QString path = QString::fromStdString(run.profile->path);
        if (!QFileInfo::exists(path)) return refuse(tr("Its profile is not at %1 any more.").arg(history_text::plain(run.profile->path)));
        m_workspace->openProfile(path);
        return m_window->showPage(u"search"_s);
    }
    if (run.plan) {
        m_reopenPage = run.summary.command == "compare" ? u"compare"_s : u"plan"_s;
        return m_engine->historyReader.readPlan(run.summary.id);
    }
    refuse(run.prompt && !run.prompt->text
               ? tr("%1: only the hash of its prompt is kept. Open the prompt again to look into it.").arg(kind)
               : tr("%1: it used no plan and no profile that a page could show.").arg(kind));
}

} // namespace moa
