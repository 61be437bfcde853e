// The table of plans that a search offers: names, numbers that never elide, a state in its colour. Enter or a double click
// applies a row.
#pragma once

#include <QTableView>

#include <vector>

namespace moa {

class CandidateTable : public QTableView {
    Q_OBJECT
public:
    /// Roles of the model that say how a row is drawn, bool each.
    struct Roles {
        int best, broken, own;
    };
    explicit CandidateTable(Roles roles, QWidget* parent = nullptr);

    void setModel(QAbstractItemModel* model) override;
    void select(int row); ///< −1: none; no signal. What is selected with the current row stays
    void selectAlso(const std::vector<int>& rows); ///< no signal
    std::vector<int> selectedRows() const; ///< ascending

signals:
    void rowChosen(int row);
    void rowOpened(int row);  ///< double click
    void rowApplied(int row); ///< Enter
    void selectionChosen(); ///< selectedRows() changed by the user

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;

private:
    void restyle();
    void sizeColumns();
    bool m_quiet = false;
};

} // namespace moa
