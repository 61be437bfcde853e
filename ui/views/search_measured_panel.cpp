// One length a job; its bars stay beside those of other lengths.
#include "ui/views/search_measured_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/search/measured_bars.h"
#include "ui/widgets/shell/painting.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
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
    const QSignalBlocker quiet(m_length);
    const int chosen = m_length->currentData().toInt();
    m_length->clear();
    for (const int length : m_measurements.heldOutLengths()) m_length->addItem(search_text::shortLength(length), length);
    m_length->setCurrentIndex(std::max(m_length->findData(chosen), 0));
    const QString obstacle = m_measurements.obstacle();
    const bool running = m_measurements.job() != nullptr;
    m_length->setVisible(m_length->count() > 0);
    m_measure->setVisible(!running);
    m_measure->setEnabled(obstacle.isEmpty() && m_length->count() > 0 && m_model.best() != nullptr);
    m_cancel->setVisible(running);
    std::vector<MeasuredBar> bars;
    int samples = 0;
    for (const MeasuredLoss& m : m_measurements.all()) {
        QString value = paint::signedNumber(m.loss, 4);
        if (m.samples > 1) value += tr(" ± %1").arg(search_text::loss(m.error));
        const SearchCandidate* best = m_model.candidates().empty() ? nullptr : &m_model.candidates().back();
        const bool own = best != nullptr && best->kind == SearchCandidate::Kind::Document && best->name == m.name;
        bars.push_back({tr("%1 · %2").arg(search_text::shortLength(m.length), m.name), value, m.loss, m.error, own, m_measurements.isStale(m)});
        samples = std::max(samples, m.samples);
    }
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    m_note->setText(bars.empty() ? (obstacle.isEmpty() ? tr("What a profile estimates, a measurement confirms: on texts of a length that was never profiled.") : obstacle)
                                 : tr("Measured loss over dense, nats per answer token, %1 samples, ± standard error.").arg(samples));
    m_bars->setVisible(!bars.empty());
    m_bars->setBars(std::move(bars));
}

} // namespace moa
