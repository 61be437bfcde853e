// "3 Solve": how long an answer took, plan against proven bound, gap; stop.
#pragma once

#include "ui/viewmodels/search_model.h"
#include "ui/widgets/panel.h"

class QLabel;
class QPushButton;

namespace moa {

class Chip;
class SolveTrace;

class SearchSolvePanel : public Panel {
    Q_OBJECT
public:
    explicit SearchSolvePanel(SearchModel& model, QWidget* parent = nullptr);

    QString gapText() const; ///< as the chip shows it

private:
    void refresh();

    SearchModel& m_model;
    Chip* m_gap;
    QPushButton* m_stop;
    QLabel *m_quick, *m_quickNote, *m_proof, *m_proofNote, *m_legend;
    SolveTrace* m_trace;
    QString m_gapText;
};

} // namespace moa
