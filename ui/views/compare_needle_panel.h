// The needle grid's panel: task, run or stop, what is shown, the chosen cell in words.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/needle_model.h"
#endif
#include "ui/widgets/panel.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace moa {

class EmptyState;
class NeedleMap;
class SegmentedControl;

class CompareNeedlePanel : public Panel {
    Q_OBJECT
public:
    explicit CompareNeedlePanel(NeedleModel& model, QWidget* parent = nullptr);
    NeedleMap& map() { return *m_map; }
    void refresh();

signals:
    void openAsked(int depth, int length); ///< indices

private:
    void refreshChosen();
    void askToOpen();

    NeedleModel& m_model;
    QComboBox* m_task;
    SegmentedControl* m_show;
    QLabel *m_note, *m_chosen;
    NeedleMap* m_map;
    EmptyState* m_empty; ///< until a grid was asked for
    QPushButton *m_run, *m_open;
};

} // namespace moa
