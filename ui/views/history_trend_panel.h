// One measure of the found runs, or of all runs of the current run's plans, over time or by plan.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#endif
#include "ui/widgets/panel.h"

class QComboBox;
class QLabel;
class QStackedWidget;

namespace moa {

class SegmentedControl;
class TrendChart;

class HistoryTrendPanel : public Panel {
    Q_OBJECT
public:
    explicit HistoryTrendPanel(HistoryModel& model, QWidget* parent = nullptr);

    TrendChart& chart() { return *m_chart; }

private:
    void refresh();
    void refreshMeasures();
    QString tipOf(const TrendPoint& point) const;

    HistoryModel& m_model;
    QComboBox* m_measure;
    SegmentedControl* m_over;
    TrendChart* m_chart;
    QLabel *m_note, *m_none;
    QStackedWidget* m_stack;
};

} // namespace moa
