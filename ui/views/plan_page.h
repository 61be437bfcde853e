// The Plan page: span matrix, rule, rules in use, edits, budget, comparison. Every edit repaints all of them in the same
// frame.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/widgets/shell/dock_page.h"

class QStackedWidget;

namespace moa {

class ActionRegistry;
class EmptyState;
class PlanBudgetPanel;
class PlanComparePanel;
class PlanEditsPanel;
class PlanMatrixPanel;
class PlanRulePanel;
class PlanRulesPanel;
class PlanStart;

class PlanPage : public DockPage {
    Q_OBJECT
public:
    PlanPage(Workspace& workspace, ActionRegistry& actions, QWidget* parent = nullptr);

    PlanDesk& desk() { return m_desk; }
    PlanMatrixPanel& matrix() { return *m_matrix; }
    PlanRulePanel& rule() { return *m_rule; }
    PlanRulesPanel& rules() { return *m_rules; }
    PlanEditsPanel& edits() { return *m_edits; }
    PlanBudgetPanel& budget() { return *m_budget; }
    PlanComparePanel& compare() { return *m_compare; }
    /// Nothing says yet what heads there are.
    bool isEmpty() const;

signals:
    void said(const QString& text); ///< for the status line
    void comparisonRequested();     ///< with a plan that is to be opened
    void searchRequested();
    void spanTimesRequested();

protected:
    void showEvent(QShowEvent* event) override;

private:
    void refresh();
    void connectRefresh();
    void addExports();

    PlanDesk m_desk;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    PlanStart* m_start;
    PlanMatrixPanel* m_matrix;
    PlanRulePanel* m_rule;
    PlanRulesPanel* m_rules;
    PlanEditsPanel* m_edits;
    PlanBudgetPanel* m_budget;
    PlanComparePanel* m_compare;
};

} // namespace moa
