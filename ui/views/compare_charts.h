// The charts below the texts: KL per token, bytes held, tokens a second, what the plan saves.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/compare_model.h"
#endif
#include "ui/widgets/panel.h"

class QLabel;
class QPushButton;

namespace moa {

class Chip;
class KlChart;
class PairChart;
class SavingRows;

class CompareKlPanel : public Panel {
    Q_OBJECT
public:
    explicit CompareKlPanel(CompareModel& model, QWidget* parent = nullptr);
    KlChart& chart() { return *m_chart; }
    void refresh();
    void setNarrow(bool narrow);

private:
    CompareModel& m_model;
    KlChart* m_chart;
    QLabel* m_note;
    QPushButton* m_next;
};

/// Bytes (`ofBytes`) or speed of both sides over tokens.
class ComparePairPanel : public Panel {
    Q_OBJECT
public:
    ComparePairPanel(CompareModel& model, bool ofBytes, QWidget* parent = nullptr);
    void refresh();
    void setNarrow(bool narrow);

private:
    CompareModel& m_model;
    bool m_ofBytes;
    PairChart* m_chart;
    Chip *m_dense, *m_sparse;
};

class CompareSavingPanel : public Panel {
    Q_OBJECT
public:
    explicit CompareSavingPanel(CompareModel& model, QWidget* parent = nullptr);
    SavingRows& rows() { return *m_rows; }
    void refresh();
    void setNarrow(bool narrow);

private:
    CompareModel& m_model;
    SavingRows* m_rows;
    QLabel* m_note;
    QPushButton* m_measure;
};

} // namespace moa
