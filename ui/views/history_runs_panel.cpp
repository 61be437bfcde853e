#include "ui/views/history_runs_panel.h"

#include "ui/viewmodels/history_text.h"
#include "ui/widgets/history/query_line.h"
#include "ui/widgets/history/run_table.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/shell/painting.h"

#include <QAbstractItemView>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QScrollBar>
#include <QSettings>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

const QString kColumnsKey = u"history/columns"_s;

} // namespace

HistoryRunsPanel::HistoryRunsPanel(HistoryModel& model, QSettings* settings, QWidget* parent)
    : Panel(tr("History"), parent), m_model(model), m_settings(settings), m_rows(model), m_field(new QueryLine), m_fault(new QLabel),
      m_table(new RunTable({HistoryTableModel::IconRole, HistoryTableModel::ToneRole, HistoryTableModel::PrefixRole, HistoryTableModel::WidestRole,
                            HistoryTableModel::Result + 1, HistoryTableModel::Subject, &HistoryTableModel::isSortable})),
      m_stack(new QStackedWidget), m_none(new EmptyState(u"filter"_s)) {
    m_columns = menuButton(tr("Columns"), u"chevron-down"_s);
    m_export = menuButton(tr("Export"), u"export"_s);
    m_import = menuButton(tr("Import"), u"open"_s);
    m_import->setToolTip(tr("Add the runs of an export or of another history"));
    connect(m_import, &QToolButton::clicked, this, &HistoryRunsPanel::importAsked);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_field, m_columns, m_export, m_import}) addHeaderWidget(widget);
    auto* columns = new QMenu(m_columns);
    m_columns->setMenu(columns);
    m_columns->setPopupMode(QToolButton::InstantPopup);
    connect(columns, &QMenu::aboutToShow, this, [this, columns] { m_table->fillColumnMenu(columns); });
    setBodyMargins(1);
    m_fault->setTextFormat(Qt::PlainText);
    m_fault->setWordWrap(true);
    m_fault->setContentsMargins(metrics::kPad, 6, metrics::kPad, 6);
    m_fault->hide();
    m_table->setModel(&m_rows);
    m_none->setPrimary(tr("Clear filters"));
    m_stack->addWidget(m_table);
    m_stack->addWidget(m_none);
    body()->addWidget(m_fault);
    body()->addWidget(m_stack, 1);
    connect(m_none, &EmptyState::primaryClicked, this, [this] { m_model.clearQuery(); });
    connect(m_field, &QueryLine::queryTyped, &m_model, &HistoryModel::setQuery);
    connect(m_field, &QueryLine::committed, &m_model, [this] {
        m_model.rememberQuery();
        m_field->setRecent(m_model.recentQueries());
    });
    connect(m_field, &QueryLine::completionsAsked, &m_model.reader(), &HistoryReader::complete);
    connect(&m_model.reader(), &HistoryReader::completions, m_field, [this](const QString& query, const QStringList& texts) {
        if (query == m_field->text() && !query.isEmpty()) m_field->offer(texts);
    });
    m_field->setRecent(m_model.recentQueries());
    connect(&m_model, &HistoryModel::queryChanged, this, [this] {
        m_field->setQuery(m_model.query());
        m_field->setRecent(m_model.recentQueries());
    });
    connect(&m_model, &HistoryModel::foundChanged, this, &HistoryRunsPanel::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &HistoryRunsPanel::refreshFault);
    connectTable();
    if (m_settings != nullptr) m_table->restoreLayout(m_settings->value(kColumnsKey).toByteArray());
    refresh();
}

QToolButton* HistoryRunsPanel::menuButton(const QString& text, const QString& icon) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setAccessibleName(text);
    button->setProperty("outlined", true);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    const auto restyle = [button, icon] { button->setIcon(Theme::instance().icon(icon)); };
    connect(&Theme::instance(), &Theme::changed, button, restyle);
    restyle();
    return button;
}

