// "1 Profile": what the search reads: the calibration set, lengths and samples.
#pragma once

#include "ui/viewmodels/search_model.h"
#include "ui/widgets/panel.h"

class QGridLayout;
class QLabel;

namespace moa {

class ActionRegistry;
class ElidingLabel;

class SearchProfilePanel : public Panel {
    Q_OBJECT
public:
    SearchProfilePanel(SearchModel& model, ActionRegistry& actions, QWidget* parent = nullptr);

private:
    void refresh();

    SearchModel& m_model;
    ElidingLabel *m_name, *m_calibration;
    QLabel *m_shape, *m_mismatch;
    QWidget* m_lengths;
    QGridLayout* m_rows;
};

} // namespace moa
