#include "ui/views/history_trend_panel.h"

#include "ui/viewmodels/history_text.h"
#include "ui/widgets/history/trend_chart.h"
#include "ui/widgets/shell/painting.h"
#include "ui/widgets/shell/segmented_control.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

HistoryTrendPanel::HistoryTrendPanel(HistoryModel& model, QWidget* parent)
    : Panel(tr("Measure"), parent), m_model(model), m_measure(new QComboBox), m_over(new SegmentedControl(tr("Over"))), m_chart(new TrendChart),
      m_note(new QLabel), m_none(new QLabel), m_stack(new QStackedWidget) {
    m_measure->setAccessibleName(tr("Measure"));
    m_measure->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_measure->setMinimumContentsLength(6);
    m_over->addSegment(tr("Time"), tr("Over the time of the runs"));
    m_over->addSegment(tr("Plans"), tr("By the plan that was used"));
    addHeaderWidget(m_measure);
    addHeaderWidget(m_over);
    setBodyMargins(8);
    m_note->setTextFormat(Qt::PlainText);
    m_none->setTextFormat(Qt::PlainText);
    m_none->setAlignment(Qt::AlignCenter);
    m_none->setWordWrap(true);
    m_stack->addWidget(m_chart);
    m_stack->addWidget(m_none);
    body()->addWidget(m_stack, 1);
    body()->addWidget(m_note);
    connect(m_measure, &QComboBox::activated, this, [this](int index) { m_model.setMeasure(m_measure->itemData(index).toString().toStdString()); });
    connect(m_over, &SegmentedControl::chosen, this, &HistoryTrendPanel::refresh);
    connect(m_chart, &TrendChart::chosen, &m_model, [this](qint64 run) { m_model.show(RunId(run)); });
    for (const auto signal : {&HistoryModel::trendChanged, &HistoryModel::chosenChanged}) connect(&m_model, signal, this, &HistoryTrendPanel::refresh);
    connect(&m_model, &HistoryModel::foundChanged, this, &HistoryTrendPanel::refreshMeasures);
    connect(&Theme::instance(), &Theme::changed, this, &HistoryTrendPanel::refresh);
    refreshMeasures();
    refresh();
}

void HistoryTrendPanel::refreshMeasures() {
    const QSignalBlocker quiet(m_measure);
    QStringList names;
    for (const std::string& name : m_model.found().measures) names.append(QString::fromStdString(name));
    QStringList shown;
    for (int i = 0; i < m_measure->count(); ++i) shown.append(m_measure->itemData(i).toString());
    if (names != shown) {
        m_measure->clear();
        for (const QString& name : names) m_measure->addItem(history_text::measure(name.toStdString()), name);
    }
    m_measure->setCurrentIndex(m_measure->findData(QString::fromStdString(m_model.measure())));
}

QString HistoryTrendPanel::tipOf(const TrendPoint& point) const {
    QString tip = tr("Run %1, %2: %3").arg(point.run.value).arg(history_text::when(point.started), history_text::number(point.value));
    if (point.error) tip += u" ± "_s + history_text::number(*point.error);
    if (!m_model.trend().unit.empty()) tip += u' ' + history_text::plain(m_model.trend().unit, 20);
    if (point.length) tip += tr(", N %1").arg(history_text::tokens(*point.length));
    if (!point.planName.empty()) tip += u", "_s + history_text::plain(point.planName, 80);
    return tip;
}

void HistoryTrendPanel::refresh() {
    const Trend& trend = m_model.trend();
    const bool byPlan = m_over->current() == 1;
    m_measure->setCurrentIndex(m_measure->findData(QString::fromStdString(m_model.measure())));
    QStringList plans;
    std::vector<TrendMark> marks;
    for (const TrendPoint& point : trend.points) {
        double x = double(point.started.time_since_epoch().count()) / 86'400'000.0;
        if (byPlan) {
            const QString plan = point.planName.empty() ? tr("Dense") : history_text::plain(point.planName, 80);
            if (!plans.contains(plan)) plans.append(plan);
            x = double(plans.indexOf(plan));
        }
        const bool chosen = std::ranges::find(m_model.chosen(), point.run) != m_model.chosen().end();
        marks.push_back({point.run.value, x, point.value, point.error, tipOf(point), chosen});
    }
    m_stack->setCurrentIndex(marks.empty() ? 1 : 0);
    styleLabel(m_none, TextStyle::Table, Role::Text2);
    m_none->setText(m_model.found().measures.empty() ? tr("Measures appear here once a run has one.") : tr("No run of this list has this measure."));
    styleLabel(m_note, TextStyle::Caption, Role::Text3);
    QString note = tr("%1 values").arg(trend.points.size() + std::size_t(trend.omitted));
    if (!trend.unit.empty()) note += u", "_s + history_text::plain(trend.unit, 20);
    if (trend.omitted > 0) note += tr("; the newest %1").arg(trend.points.size());
    m_note->setText(note);
    m_note->setVisible(!marks.empty());
    m_chart->setMarks(std::move(marks), plans, history_text::measure(trend.measure));
}

} // namespace moa
