// A row a task and plan.
#include "ui/views/search_checks_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/views/search_lengths.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/search/check_rows.h"
#include "ui/widgets/shell/painting.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

CheckShare shareOf(const TaskScore& score) {
    return {score.accuracy(), score.low, score.high};
}

QString spoken(const TaskScore& score) {
    return SearchChecksPanel::tr("%1 of %2, 95% interval %3 to %4")
        .arg(score.right)
        .arg(score.asked)
        .arg(paint::number(score.low, 2), paint::number(score.high, 2));
}

} // namespace

SearchChecksPanel::SearchChecksPanel(SearchModel& model, SearchMeasurements& measurements, QWidget* parent)
    : Panel(tr("Task checks"), parent), m_model(model), m_measurements(measurements), m_length(new QComboBox), m_check(new QPushButton(tr("Check"))),
      m_cancel(new QPushButton(tr("Cancel"))), m_rows(new CheckRows), m_note(new QLabel) {
    m_length->setAccessibleName(tr("Length to check at"));
    m_check->setProperty("small", true);
    m_check->setToolTip(tr("Answers of the chosen plan and of the one in use on lines, facts and passkey, against dense attention"));
    m_cancel->setProperty("small", true);
    m_cancel->setToolTip(tr("Keeps the tasks that are finished"));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_length, m_check, m_cancel}) addHeaderWidget(widget);
    scrollBody();
    body()->setSpacing(8);
    m_note->setWordWrap(true);
    body()->addWidget(m_rows);
    body()->addWidget(m_note);
    body()->addStretch(1);
    connect(m_check, &QPushButton::clicked, this, [this] { emit checkAsked(m_length->currentData().toInt()); });
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (Job* job = m_measurements.job()) job->cancel();
    });
    for (const auto signal : {&SearchMeasurements::changed, &SearchMeasurements::jobChanged})
        connect(&m_measurements, signal, this, &SearchChecksPanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &SearchChecksPanel::refresh);
    refresh();
}

void SearchChecksPanel::refresh() {
    fillLengths(*m_length, m_measurements.heldOutLengths());
    const QString obstacle = m_measurements.obstacle();
    const bool running = m_measurements.work() == SearchMeasurements::Work::Checks;
    m_check->setVisible(!running);
    m_check->setEnabled(obstacle.isEmpty() && m_length->count() > 0 && !m_model.candidates().empty() && m_measurements.job() == nullptr);
    m_cancel->setVisible(running);
    std::vector<CheckRow> rows;
    const QString own = ownName(m_model);
    for (const TaskCheck& c : m_measurements.checks()) {
        QString tip = tr("Measured at %1 tokens. Dense: %2. %3: %4.").arg(c.length).arg(spoken(c.dense), c.name, spoken(c.score));
        if (const qint64 run = m_measurements.run(c.ticket)) tip += u' ' + tr("Run %1.").arg(run);
        rows.push_back({tr("%1 %2").arg(c.task, search_text::shortLength(c.length)), c.name, shareOf(c.dense), shareOf(c.score), c.name == own,
                        m_measurements.isStale(c.name, c.plan), tip});
    }
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    m_note->setText(rows.empty() ? (obstacle.isEmpty() ? tr("Whether the plan still finds what is far away: lines, facts and a passkey in long texts.") : obstacle)
                                 : tr("Share of right answers, measured, with 95% intervals; blue is dense."));
    m_rows->setVisible(!rows.empty());
    m_rows->setRows(std::move(rows));
}

PanelContent SearchChecksPanel::content() const {
    return tableContent(u"task-checks"_s, [this] {
        ExportTable table{{u"task"_s, u"length_tokens"_s, u"plan"_s, u"asked"_s, u"dense_right"_s, u"right"_s, u"low95"_s, u"high95"_s, u"stale"_s, u"run"_s}, {}};
        for (const TaskCheck& c : m_measurements.checks())
            table.rows.append({c.task, QString::number(c.length), c.name, QString::number(c.score.asked), QString::number(c.dense.right),
                               QString::number(c.score.right), exactNumber(c.score.low), exactNumber(c.score.high),
                               QString::number(int(m_measurements.isStale(c.name, c.plan))), QString::number(m_measurements.run(c.ticket))});
        return table;
    });
}

} // namespace moa
