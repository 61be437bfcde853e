// Figures of the rule, from exact arithmetic and, for the loss, from measured influence.
#include "ui/views/inspect_rule.h"

#include "ui/views/inspect_export.h"
#include "ui/widgets/inspect/distance_profile.h"
#include "ui/widgets/inspect/group_truth.h"
#include "ui/widgets/inspect/line_legend.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/rule_cost_panel.h"
#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/dock_page.h"
#include "ui/widgets/shell/painting.h"

#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr double kNoteworthy = 0.05; ///< influence outside the window from which the page warns

QString signedBytes(std::int64_t bytes) {
    const QString size = bytesText(quint64(std::llabs(bytes)));
    return bytes == 0 ? QString() : (bytes < 0 ? QStringLiteral("−") : QStringLiteral("+")) + size;
}

/// Green is what one wants: less density, fewer bytes, less loss.
Role deltaRole(double delta) {
    return delta < 0 ? Role::Ok : delta > 0 ? Role::Error : Role::Text3;
}

} // namespace

InspectRule::InspectRule(InspectModel& model, DockPage& page)
    : QObject(&page), m_model(model), m_page(page), m_rule(new RuleCostPanel), m_distance(new DistanceProfile), m_group(new GroupTruth),
      m_distancePanel(new Panel(tr("Distance profile"))), m_groupPanel(new Panel(tr("Query heads"))),
      m_distanceNote(new QLabel), m_holder(new QLabel) {
    m_distanceNote->setText(tr("Share within distance of the query, log distance"));
    m_distanceNote->setWordWrap(true);
    m_attentionLegend = new LineLegend(tr("Attention"), Role::Dense);
    m_influenceLegend = new LineLegend(tr("Influence"), Role::Influence);
    for (LineLegend* legend : {m_attentionLegend, m_influenceLegend}) m_distancePanel->addHeaderWidget(legend);
    connect(&page, &DockPage::widthClassChanged, this, [this](WidthClass) { refreshCurves(); });
    m_distancePanel->setBodyMargins(8);
    m_distancePanel->body()->addWidget(m_distanceNote);
    m_distancePanel->body()->addWidget(m_distance, 1);
    m_groupPanel->addHeaderWidget(m_holder);
    m_groupPanel->scrollBody();
    m_groupPanel->setBodyMargins(8);
    m_groupPanel->body()->addWidget(m_group, 1);
    page.addPanel(QStringLiteral("rule"), m_rule, 0);
    page.addPanel(QStringLiteral("distance"), m_distancePanel, 3);
    page.addPanel(QStringLiteral("group"), m_groupPanel, 2);
    connect(m_rule, &RuleCostPanel::planRequested, this, &InspectRule::planRequested);
    connectRule();
    Workspace& workspace = m_model.workspace();
    new PanelExport(*m_rule, workspace, [this] { return ruleContent(m_model); });
    new PanelExport(*m_distancePanel, workspace, [this] { return distanceContent(m_model); });
    new PanelExport(*m_groupPanel, workspace, [this] { return groupContent(m_model); });
    connect(&workspace.selection(), &SelectionModel::changed, this, &InspectRule::refresh);
    connect(&workspace, &Workspace::influenceChanged, this, &InspectRule::refresh);
    connect(&workspace, &Workspace::modelChanged, this, &InspectRule::refresh);
    connect(&workspace, &Workspace::lengthChanged, this, &InspectRule::refreshCosts);
    connect(&workspace.plan(), &PlanDocument::changed, this, &InspectRule::refreshCosts);
    connect(&m_model, &InspectModel::reset, this, &InspectRule::refresh);
    connect(&m_model, &InspectModel::summaryReady, this, [this](HeadRef head) {
        if (head == m_model.workspace().selection().now().current) refresh();
    });
    connect(m_group, &GroupTruth::headChosen, this, [this](int queryHead) {
        SelectionModel& selection = m_model.workspace().selection();
        const int group = m_model.workspace().model() ? m_model.workspace().model()->config.groupSize() : 1;
        selection.selectQueryHead(queryHead < 0 ? -1 : queryHead - selection.now().current.kvHead * group);
    });
    connect(&Theme::instance(), &Theme::changed, this, &InspectRule::refresh);
    refresh();
}

void InspectRule::connectRule() {
    PlanDocument& plan = m_model.workspace().plan();
    SelectionModel& selection = m_model.workspace().selection();
    connect(m_rule, &RuleCostPanel::ruleEdited, this, [&plan, &selection](double alpha, double beta) {
        if (!plan.isInGesture()) plan.beginGesture(selection.now().current, tr("Edit rule"));
        plan.preview({alpha, beta});
    });
    connect(m_rule, &RuleCostPanel::ruleEditFinished, this, [&plan] { plan.endGesture(); });
    connect(m_rule, &RuleCostPanel::pinToggled, this,
            [&plan, &selection](bool pinned) { plan.setPinned(selection.now().heads, pinned); });
    connect(m_rule, &RuleCostPanel::widenRequested, this,
            [this] { m_model.widenToNeeded(m_model.workspace().length()); });
}

