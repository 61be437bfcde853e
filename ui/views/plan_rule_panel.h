// Centre of the Plan page: the current head's rule as numbers and as a line to drag, and which heads an edit is for.
#pragma once

#include "ui/viewmodels/plan_desk.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/plan/rule_line.h"

#include <QTimer>

class QBoxLayout;
class QCheckBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QToolButton;

namespace moa {

class ActionRegistry;
class SegmentedControl;

class PlanRulePanel : public Panel {
    Q_OBJECT
public:
    PlanRulePanel(PlanDesk& desk, ActionRegistry& actions, QWidget* parent = nullptr);

    void refresh();
    /// The numbers take two lines, and the choice of heads has no label.
    void setNarrow(bool narrow);
    RuleLine& line() { return *m_line; }
    SegmentedControl& applyTo() { return *m_applyTo; }
    QSpinBox& alpha() { return *m_alpha; }
    QDoubleSpinBox& beta() { return *m_beta; }

private:
    QWidget* numbersRow();
    QWidget* applyRow();
    void connectLine();
    void connectNumbers();
    void restyle();
    void refreshNumbers();
    RuleLine::Scene scene() const;

    PlanDesk& m_desk;
    RuleLine* m_line;
    QSpinBox* m_alpha;
    QDoubleSpinBox* m_beta;
    QLabel *m_plus, *m_times, *m_span, *m_applyLabel;
    QCheckBox* m_snap;
    SegmentedControl* m_applyTo;
    QPushButton* m_pin;
    QToolButton *m_undo, *m_redo;
    QBoxLayout* m_numbers;
    QTimer m_idle; ///< typing in a box ends as one step
};

} // namespace moa
