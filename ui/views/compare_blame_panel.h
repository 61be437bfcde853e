// Blame and its remedy: heads that hid what the chosen token needed, what the token becomes without their rules, and the
// edit that follows.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/compare_model.h"
#endif
#include "ui/widgets/panel.h"

class QLabel;
class QPushButton;
class QStackedWidget;

namespace moa {

class BlameTable;
class Chip;
class EmptyState;

class CompareBlamePanel : public Panel {
    Q_OBJECT
public:
    explicit CompareBlamePanel(CompareModel& model, QWidget* parent = nullptr);
    BlameTable& table() { return *m_table; }
    void refresh();
    void setEvidenceKey(int key); ///< −1: none

signals:
    void inspectAsked();

private:
    QWidget* footer();
    void refreshTable();
    void refreshFooter();
    void refreshMending();

    CompareModel& m_model;
    Chip* m_evidence;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    BlameTable* m_table;
    QWidget* m_footer;
    QLabel *m_what, *m_change, *m_price, *m_time, *m_mends, *m_mended;
    QPushButton *m_apply, *m_narrower, *m_inspect, *m_rerun, *m_applyAll;
};

} // namespace moa
