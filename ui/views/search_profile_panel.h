// "1 Profile": what the search reads (calibration set, lengths, samples), and the run that makes one: its progress by length,
// pause, cancel, and going on later.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/widgets/panel.h"

class QLabel;
class QPushButton;

namespace moa {

class ActionRegistry;
class Chip;
class ElidingLabel;
class ProgressRows;

class SearchProfilePanel : public Panel {
    Q_OBJECT
public:
    SearchProfilePanel(SearchModel& model, SearchMeasurements& measurements, ActionRegistry& actions, QWidget* parent = nullptr);

    /// Asks what to profile.
    void ask();
    ProgressRows& rows() { return *m_rows; }

private:
    void refresh();
    void refreshRun();
    ProfileWish firstWish() const;

    SearchModel& m_model;
    SearchMeasurements& m_measurements;
    ElidingLabel *m_name, *m_calibration;
    QLabel *m_shape, *m_mismatch, *m_note;
    Chip* m_state;
    QPushButton *m_run, *m_open, *m_pause, *m_cancel, *m_resume;
    ProgressRows* m_rows;
};

} // namespace moa
