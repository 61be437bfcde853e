// Columns, and the one choice that chart, table and result share.
#include "ui/views/search_page.h"

#include "ui/views/panel_export.h"
#include "ui/views/search_bounds_panel.h"
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
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeft = 330, kRight = 332, kSamples = 4;

} // namespace

SearchPage::SearchPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : DockPage(parent), m_workspace(workspace), m_model(workspace), m_rows(m_model), m_measurements(m_model) {
    setLeft(leftColumn(actions), kLeft);
    setCentre(centreColumn(actions));
    setRightWidth(kRight);
    connect(this, &DockPage::widthClassChanged, m_front, [this](WidthClass width) { m_front->setNarrow(width != WidthClass::Wide); });
    rightColumn();
    for (const auto signal : {&SearchModel::candidatesChanged, &SearchModel::bestChanged, &SearchModel::subjectChanged, &SearchModel::boundsChanged})
        connect(&m_model, signal, this, &SearchPage::refresh);
    connect(&workspace, &Workspace::modelChanged, this, &SearchPage::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &SearchPage::refresh);
    refresh();
}

QWidget* SearchPage::leftColumn(ActionRegistry& actions) {
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    auto* profile = new SearchProfilePanel(m_model, m_measurements, actions);
    m_bounds = new SearchBoundsPanel(m_model);
    m_solver = new SearchSolvePanel(m_model);
    column->addWidget(profile);
    column->addWidget(m_bounds);
    column->addWidget(m_solver, 1);
    column->addStretch(0);
    for (Panel* panel : std::initializer_list<Panel*>{profile, m_bounds, m_solver}) new PanelExport(*panel, m_workspace);
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

QWidget* SearchPage::centreColumn(ActionRegistry& actions) {
    m_front = new SearchFrontPanel(m_model);
    auto* plans = new Panel(tr("Candidate plans"));
    plans->setBodyMargins(0);
    m_table = new CandidateTable({SearchTableModel::IsBestRole, SearchTableModel::IsBrokenRole, SearchTableModel::IsOwnRole});
    m_table->setModel(&m_rows);
    plans->body()->addWidget(m_table);
    auto* lengths = new QPushButton(tr("Explore lengths"));
    lengths->setProperty("small", true);
    lengths->setToolTip(tr("Plans of the Pareto set over the losses at all profiled lengths, within these bounds"));
    connect(lengths, &QPushButton::clicked, &m_model, [this] { m_model.solve(true); });
    plans->addHeaderWidget(lengths);
    for (Panel* panel : std::initializer_list<Panel*>{m_front, plans}) new PanelExport(*panel, m_workspace);
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(m_front, 3);
    column->addWidget(plans, 2);
    auto* empty = new EmptyState(u"search"_s);
    empty->setSentence(tr("Profile once, then search as often as you like."));
    empty->setPrimary(tr("Use the profile of MoA Tiny"));
    connect(empty, &EmptyState::primaryClicked, &m_model, [this] { m_model.openBundledProfile(u"moa-tiny"_s); });
    QPushButton* open = empty->addSecondary(tr("Open profile…"));
    if (QAction* action = actions.action(u"profile.open"_s)) connect(open, &QPushButton::clicked, action, &QAction::trigger);
    m_stack = new QStackedWidget;
    m_stack->addWidget(empty);
    m_stack->addWidget(centre);
    connect(m_front, &SearchFrontPanel::chosen, this, &SearchPage::choose);
    connect(m_front, &SearchFrontPanel::opened, this, &SearchPage::apply);
    connect(m_table, &CandidateTable::rowChosen, this, [this](int row) { choose(m_rows.nameOf(row)); });
    connect(m_table, &CandidateTable::rowOpened, this, [this](int row) { apply(m_rows.nameOf(row)); });
    return m_stack;
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
    auto* measured = new SearchMeasuredPanel(m_model, m_measurements);
    connect(measured, &SearchMeasuredPanel::measureAsked, this, [this](int length) { m_measurements.measure(m_chosen, length, kSamples); });
    for (Panel* panel : std::initializer_list<Panel*>{m_result, limits, measured}) new PanelExport(*panel, m_workspace);
    addPanel(u"search.result"_s, m_result, 4);
    addPanel(u"search.limits"_s, limits, 3);
    addPanel(u"search.measured"_s, measured, 4);
}

const SearchCandidate* SearchPage::candidate(const QString& name) const {
    const std::vector<SearchCandidate>& all = m_model.candidates();
    const auto at = std::ranges::find(all, name, &SearchCandidate::name);
    return at == all.end() ? (all.empty() ? nullptr : &all.front()) : &*at;
}

void SearchPage::choose(const QString& name) {
    m_chosen = name;
    refresh();
}

void SearchPage::apply(const QString& name) {
    const SearchCandidate* chosen = candidate(name);
    if (chosen == nullptr) return;
    const SearchCandidate taken = *chosen; // the edit makes the list anew
    if (!m_model.apply(taken)) {
        const QString why = m_model.mismatch();
        emit m_workspace.problem({u"search"_s, tr("%1 was not applied").arg(taken.name), why.isEmpty() ? tr("Every head is pinned.") : why, {}});
    }
}

void SearchPage::refresh() {
    m_stack->setCurrentIndex(m_model.hasSubject() ? 1 : 0);
    for (Panel* panel : std::initializer_list<Panel*>{m_bounds, m_solver}) panel->setVisible(m_model.hasSubject());
    const SearchCandidate* chosen = candidate(m_chosen);
    const QString name = chosen != nullptr ? chosen->name : QString();
    m_result->show(chosen);
    m_front->select(name);
    m_table->select(m_rows.rowOf(name));
    refreshPrices();
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
