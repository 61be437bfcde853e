// One length a job; its bars stay beside those of other lengths.
#include "ui/views/search_measured_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/views/search_lengths.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/search/measured_bars.h"
#include "ui/widgets/shell/painting.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

SearchMeasuredPanel::SearchMeasuredPanel(SearchModel& model, SearchMeasurements& measurements, QWidget* parent)
    : Panel(tr("Held-out lengths"), parent), m_model(model), m_measurements(measurements), m_length(new QComboBox),
      m_measure(new QPushButton(tr("Measure"))), m_cancel(new QPushButton(tr("Cancel"))), m_bars(new MeasuredBars), m_note(new QLabel) {
    m_length->setAccessibleName(tr("Length to measure at"));
    m_measure->setProperty("small", true);
    m_measure->setToolTip(tr("Loss of the best plan, the chosen one and the one in use, on texts of this length"));
    m_cancel->setProperty("small", true);
    m_cancel->setToolTip(tr("Keeps the samples that are finished"));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_length, m_measure, m_cancel}) addHeaderWidget(widget);
    scrollBody();
    body()->setSpacing(8);
    m_note->setWordWrap(true);
    body()->addWidget(m_bars);
    body()->addWidget(m_note);
    body()->addStretch(1);
    connect(m_measure, &QPushButton::clicked, this, [this] { emit measureAsked(m_length->currentData().toInt()); });
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (Job* job = m_measurements.job()) job->cancel();
    });
    for (const auto signal : {&SearchMeasurements::changed, &SearchMeasurements::jobChanged})
        connect(&m_measurements, signal, this, &SearchMeasuredPanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &SearchMeasuredPanel::refresh);
    refresh();
}

void SearchMeasuredPanel::refresh() {
    fillLengths(*m_length, m_measurements.heldOutLengths());
    const QString obstacle = m_measurements.obstacle();
    const bool running = m_measurements.work() == SearchMeasurements::Work::Losses;
    m_measure->setVisible(!running);
    m_measure->setEnabled(obstacle.isEmpty() && m_length->count() > 0 && m_model.best() != nullptr && m_measurements.job() == nullptr);
    m_cancel->setVisible(running);
    std::vector<MeasuredBar> bars;
    int samples = 0;
    const QString own = ownName(m_model);
    for (const MeasuredLoss& m : m_measurements.all()) {
        QString value = search_text::signedLoss(m.loss);
        if (m.samples > 1) value += tr(" ± %1").arg(search_text::loss(m.error));
        QString tip = tr("Measured on %1 samples of %2 tokens: answer loss %3, dense %4; %5 of %6 answers and %7% of the tokens kept.")
                          .arg(m.samples)
                          .arg(m.length)
                          .arg(paint::number(m.answerNll, 5), paint::number(m.denseAnswerNll, 5))
                          .arg(m.answers.right)
                          .arg(m.answers.asked)
                          .arg(paint::number(m.agreement * 100, 1));
        if (const qint64 run = m_measurements.run(m.ticket)) tip += u' ' + tr("Run %1.").arg(run);
        bars.push_back({tr("%1 · %2").arg(search_text::shortLength(m.length), m.name), value, m.loss, m.error, m.name == own,
                        m_measurements.isStale(m.name, m.plan), tip});
        samples = std::max(samples, m.samples);
    }
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    m_note->setText(bars.empty() ? (obstacle.isEmpty() ? tr("What a profile estimates, a measurement confirms: on texts of a length that was never profiled.") : obstacle)
                                 : tr("Measured loss over dense, nats per answer token, %1 samples, ± standard error.").arg(samples));
    m_bars->setVisible(!bars.empty());
    m_bars->setBars(std::move(bars));
}

int SearchMeasuredPanel::length() const {
    return m_length->currentData().toInt();
}

PanelContent SearchMeasuredPanel::content() const {
    return tableContent(u"held-out"_s, [this] {
        ExportTable table{{u"length_tokens"_s, u"plan"_s, u"samples"_s, u"loss_increase_nats_per_answer_token"_s, u"standard_error"_s, u"answer_nll"_s,
                           u"dense_answer_nll"_s, u"answers_kept"_s, u"answers"_s, u"tokens_kept_share"_s, u"stale"_s, u"run"_s},
                          {}};
        for (const MeasuredLoss& m : m_measurements.all())
            table.rows.append({QString::number(m.length), m.name, QString::number(m.samples), exactNumber(m.loss), exactNumber(m.error), exactNumber(m.answerNll),
                               exactNumber(m.denseAnswerNll), QString::number(m.answers.right), QString::number(m.answers.asked), exactNumber(m.agreement),
                               QString::number(int(m_measurements.isStale(m.name, m.plan))), QString::number(m_measurements.run(m.ticket))});
        return table;
    });
}

} // namespace moa
