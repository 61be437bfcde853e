// The rule of one KV head as numbers to edit, what it costs, and the fix that the influence suggests.
#pragma once

#include "ui/widgets/panel.h"
#include "ui/widgets/theme.h"

#include <QList>
#include <QTimer>

class QBoxLayout;
class QDoubleSpinBox;
class QGridLayout;
class QLabel;
class QPushButton;
class QSpinBox;

namespace moa {

class RuleCostPanel : public Panel {
    Q_OBJECT
public:
    /// "Plan density  0.4993  −0.0022".
    struct Cost {
        QString name, value, delta = {};
        Role deltaRole = Role::Text3;
        bool stale = false; ///< measured before an edit: grey
        QString tip = {};   ///< e.g. the run that measured it
    };

    explicit RuleCostPanel(QWidget* parent = nullptr);

    /// Emits nothing. Spans beyond `length` are shown as they are.
    void setRule(double alpha, double beta, qint64 span);
    /// Limits and steps of the spin boxes, from the search space.
    void setGrid(int alphaMin, int alphaMax, int alphaStep, double betaStep);
    void setPinned(bool pinned);     ///< a pinned rule cannot be edited
    void setEditable(bool editable); ///< no plan: false
    void setCosts(const QList<Cost>& costs);
    /// Empty text: no warning. `widenTo` 0: no button.
    void setWarning(const QString& text, qint64 widenTo);

signals:
    /// By a spin box; several may come in one gesture, the last is followed by ruleEditFinished: after Enter,
    /// when the box loses the focus, or half a second after the last step.
    void ruleEdited(double alpha, double beta);
    void ruleEditFinished();
    void pinToggled(bool pinned);
    void planRequested();
    void widenRequested();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void restyle();
    void arrangeRule();
    void updateEnabled();
    void sizeSpinBoxes();
    void announceEdit();
    void finishEdit();
    QWidget* ruleRow();
    QWidget* warningRow();

    QSpinBox* m_alpha;
    QDoubleSpinBox* m_beta;
    QLabel *m_plus, *m_times, *m_span;
    QPushButton *m_pin, *m_plan, *m_widen;
    QBoxLayout* m_rule;
    QWidget *m_ruleBox, *m_edit, *m_result;
    QGridLayout* m_costs;
    QWidget* m_warning;
    QLabel *m_warningIcon, *m_warningText;
    QTimer m_idle; ///< an edit by arrows, wheel or clicks ends when it rests
    QList<Cost> m_shown;
    bool m_pinned = false, m_editable = true;
};

} // namespace moa
