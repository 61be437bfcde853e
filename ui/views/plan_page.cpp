// Columns of the Plan page, and one refresh for all of them.
#include "ui/views/plan_page.h"

#include "ui/views/panel_export.h"
#include "ui/views/plan_budget_panel.h"
#include "ui/views/plan_compare_panel.h"
#include "ui/views/plan_export.h"
#include "ui/views/plan_lists.h"
#include "ui/views/plan_matrix_panel.h"
#include "ui/views/plan_rule_panel.h"
#include "ui/views/plan_start.h"
#include "ui/widgets/plan/rule_line.h"
#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/empty_state.h"
#include "ui/widgets/theme.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLeft = 524, kMediumLeft = 344, kRight = 372;

} // namespace

PlanPage::PlanPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent)
    : DockPage(parent), m_desk(workspace), m_stack(new QStackedWidget), m_empty(new EmptyState(u"plan"_s)),
      m_start(new PlanStart(actions)), m_matrix(new PlanMatrixPanel(m_desk)), m_rule(new PlanRulePanel(m_desk, actions)), m_rules(new PlanRulesPanel(m_desk)),
      m_edits(new PlanEditsPanel(m_desk)), m_budget(new PlanBudgetPanel(m_desk)), m_compare(new PlanComparePanel(m_desk)) {
    auto* lists = new QWidget;
    auto* row = new QHBoxLayout(lists);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metrics::kGutter);
    row->addWidget(m_rules, 3);
    row->addWidget(m_edits, 2);
    auto* work = new QWidget;
    auto* column = new QVBoxLayout(work);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metrics::kGutter);
    column->addWidget(m_start);
    column->addWidget(m_rule, 11);
    column->addWidget(lists, 9);
    auto* first = new Panel(tr("Plan"));
    m_empty->setSentence(tr("A plan needs heads: open a model, a plan or a profile."));
    m_empty->setPrimary(actions.action(u"plan.open"_s));
    for (const QString& id : {u"profile.open"_s, u"model.tiny"_s})
        if (QAction* action = actions.action(id))
            connect(m_empty->addSecondary(ActionRegistry::plainText(*actions.spec(id))), &QPushButton::clicked, action, &QAction::trigger);
    first->body()->addWidget(m_empty, 1);
    m_stack->addWidget(work);
    m_stack->addWidget(first);
    setLeft(m_matrix, kLeft);
    setCentre(m_stack);
    setRightWidth(kRight);
    addPanel(u"budget"_s, m_budget, 0);
    addPanel(u"compare"_s, m_compare, 1);
    connect(this, &DockPage::widthClassChanged, this, [this, row](WidthClass width) {
        const bool narrow = width != WidthClass::Wide;
        m_matrix->setFixedWidth(narrow ? kMediumLeft : kLeft);
        m_rule->setNarrow(narrow);
        m_rules->setNarrow(narrow);
        row->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    });
    connect(m_matrix, &PlanMatrixPanel::said, this, &PlanPage::said);
    connect(m_matrix, &PlanMatrixPanel::headOpened, this, [this] { m_rule->line().setFocus(Qt::OtherFocusReason); });
    connect(m_matrix, &PlanMatrixPanel::spanTimesRequested, this, &PlanPage::spanTimesRequested);
    connect(m_start, &PlanStart::searchRequested, this, &PlanPage::searchRequested);
    connect(m_compare, &PlanComparePanel::openRequested, this, &PlanPage::comparisonRequested);
    addExports();
    connectRefresh();
    refresh();
}

bool PlanPage::isEmpty() const {
    const Workspace& workspace = const_cast<PlanDesk&>(m_desk).workspace();
    return !workspace.model() && m_desk.document().isDense() && workspace.profile().isEmpty();
}

void PlanPage::addExports() {
    Workspace& workspace = m_desk.workspace();
    new PanelExport(*m_matrix, workspace, [this] { return planSpansContent(m_desk); });
    new PanelExport(*m_rule, workspace, [this] { return planRuleContent(m_desk); });
    new PanelExport(*m_rules, workspace, [this] { return planRulesContent(m_desk); });
    new PanelExport(*m_budget, workspace, [this] { return planBudgetContent(m_desk); });
    new PanelExport(*m_compare, workspace, [this] { return planDifferencesContent(m_desk); });
}

void PlanPage::connectRefresh() {
    Workspace& workspace = m_desk.workspace();
    for (const auto signal : {&Workspace::modelChanged, &Workspace::lengthChanged, &Workspace::influenceChanged, &Workspace::devicesChanged})
        connect(&workspace, signal, this, &PlanPage::refresh);
    connect(&workspace.plan(), &PlanDocument::changed, this, &PlanPage::refresh);
    connect(&workspace.selection(), &SelectionModel::changed, this, &PlanPage::refresh);
    connect(&m_desk, &PlanDesk::boundsChanged, this, &PlanPage::refresh);
    connect(&m_desk, &PlanDesk::comparedChanged, this, &PlanPage::refresh);
    connect(&m_desk.speeds(), &PlanSpeeds::changed, this, &PlanPage::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &PlanPage::refresh);
}

void PlanPage::refresh() {
    // A hidden page costs nothing while an edge is dragged on another; it catches up when it shows.
    if (!isVisible()) return;
    const SparsePlan& plan = m_desk.document().plan();
    const HeadRef head = m_desk.current();
    const bool empty = isEmpty() || head.layer >= plan.layers || head.kvHead >= plan.kvHeads;
    m_stack->setCurrentIndex(empty ? 1 : 0);
    m_matrix->setVisible(!empty);
    if (empty) return;
    m_start->setVisible(m_desk.document().isDense());
    m_matrix->refresh();
    m_rule->refresh();
    m_rules->refresh();
    m_edits->refresh();
    m_budget->refresh();
    m_compare->refresh();
}

void PlanPage::showEvent(QShowEvent* event) {
    DockPage::showEvent(event);
    refresh();
}

} // namespace moa
