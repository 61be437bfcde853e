// Columns, and the one choice that chart, table and result share.
#include "ui/views/search_page.h"

#include "ui/views/panel_export.h"
#include "ui/views/search_bounds_panel.h"
#include "ui/views/search_checks_panel.h"
#include "ui/views/search_export.h"
#include "ui/views/search_front_panel.h"
#include "ui/views/search_measured_panel.h"
#include "ui/views/search_profile_panel.h"
#include "ui/views/search_result_panel.h"
#include "ui/views/search_solve_panel.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/search/candidate_table.h"
#include "ui/widgets/search/front_chart.h"
#include "ui/widgets/search/price_rows.h"
#include "ui/widgets/shell/accessible_roles.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QAction>
#include <QFileInfo>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <map>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeft = 330, kRight = 332, kSamples = 8, kPrompts = 5;

} // namespace

SearchPage::SearchPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : DockPage(parent), m_workspace(workspace), m_model(workspace), m_rows(m_model), m_measurements(m_model) {
    setLeft(leftColumn(actions), kLeft);
    setCentre(centreColumn());
    makeEmptyState(actions);
    setRightWidth(kRight);
    connect(this, &DockPage::widthClassChanged, m_front, [this](WidthClass width) {
        m_front->setNarrow(width != WidthClass::Wide);
        for (QPushButton* button : {m_explore, m_open}) button->setVisible(width == WidthClass::Wide);
    });
    rightColumn();
    for (const auto signal : {&SearchModel::candidatesChanged, &SearchModel::bestChanged, &SearchModel::subjectChanged, &SearchModel::boundsChanged})
        connect(&m_model, signal, this, &SearchPage::refresh);
    for (const auto signal : {&Workspace::modelChanged, &Workspace::loadedChanged, &Workspace::captureChanged, &Workspace::lengthChanged})
        connect(&workspace, signal, this, &SearchPage::refresh);
    for (const auto signal : {&SearchMeasurements::changed, &SearchMeasurements::jobChanged})
        connect(&m_measurements, signal, this, &SearchPage::refreshMeasured);
    connect(&Theme::instance(), &Theme::changed, this, &SearchPage::refresh);
    refresh();
}

QWidget* SearchPage::leftColumn(ActionRegistry& actions) {
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    m_profile = new SearchProfilePanel(m_model, m_measurements, actions);
    m_bounds = new SearchBoundsPanel(m_model);
    m_solver = new SearchSolvePanel(m_model);
    connect(m_bounds->menu()->addAction(tr("Bounds of a plan's passport…")), &QAction::triggered, this, &SearchPage::passportRequested);
    connect(m_bounds->menu()->addAction(tr("Reset bounds")), &QAction::triggered, this, [this] { m_model.setBounds({}); });
    m_bounds->menu()->addSeparator();
    column->addWidget(m_profile);
    column->addWidget(m_bounds);
    column->addWidget(m_solver, 1);
    column->addStretch(0);
    for (Panel* panel : std::initializer_list<Panel*>{m_profile, m_bounds, m_solver}) new PanelExport(*panel, m_workspace);
    auto* area = new QScrollArea;
    area->setProperty(kRoleProperty, int(QAccessible::Pane));
    area->setAccessibleName(tr("Profile, bounds, solver"));
    area->setWidgetResizable(true);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setFrameShape(QFrame::NoFrame);
    area->viewport()->setAutoFillBackground(false);
    content->setAutoFillBackground(false);
    area->setWidget(content);
    return area;
}

QWidget* SearchPage::plansPanel() {
    auto* plans = new Panel(tr("Candidate plans"));
    plans->setBodyMargins(0);
    m_table = new CandidateTable({SearchTableModel::IsBestRole, SearchTableModel::IsBrokenRole, SearchTableModel::IsOwnRole});
    m_table->setModel(&m_rows);
    plans->body()->addWidget(m_table);
    m_explore = new QPushButton(tr("Explore lengths"));
    m_explore->setToolTip(tr("Plans of the Pareto set over the losses at all profiled lengths, within these bounds"));
    m_open = new QPushButton(tr("Open in Plan"));
    m_open->setToolTip(tr("Makes the chosen plan the one in use and shows it (double click)"));
    m_validate = new QPushButton;
    m_validate->setProperty("primary", true);
    m_validate->setToolTip(tr("Measures the chosen plans at the held-out length; Ctrl and Shift, or a drag over points, choose several"));
    for (QPushButton* button : {m_explore, m_open, m_validate}) {
        button->setProperty("small", true);
        plans->addHeaderWidget(button);
    }
    // Also where the header has no room for them.
    connect(plans->menu()->addAction(m_explore->text()), &QAction::triggered, m_explore, &QPushButton::click);
    connect(plans->menu()->addAction(m_open->text()), &QAction::triggered, m_open, &QPushButton::click);
    plans->menu()->addSeparator();
    new PanelExport(*plans, m_workspace, [this] { return searchCandidatesContent(m_model); });
    connect(m_explore, &QPushButton::clicked, &m_model, [this] { m_model.solve(true); });
    connect(m_open, &QPushButton::clicked, this, &SearchPage::openChosen);
    connect(m_validate, &QPushButton::clicked, this, [this] { measure(m_measured->length()); });
    connect(m_table, &CandidateTable::rowChosen, this, [this](int row) {
        m_chosen = m_rows.nameOf(row); // what else is selected follows
        refresh();
    });
    connect(m_table, &CandidateTable::selectionChosen, this, [this] {
        QStringList names;
        for (const int row : m_table->selectedRows()) names << m_rows.nameOf(row);
        chooseMany(names);
    });
    connect(m_table, &CandidateTable::rowApplied, this, [this](int row) { apply(m_rows.nameOf(row)); });
    connect(m_table, &CandidateTable::rowOpened, this, [this](int row) {
        if (apply(m_rows.nameOf(row))) emit planRequested();
    });
    return plans;
}

