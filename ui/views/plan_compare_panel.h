// Right column of the Plan page: the plan against another one, head by head, with a button a head to take its rule over.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/viewmodels/plan_table_model.h"
#include "ui/widgets/panel.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace moa {

class NumberTable;

class PlanComparePanel : public Panel {
    Q_OBJECT
public:
    explicit PlanComparePanel(PlanDesk& desk, QWidget* parent = nullptr);

    void refresh();
    NumberTable& table() { return *m_table; }
    QComboBox& choice() { return *m_choice; }
    QPushButton& merge() { return *m_merge; }

signals:
    void openRequested(); ///< another plan's file

private:
    void refreshChoice();
    void askForMerge();
    void restyle();

    PlanDesk& m_desk;
    QComboBox* m_choice;
    QPushButton *m_takeAll, *m_merge;
    QLabel *m_count, *m_less, *m_more;
    PlanTableModel m_model;
    NumberTable* m_table;
    std::vector<HeadRef> m_heads; ///< of the rows
};

} // namespace moa
