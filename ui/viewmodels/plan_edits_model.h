// The steps of the plan's undo stack as a list, newest first, down to the plan as it was at the start. Steps that were
// undone stay in the list until another edit takes their place.
#pragma once

#include <QAbstractListModel>

class QUndoStack;

namespace moa {

class PlanEditsModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Roles {
        DetailRole = Qt::UserRole, ///< what the step changed: "β 0.75 → 0.125"
        StateRole,                 ///< int of State
    };
    enum class State { Done, Current, Undone };

    explicit PlanEditsModel(QUndoStack& stack, QObject* parent = nullptr);

    /// Steps since the saved state; −1: that state is not in the list.
    int stepsSinceSave() const;
    /// Goes to the state after the step of `row`.
    void goTo(int row);
    int currentRow() const;

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : m_rows; }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

private:
    void refresh();
    /// The stack's index that `row` stands for: 0 is the start.
    int stepOf(int row) const { return m_rows - 1 - row; }

    QUndoStack& m_stack;
    int m_rows = 1;
};

} // namespace moa
