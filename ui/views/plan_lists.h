// Below the rule: the rules in use with what each holds, and the list of edits to go back and forth in.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/viewmodels/plan_edits_model.h"
#include "ui/viewmodels/plan_table_model.h"
#include "ui/widgets/panel.h"

class QListView;

namespace moa {

class NumberTable;

class PlanRulesPanel : public Panel {
    Q_OBJECT
public:
    explicit PlanRulesPanel(PlanDesk& desk, QWidget* parent = nullptr);
    void refresh();
    void setNarrow(bool narrow);
    NumberTable& table() { return *m_table; }

private:
    PlanDesk& m_desk;
    PlanTableModel m_model;
    NumberTable* m_table;
    std::vector<Rule> m_rules; ///< of the rows
};

class PlanEditsPanel : public Panel {
    Q_OBJECT
public:
    explicit PlanEditsPanel(PlanDesk& desk, QWidget* parent = nullptr);
    void refresh();
    QListView& list() { return *m_list; }

private:
    PlanDesk& m_desk;
    PlanEditsModel m_model;
    QListView* m_list;
    int m_currentRow = -1;
};

/// "2,048 + 0.125 N", "N (full)".
QString ruleName(const Rule& rule);

} // namespace moa