void InspectRule::refresh() {
    styleLabel(m_distanceNote, TextStyle::Caption, Role::Text2);
    styleLabel(m_holder, TextStyle::Chip, Role::Sparse);
    refreshCurves();
    refreshCosts();
}

void InspectRule::refreshCurves() {
    const Selection& now = m_model.workspace().selection().now();
    const DistanceCurves curves = m_model.distanceCurves(now.current);
    std::vector<double> distances, attention, influence;
    for (const auto& [distance, share] : curves.attention) {
        distances.push_back(double(distance));
        attention.push_back(share);
    }
    if (!curves.influence.empty()) {
        // The profile's length may be another than the prompt's: its curve is read at the prompt's distances.
        for (const double distance : distances) {
            const auto at = std::ranges::lower_bound(curves.influence, std::int64_t(distance), {},
                                                     &std::pair<std::int64_t, double>::first);
            influence.push_back(at == curves.influence.end() ? 1 : at->second);
        }
    }
    m_attentionLegend->setVisible(!attention.empty() && m_page.widthClass() == WidthClass::Wide);
    m_influenceLegend->setVisible(!influence.empty() && m_page.widthClass() == WidthClass::Wide);
    m_distance->setCurves(std::move(distances), std::move(attention), std::move(influence));
    m_distance->setDistance(now.query >= 0 && now.key >= 0 ? now.query - now.key : -1);
    QList<GroupTruth::HeadSpan> spans;
    for (const auto& [queryHead, span] : m_model.spansNeeded(now.current)) spans.append({queryHead, span});
    const bool measured = m_model.workspace().influence() != nullptr;
    m_groupPanel->setTitle(tr("Query heads of KV%1").arg(now.current.kvHead));
    m_group->setCaption(measured ? QString() : tr("Span that keeps 95% of attention, per query head"));
    const std::int64_t n = m_model.workspace().length();
    m_group->setHeads(std::move(spans), m_model.workspace().plan().span(now.current, n), n);
    const int group = m_model.workspace().model() ? m_model.workspace().model()->config.groupSize() : 1;
    m_group->setCurrent(now.queryHead < 0 ? -1 : now.current.kvHead * group + now.queryHead);
}

void InspectRule::refreshCosts() {
    Workspace& workspace = m_model.workspace();
    const PlanDocument& plan = workspace.plan();
    const HeadRef head = workspace.selection().now().current;
    const std::int64_t n = workspace.length();
    const Rule rule = plan.rule(head);
    const std::int64_t span = std::min(plan.span(head, n), roundUpToBlock(n));
    m_rule->setEditable(workspace.model().has_value());
    const int reach = int(roundUpToBlock(n));
    m_rule->setGrid(-reach, reach, int(InspectModel::gridStep(reach)), 0.125);
    m_rule->setRule(rule.alpha, rule.beta, span);
    m_rule->setPinned(plan.isPinned(head));
    const SparsePlan& before = plan.beforeGesture();
    const double density = workspace.density(), densityDelta = density - before.density(n);
    const std::int64_t bytes = workspace.kvBytes(plan.plan()), bytesDelta = bytes - workspace.kvBytes(before);
    QList<RuleCostPanel::Cost> costs{
        {tr("Plan density"), paint::number(density, 4), densityDelta == 0 ? QString() : paint::signedNumber(densityDelta, 4),
         deltaRole(densityDelta)}};
    if (const auto loss = workspace.estimatedLoss(plan.plan())) {
        const double delta = *loss - workspace.estimatedLoss(before).value_or(0);
        costs.append({tr("Estimated loss increase"), paint::signedNumber(*loss, 4),
                      std::abs(delta) < 5e-5 ? QString() : paint::signedNumber(delta, 4), deltaRole(delta), false,
                      tr("Nats per token, from %1").arg(workspace.influence()->origin())});
    } else {
        costs.append({tr("Estimated loss increase"), tr("needs influence"), {}, Role::Text3, false,
                      tr("Open a profile, or measure influence on this prompt (menu Run).")});
    }
    costs.append({tr("KV cache, batch %1").arg(workspace.batch()), bytesText(quint64(bytes)), signedBytes(bytesDelta),
                  deltaRole(double(bytesDelta))});
    m_rule->setCosts(costs);
    const auto outside = m_model.influenceOutside(head);
    const std::int64_t widest = m_model.widestSpanNeeded(head);
    const bool warn = outside && *outside >= kNoteworthy;
    m_rule->setWarning(warn ? tr("Influence outside window %1 at N %2.").arg(paint::number(*outside, 2), paint::count(n)) : QString(),
                       warn && widest > span ? widest : 0);
    m_distance->setWindow(span >= n ? 0 : m_model.window(head), span);
    m_group->setRule(span);
    const int holder = m_group->holder();
    m_holder->setText(holder < 0 ? QString() : tr("Saving held by Q%1").arg(holder));
}

} // namespace moa
