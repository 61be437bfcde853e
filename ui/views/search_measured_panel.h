// Held-out lengths: the chosen plans measured on the loaded model at a length that was never profiled.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/views/panel_export.h"
#include "ui/widgets/panel.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace moa {

class MeasuredBars;

class SearchMeasuredPanel : public Panel {
    Q_OBJECT
public:
    SearchMeasuredPanel(SearchModel& model, SearchMeasurements& measurements, QWidget* parent = nullptr);

    MeasuredBars& bars() { return *m_bars; }
    int length() const; ///< tokens, as chosen; 0: there is none
    PanelContent content() const; ///< for export

signals:
    void measureAsked(int length);

private:
    void refresh();

    SearchModel& m_model;
    SearchMeasurements& m_measurements;
    QComboBox* m_length;
    QPushButton *m_measure, *m_cancel;
    MeasuredBars* m_bars;
    QLabel* m_note;
};

} // namespace moa
