// Task checks: answers of the chosen plan and of the one in use on retrieval tasks, against dense attention.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/views/panel_export.h"
#include "ui/widgets/panel.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace moa {

class CheckRows;

class SearchChecksPanel : public Panel {
    Q_OBJECT
public:
    SearchChecksPanel(SearchModel& model, SearchMeasurements& measurements, QWidget* parent = nullptr);

    CheckRows& rows() { return *m_rows; }
    PanelContent content() const; ///< for export

signals:
    void checkAsked(int length);

private:
    void refresh();

    SearchModel& m_model;
    SearchMeasurements& m_measurements;
    QComboBox* m_length;
    QPushButton *m_check, *m_cancel;
    CheckRows* m_rows;
    QLabel* m_note;
};

} // namespace moa