QWidget* SearchPage::centreColumn() {
    m_front = new SearchFrontPanel(m_model);
    new PanelExport(*m_front, m_workspace, [this] { return searchCandidatesContent(m_model); });
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(m_front, 3);
    column->addWidget(plansPanel(), 2);
    m_empty = new EmptyState(u"search"_s);
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_empty);
    m_stack->addWidget(centre);
    connect(m_front, &SearchFrontPanel::chosen, this, &SearchPage::choose);
    connect(m_front, &SearchFrontPanel::chosenMany, this, [this](const QStringList& names) {
        choose(names.front());
        chooseMany(names);
    });
    connect(m_front, &SearchFrontPanel::applied, this, &SearchPage::apply);
    connect(m_front, &SearchFrontPanel::opened, this, [this](const QString& name) {
        if (apply(name)) emit planRequested();
    });
    return m_stack;
}

void SearchPage::makeEmptyState(ActionRegistry& actions) {
    m_empty->setSentence(tr("Profile once, then search as often as you like."));
    m_empty->setPrimary(tr("Use the profile of MoA Tiny"));
    connect(m_empty, &EmptyState::primaryClicked, &m_model, [this] { m_model.openBundledProfile(u"moa-tiny"_s); });
    m_first = m_empty->addSecondary(tr("Profile the model…"));
    connect(m_first, &QPushButton::clicked, m_profile, &SearchProfilePanel::ask);
    QPushButton* open = m_empty->addSecondary(tr("Open profile…"));
    if (QAction* action = actions.action(u"profile.open"_s)) connect(open, &QPushButton::clicked, action, &QAction::trigger);
}

void SearchPage::offerProfile(const QString& path) {
    QPushButton* again = m_empty->addSecondary(tr("Reopen %1").arg(QFileInfo(path).fileName()));
    connect(again, &QPushButton::clicked, &m_model, [this, path] { m_model.openProfile(path); });
}

void SearchPage::rightColumn() {
    m_result = new SearchResultPanel(m_model);
    connect(m_result, &SearchResultPanel::applyAsked, this, [this] { apply(m_chosen); });
    auto* limits = new Panel(tr("What limits the best plan"));
    m_prices = new PriceRows;
    m_noPrices = new QLabel;
    m_noPrices->setWordWrap(true);
    limits->scrollBody();
    limits->body()->addWidget(m_prices);
    limits->body()->addWidget(m_noPrices);
    limits->body()->addStretch(1);
    connect(m_prices, &PriceRows::chosen, this, [this](int row) {
        const SearchAnswer* best = m_model.best();
        if (best == nullptr || row >= int(best->prices.size())) return;
        const ShadowPrice& price = best->prices[std::size_t(row)];
        m_bounds->focusLimit(QString::fromStdString(price.limit), price.length);
    });
    m_measured = new SearchMeasuredPanel(m_model, m_measurements);
    connect(m_measured, &SearchMeasuredPanel::measureAsked, this, &SearchPage::measure);
    m_checks = new SearchChecksPanel(m_model, m_measurements);
    connect(m_checks, &SearchChecksPanel::checkAsked, this, [this](int length) { m_measurements.check(chosenNames(), length, kPrompts); });
    new PanelExport(*m_result, m_workspace);
    new PanelExport(*limits, m_workspace, [this] { return searchLimitsContent(m_model); });
    new PanelExport(*m_measured, m_workspace, [this] { return m_measured->content(); });
    new PanelExport(*m_checks, m_workspace, [this] { return m_checks->content(); });
    addPanel(u"search.result"_s, m_result, 4);
    addPanel(u"search.limits"_s, limits, 3);
    addPanel(u"search.measured"_s, m_measured, 4);
    addPanel(u"search.checks"_s, m_checks, 4);
}

