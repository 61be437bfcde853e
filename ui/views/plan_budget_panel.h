// Right column of the Plan page: N, bounds, and the plan's price at N and at every profiled length.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/viewmodels/plan_table_model.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/plan/budget_rows.h"

class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;

namespace moa {

class LengthSlider;
class NumberTable;

class PlanBudgetPanel : public Panel {
    Q_OBJECT
public:
    explicit PlanBudgetPanel(PlanDesk& desk, QWidget* parent = nullptr);

    void refresh();
    BudgetRows& rows() { return *m_rows; }
    LengthSlider& slider() { return *m_slider; }
    QDoubleSpinBox& densityBound() { return *m_densityBound; }
    QDoubleSpinBox& lossBound() { return *m_lossBound; }
    QPushButton& measure() { return *m_measure; }
    const PlanTableModel& lengths() const { return m_lengths; }

private:
    QWidget* boundsRow();
    void restyle();
    void refreshRows();
    BudgetRows::Row decodeRow() const;
    void refreshLengths();
    void readBounds();

    PlanDesk& m_desk;
    QLabel *m_n, *m_batch, *m_densityLabel, *m_lossLabel, *m_rulesLabel;
    LengthSlider* m_slider;
    QDoubleSpinBox *m_densityBound, *m_lossBound;
    QSpinBox* m_rulesBound;
    BudgetRows* m_rows;
    QPushButton* m_measure;
    PlanTableModel m_lengths;
    NumberTable* m_table;
};

} // namespace moa
