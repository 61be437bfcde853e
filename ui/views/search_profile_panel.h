// "1 Profile": what the search reads: the calibration set, lengths and samples.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/widgets/panel.h"

class QGridLayout;
class QLabel;
class QPushButton;

namespace moa {

class ActionRegistry;
class ElidingLabel;

class SearchProfilePanel : public Panel {
    Q_OBJECT
public:
    SearchProfilePanel(SearchModel& model, SearchMeasurements& measurements, ActionRegistry& actions, QWidget* parent = nullptr);

private:
    void refresh();
    void refreshJob();
    void ask();

    SearchModel& m_model;
    SearchMeasurements& m_measurements;
    ElidingLabel *m_name, *m_calibration;
    QLabel *m_shape, *m_mismatch;
    QPushButton* m_run;
    QLabel* m_progress;
    QWidget* m_lengths;
    QGridLayout* m_rows;
};

} // namespace moa
