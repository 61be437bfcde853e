// The Compare page's run controls: run or pause, one token, run to the first divergence, how far, and where the texts part.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/compare_model.h"
#endif

#include <QWidget>

class QPushButton;
class QSpinBox;

namespace moa {

class Chip;
class SegmentedControl;

class CompareControls : public QWidget {
    Q_OBJECT
public:
    explicit CompareControls(CompareModel& model, QWidget* parent = nullptr);
    void refresh();
    void setNarrow(bool narrow);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void refreshFlag();

    CompareModel& m_model;
    QPushButton *m_run, *m_step, *m_divergence, *m_restart, *m_swap;
    SegmentedControl* m_feed;
    QSpinBox* m_most;
    Chip *m_greedy, *m_stale, *m_flag;
    bool m_narrow = false;
};

} // namespace moa
