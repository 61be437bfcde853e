// Under the heatmap: the tokens around the query, the tokens around the key, and the query's attention over all keys.
#pragma once

#include "ui/viewmodels/inspect_model.h"

#include <QWidget>

namespace moa {

class RowProfile;
class TokenLane;

class InspectTokens : public QWidget {
    Q_OBJECT
public:
    explicit InspectTokens(InspectModel& model, QWidget* parent = nullptr);

    TokenLane& queries() { return *m_queries; }
    TokenLane& keys() { return *m_keys; }
    RowProfile& row() { return *m_row; }
    /// Moves the key to the next (+1) or previous (−1) peak of the query's row.
    void goToPeak(int direction);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void refresh();

    InspectModel& m_model;
    TokenLane *m_queries, *m_keys;
    RowProfile* m_row;
};

} // namespace moa
