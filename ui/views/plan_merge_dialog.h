// Three-way merge: the plan in use and the compared one against what was saved, and a choice for every head that both
// changed.
#pragma once

#include "ui/viewmodels/plan_desk.h"

#include <QDialog>

#include <vector>

class QTableWidget;

namespace moa {

class PlanMergeDialog : public QDialog {
    Q_OBJECT
public:
    /// `desk` must have a merge().
    explicit PlanMergeDialog(PlanDesk& desk, QWidget* parent = nullptr);

    /// Conflicts that are to take the compared plan's rules.
    std::set<HeadRef> chosen() const;
    QTableWidget& conflicts() { return *m_table; }

private:
    void fill();
    void chooseAll(bool theirs);

    PlanDesk& m_desk;
    PlanMerge m_merge;
    std::vector<HeadRef> m_heads; ///< of the rows
    QTableWidget* m_table;
};

} // namespace moa
