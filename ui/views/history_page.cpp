#include "ui/views/history_page.h"

#include "ui/viewmodels/history_text.h"
#include "ui/views/history_compare_panel.h"
#include "ui/views/history_lineage_panel.h"
#include "ui/views/history_run_panel.h"
#include "ui/views/history_runs_panel.h"
#include "ui/views/history_trend_panel.h"
#include "ui/views/panel_export.h"
#include "ui/widgets/history/facet_list.h"
#include "ui/widgets/history/trend_chart.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/theme.h"

#include <QAction>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeft = 232, kRight = 300;
constexpr int kLeastRun = 180, kLeastTrend = 200, kLeastLineage = 110; ///< px

} // namespace

HistoryPage::HistoryPage(Workspace& workspace, ActionRegistry& actions, QSettings* settings, QWidget* parent)
    : DockPage(parent), m_workspace(workspace), m_model(workspace.engine(), settings), m_files(m_model, workspace.engine().exports, *this) {
    m_runs = new HistoryRunsPanel(m_model, settings);
    setLeft(leftColumn(), kLeft);
    setCentre(centreColumn(actions));
    setRightWidth(kRight);
    rightColumn();
    connect(this, &DockPage::widthClassChanged, this, [this](WidthClass width) {
        m_runs->setNarrow(width != WidthClass::Wide);
        m_compare->setNarrow(width != WidthClass::Wide);
    });
    connect(&m_model, &HistoryModel::foundChanged, this, &HistoryPage::refresh);
    connect(&m_model, &HistoryModel::stateChanged, this, &HistoryPage::refresh);
    connect(&m_model, &HistoryModel::passportChanged, this, [this] {
        const auto passport = m_model.passport();
        if (!passport || passport->detail.summary.id.value != m_reopen) return;
        m_reopen = 0;
        emit reopenAsked(*passport);
    });
    refresh();
}

QWidget* HistoryPage::leftColumn() {
    auto* panel = new Panel(tr("Filter"));
    auto* clear = new QPushButton(tr("Clear"));
    clear->setProperty("small", true);
    clear->setToolTip(tr("Empties the query"));
    panel->addHeaderWidget(clear);
    panel->setBodyMargins(1);
    m_facets = new FacetList;
    panel->body()->addWidget(m_facets, 1);
    connect(clear, &QPushButton::clicked, &m_model, &HistoryModel::clearQuery);
    connect(m_facets, &FacetList::toggled, &m_model, &HistoryModel::toggleFacet);
    m_left = panel;
    return panel;
}

QWidget* HistoryPage::centreColumn(ActionRegistry& actions) {
    m_compare = new HistoryComparePanel(m_model);
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(m_runs, 5);
    column->addWidget(m_compare, 4);
    m_empty = new EmptyState(u"history"_s);
    if (QAction* action = actions.action(u"page.compare"_s)) {
        m_empty->setPrimary(tr("Run a comparison"), action->shortcut().toString());
        connect(m_empty, &EmptyState::primaryClicked, action, &QAction::trigger);
    }
    QPushButton* import = m_empty->addSecondary(tr("Open another history…"));
    if (QAction* open = actions.action(u"history.open_file"_s)) connect(import, &QPushButton::clicked, open, &QAction::trigger);
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_empty);
    m_stack->addWidget(centre);
    auto* exports = new QMenu(&m_runs->exportButton());
    m_runs->exportButton().setMenu(exports);
    m_runs->exportButton().setPopupMode(QToolButton::InstantPopup);
    connect(exports, &QMenu::aboutToShow, this, [this, exports] { m_files.fillMenu(exports); });
    connect(m_runs, &HistoryRunsPanel::importAsked, &m_files, &HistoryFiles::askImport);
    connect(m_runs, &HistoryRunsPanel::opened, this, &HistoryPage::reopen);
    for (Panel* panel : std::initializer_list<Panel*>{m_runs, m_compare}) new PanelExport(*panel, m_workspace);
    return m_stack;
}

void HistoryPage::rightColumn() {
    m_run = new HistoryRunPanel(m_model);
    m_trend = new HistoryTrendPanel(m_model);
    m_lineage = new HistoryLineagePanel(m_model);
    connect(m_runs, &HistoryRunsPanel::tagAsked, m_run, &HistoryRunPanel::focusTags);
    connect(m_run, &HistoryRunPanel::openAsked, this, [this] {
        if (m_model.current()) reopen(m_model.current()->value);
    });
    connect(m_run, &HistoryRunPanel::reportAsked, &m_files, &HistoryFiles::askReport);
    connect(m_lineage, &HistoryLineagePanel::queryAsked, &m_model, &HistoryModel::setQuery);
    for (Panel* panel : std::initializer_list<Panel*>{m_run, m_trend, m_lineage}) new PanelExport(*panel, m_workspace);
    // Their bodies scroll: three panels never ask for more than the column has.
    m_run->setMinimumHeight(kLeastRun);
    m_trend->setMinimumHeight(kLeastTrend);
    m_lineage->setMinimumHeight(kLeastLineage);
    addPanel(u"history.run"_s, m_run, 6);
    addPanel(u"history.trend"_s, m_trend, 3);
    addPanel(u"history.lineage"_s, m_lineage, 3);
}

void HistoryPage::showEvent(QShowEvent* event) {
    DockPage::showEvent(event);
    m_model.setActive(true);
}

void HistoryPage::hideEvent(QHideEvent* event) {
    DockPage::hideEvent(event);
    m_model.setActive(false);
}

void HistoryPage::focusQuery() {
    m_runs->focusQuery();
}

void HistoryPage::reopen(qint64 run) {
    if (m_model.passport() && m_model.passport()->detail.summary.id.value == run) return emit reopenAsked(*m_model.passport());
    m_reopen = run;
    m_model.show(RunId(run));
}

void HistoryPage::refresh() {
    const HistoryState state = m_model.reader().state();
    const bool nothing = m_model.found().all == 0;
    m_stack->setCurrentIndex(nothing ? 0 : 1);
    m_left->setVisible(!nothing);
    m_empty->setSentence(state == HistoryState::Off      ? tr("This session keeps no history (--no-db).")
                         : state == HistoryState::Failed ? m_model.reader().trouble()
                                                         : tr("Runs appear here by themselves."));
    refreshFacets();
}

void HistoryPage::refreshFacets() {
    std::vector<FacetEntry> entries;
    for (const Facet& facet : m_model.found().facets) {
        if (facet.values.empty()) continue;
        const QString field = QString::fromStdString(facet.field);
        entries.push_back({.field = field, .value = {}, .title = history_text::facetTitle(facet.field), .isHeading = true});
        for (const FacetValue& value : facet.values)
            entries.push_back({.field = field, .value = QString::fromStdString(value.value),
                               .title = history_text::facetValue(facet.field, value.value), .count = value.count, .isChosen = value.chosen});
    }
    m_facets->setEntries(std::move(entries));
}

} // namespace moa
