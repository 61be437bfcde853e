#include "ui/views/history_compare_panel.h"

#include "ui/widgets/history/compare_table.h"
#include "ui/widgets/shell/painting.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

HistoryComparePanel::HistoryComparePanel(HistoryModel& model, QWidget* parent)
    : Panel(tr("Compare"), parent), m_model(model), m_rows(model), m_table(new CompareTable), m_stack(new QStackedWidget), m_hint(new QLabel),
      m_counts(new QLabel), m_differences(new QCheckBox(tr("Differences only"))), m_baseline(new QComboBox), m_copy(new QPushButton(tr("Copy as Markdown"))) {
    m_differences->setChecked(m_rows.differencesOnly());
    m_differences->setToolTip(tr("Hides fields that are equal in all runs"));
    m_baseline->setAccessibleName(tr("Baseline"));
    m_baseline->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_baseline->setToolTip(tr("What the others are measured against; also by a right click on a column"));
    m_copy->setProperty("small", true);
    m_copy->setToolTip(tr("The table with run numbers, to be pasted in a report"));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_differences, m_counts, m_baseline, m_copy}) addHeaderWidget(widget);
    setBodyMargins(1);
    m_table->setModel(&m_rows);
    m_hint->setAlignment(Qt::AlignCenter);
    m_hint->setWordWrap(true);
    m_stack->addWidget(m_hint);
    m_stack->addWidget(m_table);
    body()->addWidget(m_stack, 1);
    connect(m_differences, &QCheckBox::toggled, this, [this](bool on) {
        m_rows.setDifferencesOnly(on);
        refresh();
    });
    connect(m_baseline, &QComboBox::activated, this, [this](int index) { m_model.setBaseline(RunId(m_baseline->itemData(index).toLongLong())); });
    connect(m_table, &CompareTable::baselineAsked, this, [this](int column) {
        if (const auto run = m_rows.runOf(column)) m_model.setBaseline(*run);
    });
    connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_model.comparisonMarkdown(m_rows.differencesOnly())); });
    connect(&m_model, &HistoryModel::comparisonChanged, this, &HistoryComparePanel::refresh);
    connect(&m_model, &HistoryModel::chosenChanged, this, &HistoryComparePanel::refreshHint);
    connect(&Theme::instance(), &Theme::changed, this, &HistoryComparePanel::refresh);
    refresh();
}

void HistoryComparePanel::setNarrow(bool narrow) {
    m_copy->setText(narrow ? tr("Copy") : tr("Copy as Markdown"));
    m_differences->setText(narrow ? tr("Differences") : tr("Differences only"));
    m_isNarrow = narrow;
    refresh();
    m_copy->setAccessibleName(tr("Copy as Markdown"));
}

void HistoryComparePanel::refreshHint() {
    const std::size_t chosen = m_model.chosen().size();
    styleLabel(m_hint, TextStyle::Table, Role::Text2);
    m_hint->setText(chosen > kMostCompared ? tr("%1 runs are chosen; up to %2 are compared.").arg(chosen).arg(kMostCompared)
                                           : tr("Choose 2 to %1 runs with Ctrl or Shift to compare them.").arg(kMostCompared));
}

void HistoryComparePanel::refresh() {
    const auto comparison = m_model.comparison();
    const bool has = comparison != nullptr;
    setTitle(has ? tr("Compare %1 runs").arg(comparison->runs.size()) : tr("Compare"));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_differences, m_baseline, m_copy}) widget->setVisible(has);
    m_counts->setVisible(has && !m_isNarrow);
    refreshHint();
    m_stack->setCurrentIndex(has ? 1 : 0);
    if (!has) return;
    styleLabel(m_counts, TextStyle::Table, Role::Text2);
    m_counts->setText(tr("%1 of %2 fields").arg(m_rows.different()).arg(m_rows.all()));
    const QSignalBlocker quiet(m_baseline);
    m_baseline->clear();
    for (const RunSummary& run : comparison->runs) m_baseline->addItem(m_isNarrow ? u"#%1"_s.arg(run.id.value) : tr("Baseline #%1").arg(run.id.value), qlonglong(run.id.value));
    m_baseline->setCurrentIndex(int(comparison->baseline));
}

} // namespace moa
