// One side of the comparison: what it wrote, with the tokens that part from the other side filled, its speed and its
// cache; and the strip of the prompt that the blamed head could not see.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/compare_model.h"
#endif
#include "ui/widgets/compare/token_flow.h"
#include "ui/widgets/panel.h"

class QLabel;

namespace moa {

class Chip;
class ElidingLabel;

class ComparePane : public Panel {
    Q_OBJECT
public:
    ComparePane(CompareModel& model, bool dense, QWidget* parent = nullptr);
    TokenFlow& flow() { return *m_flow; }
    void refresh();          ///< everything
    void refreshTokens();
    void refreshSelection();
    void setNarrow(bool narrow);
    QRect tokenRect(int token) const; ///< of the model's token, in the flow's viewport

signals:
    void opened(int token);
    void hovered(int token); ///< −1: none

private:
    int tokenAt(int place) const { return place < 0 || place >= int(m_tokenOf.size()) ? -1 : m_tokenOf[std::size_t(place)]; }
    FlowToken shown(int token) const;
    QString userText() const;
    void refreshHeader();
    void refreshWaiting(); ///< what stands in place of the text

    CompareModel& m_model;
    bool m_dense, m_narrow = false;
    Chip *m_speed, *m_bytes;
    QLabel* m_user;
    ElidingLabel* m_question;
    TokenFlow* m_flow;
    std::vector<int> m_tokenOf; ///< by place in the flow; −1: a turn of the user
    std::vector<int> m_placeOf; ///< by token; −1: behind the end of this side's answer
};

/// The prompt around the key that the chosen blame row would have looked at most.
class CompareEvidence : public QWidget {
    Q_OBJECT
public:
    explicit CompareEvidence(CompareModel& model, QWidget* parent = nullptr);
    TokenFlow& flow() { return *m_flow; }
    int key() const { return m_key; } ///< −1: none
    void setNarrow(bool narrow);
    void refresh();

signals:
    void keyChanged();

private:
    QString pieceAt(int key) const;

    CompareModel& m_model;
    QLabel *m_title, *m_note, *m_legend;
    TokenFlow* m_flow;
    int m_key = -1, m_first = 0;
};

} // namespace moa
