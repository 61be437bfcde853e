// One row a length: of the run while there is one, else of the profile that is open.
#include "ui/views/search_profile_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/views/profile_dialog.h"
#include "ui/widgets/search/progress_rows.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/eliding_label.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QDir>
#include <QLabel>
#include <QPushButton>
#include <QStandardPaths>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLengths[] = {1024, 2048, 4096}, kSamples = 16;

/// "0:21", "1:02:03".
QString clock(double seconds) {
    const int s = int(std::lround(seconds));
    return s < 3600 ? u"%1:%2"_s.arg(s / 60).arg(s % 60, 2, 10, QLatin1Char('0'))
                    : u"%1:%2:%3"_s.arg(s / 3600).arg(s / 60 % 60, 2, 10, QLatin1Char('0')).arg(s % 60, 2, 10, QLatin1Char('0'));
}

} // namespace

SearchProfilePanel::SearchProfilePanel(SearchModel& model, SearchMeasurements& measurements, ActionRegistry& actions, QWidget* parent)
    : Panel(tr("1  Profile"), parent), m_model(model), m_measurements(measurements), m_name(new ElidingLabel), m_calibration(new ElidingLabel), m_shape(new QLabel),
      m_mismatch(new QLabel), m_note(new QLabel), m_state(new Chip), m_run(new QPushButton(tr("Profile…"))), m_open(new QPushButton(tr("Open…"))),
      m_pause(new QPushButton), m_cancel(new QPushButton(tr("Cancel"))), m_resume(new QPushButton(tr("Resume"))), m_rows(new ProgressRows(tr("Profiled lengths"))) {
    for (QPushButton* button : {m_run, m_open, m_pause, m_cancel, m_resume}) button->setProperty("small", true);
    if (QAction* action = actions.action(u"profile.open"_s)) {
        m_open->setToolTip(action->toolTip());
        connect(m_open, &QPushButton::clicked, action, &QAction::trigger);
    }
    m_run->setToolTip(tr("Profiles the loaded model: choose set, lengths and samples"));
    m_cancel->setToolTip(tr("Keeps the samples that are finished"));
    m_resume->setToolTip(tr("Goes on with the last profile where it stood"));
    connect(m_run, &QPushButton::clicked, this, &SearchProfilePanel::ask);
    connect(m_resume, &QPushButton::clicked, &m_measurements, &SearchMeasurements::resume);
    connect(m_pause, &QPushButton::clicked, this, [this] {
        if (Job* job = m_measurements.job()) job->setPaused(job->state() != JobState::Paused);
    });
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (Job* job = m_measurements.job()) job->cancel();
    });
    for (QWidget* widget : std::initializer_list<QWidget*>{m_state, m_pause, m_cancel, m_resume, m_run, m_open}) addHeaderWidget(widget);
    body()->setSpacing(4);
    m_mismatch->setWordWrap(true);
    m_note->setWordWrap(true);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_name, m_calibration, m_shape, m_rows, m_note, m_mismatch}) body()->addWidget(widget);
    connect(&m_model, &SearchModel::subjectChanged, this, &SearchProfilePanel::refresh);
    connect(&m_model.workspace(), &Workspace::modelChanged, this, &SearchProfilePanel::refresh);
    for (const auto signal : {&SearchMeasurements::jobChanged, &SearchMeasurements::profiled})
        connect(&m_measurements, signal, this, &SearchProfilePanel::refreshRun);
    connect(&m_model.workspace(), &Workspace::loadedChanged, this, &SearchProfilePanel::refreshRun);
    connect(&Theme::instance(), &Theme::changed, this, &SearchProfilePanel::refresh);
    refresh();
}

ProfileWish SearchProfilePanel::firstWish() const {
    if (m_measurements.lastProfile()) return *m_measurements.lastProfile();
    ProfileWish wish;
    wish.samples = kSamples;
    const auto& model = m_model.workspace().model();
    for (const int length : kLengths)
        if (length <= model->config.context) wish.lengths.push_back(length);
    const QDir documents(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    wish.file = (documents.exists() ? documents : QDir::home()).filePath(model->name + u".moaprofile"_s);
    return wish;
}

void SearchProfilePanel::ask() {
    const auto& model = m_model.workspace().model();
    if (!model || !m_run->isEnabled()) return;
    auto* dialog = new ProfileDialog(firstWish(), int(model->config.context), window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { m_measurements.profile(dialog->wish()); });
    dialog->open();
}

void SearchProfilePanel::refreshRun() {
    const bool running = m_measurements.work() == SearchMeasurements::Work::Profile, resumes = m_measurements.canResume();
    const Job* job = m_measurements.job();
    const bool paused = running && job->state() == JobState::Paused, queued = running && job->state() == JobState::Queued;
    m_run->setVisible(!running);
    m_run->setEnabled(m_model.workspace().isLoaded() && job == nullptr);
    m_open->setVisible(!running && !resumes);
    m_pause->setVisible(running && !queued);
    m_cancel->setVisible(running);
    m_resume->setVisible(resumes);
    m_state->setVisible(running);
    m_pause->setText(paused ? tr("Resume") : tr("Pause"));
    if (running) {
        m_state->setText(job->isCancelling() ? tr("Stopping") : paused ? tr("Paused") : queued ? tr("Waiting") : tr("Running"));
        m_state->setTone(paused || queued ? ChipTone::Warn : ChipTone::Accent);
    }
    std::vector<ProgressRow> rows;
    if (running || resumes) {
        for (const ProfileStep& step : m_measurements.steps())
            rows.push_back({search_text::shortLength(step.length), tr("%1 of %2").arg(step.done).arg(step.samples),
                            step.seconds > 0 ? clock(step.seconds) : QString(), double(step.done) / std::max(step.samples, 1)});
    } else {
        for (const int length : m_model.subject().lengths) {
            const auto samples = m_model.subject().samples.find(length);
            rows.push_back({search_text::shortLength(length), samples == m_model.subject().samples.end() ? tr("given") : tr("%1 samples").arg(samples->second), {}, 1});
        }
    }
    m_rows->setRows(std::move(rows));
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    m_note->setVisible(running || resumes);
    m_note->setText(resumes ? tr("Stopped. What is finished is kept and can be used.") : tr("Finished lengths are already usable."));
}

void SearchProfilePanel::refresh() {
    const SearchSubject& subject = m_model.subject();
    const bool known = m_model.hasSubject();
    m_name->setText(known ? subject.name : tr("No profile yet"));
    m_name->setStyle(TextStyle::Key, known ? Role::Text : Role::Text2);
    m_calibration->setText(subject.calibration);
    m_calibration->setStyle(TextStyle::Caption, Role::Text3);
    m_calibration->setVisible(!subject.calibration.isEmpty());
    styleLabel(m_shape, TextStyle::Caption, Role::Text2);
    m_shape->setText(tr("%1 layers × %2 KV heads, sink %3").arg(subject.layers).arg(subject.kvHeads).arg(subject.sink));
    m_shape->setVisible(known);
    m_mismatch->setText(m_model.mismatch());
    m_mismatch->setVisible(!m_model.mismatch().isEmpty());
    styleLabel(m_mismatch, TextStyle::Caption, Role::Warn);
    refreshRun();
}

} // namespace moa
