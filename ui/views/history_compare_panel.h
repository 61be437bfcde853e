// 2 to 6 chosen runs side by side: differences only or everything, a baseline, Markdown for a report.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#include "ui/viewmodels/run_comparison_model.h"
#endif
#include "ui/widgets/panel.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QStackedWidget;

namespace moa {

class CompareTable;

class HistoryComparePanel : public Panel {
    Q_OBJECT
public:
    explicit HistoryComparePanel(HistoryModel& model, QWidget* parent = nullptr);

    CompareTable& table() { return *m_table; }
    RunComparisonModel& rows() { return m_rows; }
    void setNarrow(bool narrow);

private:
    void refresh();
    void refreshHint();

    HistoryModel& m_model;
    RunComparisonModel m_rows;
    CompareTable* m_table;
    QStackedWidget* m_stack;
    QLabel *m_hint, *m_counts;
    QCheckBox* m_differences;
    QComboBox* m_baseline;
    QPushButton* m_copy;
    bool m_isNarrow = false;
};

} // namespace moa
