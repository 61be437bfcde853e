// One row a profiled length.
#include "ui/views/search_profile_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/eliding_label.h"
#include "ui/widgets/shell/painting.h"

#include <QAction>
#include <QFileDialog>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLengths[] = {1024, 2048, 4096}, kSamples = 8;

} // namespace

SearchProfilePanel::SearchProfilePanel(SearchModel& model, SearchMeasurements& measurements, ActionRegistry& actions, QWidget* parent)
    : Panel(tr("1  Profile"), parent), m_model(model), m_measurements(measurements), m_name(new ElidingLabel), m_calibration(new ElidingLabel), m_shape(new QLabel),
      m_mismatch(new QLabel), m_run(new QPushButton(tr("Profile…"))), m_progress(new QLabel), m_lengths(new QWidget), m_rows(new QGridLayout(m_lengths)) {
    auto* open = new QPushButton(tr("Open…"));
    open->setProperty("small", true);
    if (QAction* action = actions.action(u"profile.open"_s)) {
        open->setToolTip(action->toolTip());
        connect(open, &QPushButton::clicked, action, &QAction::trigger);
    }
    m_run->setProperty("small", true);
    m_run->setToolTip(tr("Profiles the loaded model; a file with finished samples is gone on with, pause and Cancel are in the status bar"));
    connect(m_run, &QPushButton::clicked, this, &SearchProfilePanel::ask);
    addHeaderWidget(m_run);
    addHeaderWidget(open);
    body()->setSpacing(4);
    m_mismatch->setWordWrap(true);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_name, m_calibration, m_shape, m_lengths, m_progress, m_mismatch}) body()->addWidget(widget);
    m_rows->setContentsMargins(0, 4, 0, 0);
    m_rows->setHorizontalSpacing(12);
    m_rows->setVerticalSpacing(2);
    m_rows->setColumnStretch(1, 1);
    connect(&m_model, &SearchModel::subjectChanged, this, &SearchProfilePanel::refresh);
    connect(&m_model.workspace(), &Workspace::modelChanged, this, &SearchProfilePanel::refresh);
    connect(&m_measurements, &SearchMeasurements::jobChanged, this, &SearchProfilePanel::refreshJob);
    connect(&m_model.workspace(), &Workspace::loadedChanged, this, &SearchProfilePanel::refreshJob);
    connect(&Theme::instance(), &Theme::changed, this, &SearchProfilePanel::refresh);
    refresh();
}

void SearchProfilePanel::ask() {
    auto* dialog = new QFileDialog(this, tr("Profile into"), {}, tr("Profiles (*.moaprofile)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(u"moaprofile"_s);
    dialog->setOption(QFileDialog::DontConfirmOverwrite); // an earlier profile is added to, never overwritten
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
        std::vector<int> lengths;
        const int context = m_model.workspace().model() ? int(m_model.workspace().model()->config.context) : 0;
        for (const int length : kLengths)
            if (length <= context) lengths.push_back(length);
        m_measurements.profile(file, lengths, kSamples);
    });
    dialog->open();
}

void SearchProfilePanel::refreshJob() {
    const Job* job = m_measurements.job();
    m_run->setEnabled(m_model.workspace().isLoaded() && job == nullptr);
    m_progress->setVisible(job != nullptr);
    styleLabel(m_progress, TextStyle::Caption, Role::Text2);
    if (job != nullptr)
        m_progress->setText(tr("%1: %2 of %3. Finished lengths can be used.").arg(job->title()).arg(job->progress().done).arg(job->progress().total));
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
    while (QLayoutItem* item = m_rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    int row = 0;
    for (const int length : subject.lengths) {
        auto* name = new QLabel(search_text::shortLength(length));
        const auto samples = subject.samples.find(length);
        auto* count = new QLabel(samples == subject.samples.end() ? tr("given") : tr("%1 samples").arg(samples->second));
        m_rows->addWidget(name, row, 0);
        m_rows->addWidget(count, row++, 1);
        styleLabel(name, TextStyle::Key, Role::Text);
        styleLabel(count, TextStyle::Table, Role::Text2);
        name->setToolTip(tr("%1 tokens").arg(length));
    }
    refreshJob();
}

} // namespace moa