const SearchCandidate* SearchPage::candidate(const QString& name) const {
    const std::vector<SearchCandidate>& all = m_model.candidates();
    const auto at = std::ranges::find(all, name, &SearchCandidate::name);
    return at == all.end() ? (all.empty() ? nullptr : &all.front()) : &*at;
}

void SearchPage::choose(const QString& name) {
    m_chosen = name;
    m_many = {name};
    refresh();
}

void SearchPage::chooseMany(const QStringList& names) {
    m_many = names;
    m_front->chart().setMarked(names);
    refreshMeasured();
}

void SearchPage::openChosen() {
    if (apply(m_chosen)) emit planRequested();
}

QStringList SearchPage::chosenNames() const {
    QStringList names;
    for (const QString& name : m_many)
        if (m_rows.rowOf(name) >= 0) names << name;
    if (names.isEmpty() && !m_model.candidates().empty()) names << m_model.candidates().front().name;
    return names;
}

void SearchPage::measure(int length) {
    m_measurements.measure(chosenNames(), length, kSamples);
}

bool SearchPage::apply(const QString& name) {
    const SearchCandidate* chosen = candidate(name);
    if (chosen == nullptr) return false;
    if (chosen->kind == SearchCandidate::Kind::Document) return true;
    const SearchCandidate taken = *chosen; // the edit makes the list anew
    if (m_model.apply(taken)) return true;
    const QString why = m_model.mismatch();
    emit m_workspace.problem({u"search"_s, tr("%1 was not applied").arg(taken.name), why.isEmpty() ? tr("Every head is pinned.") : why, {}});
    return false;
}

void SearchPage::refreshMeasured() {
    const int count = int(chosenNames().size());
    m_validate->setText(count > 1 ? tr("Validate %1").arg(count) : tr("Validate"));
    m_validate->setEnabled(m_measurements.obstacle().isEmpty() && m_measurements.job() == nullptr && m_measured->length() > 0 && m_model.best() != nullptr);
    m_open->setEnabled(!m_model.candidates().empty() && m_model.mismatch().isEmpty());
    m_first->setEnabled(m_workspace.isLoaded() && m_measurements.job() == nullptr);
    m_first->setToolTip(m_workspace.isLoaded() ? QString() : tr("Load a model first."));
    int length = 0;
    for (const MeasuredLoss& m : m_measurements.all()) length = std::max(length, m.length);
    std::map<QString, QString> losses;
    for (const MeasuredLoss& m : m_measurements.all())
        if (m.length == length && !m_measurements.isStale(m.name, m.plan)) losses[m.name] = search_text::loss(m.loss);
    m_rows.setMeasured(length, losses);
}

void SearchPage::refresh() {
    m_stack->setCurrentIndex(m_model.hasSubject() ? 1 : 0);
    for (Panel* panel : std::initializer_list<Panel*>{m_bounds, m_solver}) panel->setVisible(m_model.hasSubject());
    const SearchCandidate* chosen = candidate(m_chosen);
    const QString name = chosen != nullptr ? chosen->name : QString();
    m_result->show(chosen);
    m_front->select(name);
    m_table->select(m_rows.rowOf(name));
    if (m_many.size() > 1) { // a table made anew forgets them
        std::vector<int> rows;
        for (const QString& one : m_many)
            if (const int row = m_rows.rowOf(one); row >= 0) rows.push_back(row);
        m_table->selectAlso(rows);
    }
    refreshPrices();
    refreshMeasured();
}

void SearchPage::refreshPrices() {
    std::vector<PriceRow> rows;
    const SearchAnswer* best = m_model.best();
    if (best != nullptr)
        for (const ShadowPrice& price : best->prices) {
            const bool loss = price.unit == "nats";
            const QString length = search_text::shortLength(price.length);
            const QString step = loss ? search_text::loss(price.step) : QLocale().toString(price.step, 'g', 3);
            rows.push_back({loss ? tr("Loss at %1").arg(length) : price.upper ? tr("Density at %1").arg(length) : tr("Least density at %1").arg(length),
                            (price.upper ? u"+"_s : u"−"_s) + step, u"−"_s + search_text::loss(price.nats),
                            price.nats / std::max(best->prices.front().nats, 1e-300), QString::fromStdString(price.text)});
        }
    m_noPrices->setVisible(rows.empty());
    styleLabel(m_noPrices, TextStyle::Caption, Role::Text2);
    m_noPrices->setText(best == nullptr                        ? tr("No plan yet.")
                        : m_model.bounds().rulesPerLayer >= 3  ? tr("Limits have no single price while three and more rules a layer are the limit.")
                                                               : tr("No limit binds: looser ones save nothing."));
    m_prices->setVisible(!rows.empty());
    m_prices->setRows(std::move(rows));
}

} // namespace moa