void HistoryRunsPanel::connectTable() {
    connect(m_table, &RunTable::selectionChangedByUser, this, &HistoryRunsPanel::takeSelection);
    connect(m_table, &RunTable::rowOpened, this, [this](int row) { emit opened(m_rows.runAt(row).value); });
    connect(m_table, &RunTable::tagAsked, this, &HistoryRunsPanel::tagAsked);
    connect(m_table, &RunTable::baselineAsked, this, [this](int row) { m_model.setBaseline(m_rows.runAt(row)); });
    connect(m_table, &RunTable::layoutChangedByUser, this, [this] {
        if (m_settings != nullptr) m_settings->setValue(kColumnsKey, m_table->layoutState());
    });
    // What is looked at stays where it is when runs are added above it.
    connect(&m_rows, &QAbstractItemModel::modelAboutToBeReset, this, [this] {
        const bool atTop = m_table->verticalScrollBar()->value() == 0;
        const int first = m_table->rowAt(0);
        m_table->setProperty("topRun", atTop || first < 0 || first >= m_rows.rowCount() ? qlonglong(0) : qlonglong(m_rows.runAt(first).value));
    });
    connect(&m_rows, &QAbstractItemModel::modelReset, this, [this] {
        reselect();
        const qlonglong top = m_table->property("topRun").toLongLong();
        const int row = top > 0 ? m_rows.rowOf(RunId(top)) : -1;
        if (row >= 0) m_table->scrollTo(m_rows.index(row, 0), QAbstractItemView::PositionAtTop);
    });
    connect(&m_model, &HistoryModel::chosenChanged, this, &HistoryRunsPanel::reselect);
}

void HistoryRunsPanel::takeSelection() {
    const QList<int> rows = m_table->selectedRows();
    std::vector<RunId> runs;
    runs.reserve(std::size_t(rows.size()));
    for (const int row : rows) runs.push_back(m_rows.runAt(row));
    std::optional<RunId> current;
    const int now = m_table->currentIndex().row();
    if (now >= 0 && rows.contains(now))
        current = m_rows.runAt(now);
    else if (!runs.empty())
        current = runs.front();
    m_model.choose(std::move(runs), current);
}

void HistoryRunsPanel::reselect() {
    QList<int> rows;
    int current = -1;
    constexpr std::size_t kMostSought = 1000; // a selection of everything is the table's own
    if (m_model.chosen().size() > kMostSought) return;
    for (const RunId run : m_model.chosen()) {
        const int row = m_rows.rowOf(run);
        if (row < 0) continue;
        rows.append(row);
        if (m_model.current() == run) current = row;
    }
    if (rows == m_table->selectedRows() && (current < 0 || current == m_table->currentIndex().row())) return;
    m_table->selectRows(rows, current);
    if (current >= 0 && m_model.chosen().size() == 1) m_table->scrollTo(m_rows.index(current, 0));
}

void HistoryRunsPanel::refresh() {
    const HistoryFound& found = m_model.found();
    const qint64 shown = qint64(found.runs->size());
    const QString all = QLocale().toString(found.all);
    setNote(shown == found.all ? tr("%1 runs").arg(all) : tr("%1 of %2 runs").arg(QLocale().toString(shown), all));
    const bool none = shown == 0 && found.all > 0;
    if (none) m_none->setSentence(tr("No run matches. %1 are hidden.").arg(all));
    m_stack->setCurrentIndex(none ? 1 : 0);
    m_export->setEnabled(shown > 0);
    m_import->setEnabled(m_model.canWrite());
    refreshFault();
}

void HistoryRunsPanel::refreshFault() {
    const std::optional<QueryFault>& fault = m_model.found().fault;
    m_fault->setVisible(fault.has_value());
    m_field->setFault(fault ? fault->begin : 0, fault ? fault->end : 0);
    if (!fault) return;
    styleLabel(m_fault, TextStyle::Table, Role::Error);
    m_fault->setText(tr("At %1: %2; %3.").arg(fault->begin + 1).arg(history_text::plain(fault->message.toStdString()), history_text::plain(fault->remedy.toStdString())));
}

void HistoryRunsPanel::setNarrow(bool narrow) {
    for (QToolButton* button : {m_columns, m_export, m_import})
        button->setToolButtonStyle(narrow ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
}

void HistoryRunsPanel::focusQuery() {
    m_field->setFocus(Qt::ShortcutFocusReason);
    m_field->selectAll();
}

} // namespace moa
