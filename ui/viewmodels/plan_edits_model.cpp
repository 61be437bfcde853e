// The stack tells only that its index moved: rows are counted again.
#include "ui/viewmodels/plan_edits_model.h"

#include <QUndoStack>

#include <cstdlib>

namespace moa {

PlanEditsModel::PlanEditsModel(QUndoStack& stack, QObject* parent)
    : QAbstractListModel(parent), m_stack(stack), m_rows(stack.count() + 1) {
    connect(&stack, &QUndoStack::indexChanged, this, &PlanEditsModel::refresh);
    connect(&stack, &QUndoStack::cleanChanged, this, &PlanEditsModel::refresh);
}

void PlanEditsModel::refresh() {
    const int rows = m_stack.count() + 1;
    if (rows > m_rows) {
        beginInsertRows({}, 0, rows - m_rows - 1);
        m_rows = rows;
        endInsertRows();
    } else if (rows < m_rows) {
        beginRemoveRows({}, 0, m_rows - rows - 1);
        m_rows = rows;
        endRemoveRows();
    }
    emit dataChanged(index(0), index(m_rows - 1));
}

int PlanEditsModel::stepsSinceSave() const {
    return m_stack.cleanIndex() < 0 ? -1 : std::abs(m_stack.index() - m_stack.cleanIndex());
}

void PlanEditsModel::goTo(int row) {
    if (row >= 0 && row < m_rows) m_stack.setIndex(stepOf(row));
}

int PlanEditsModel::currentRow() const {
    return m_rows - 1 - m_stack.index();
}

QVariant PlanEditsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const int step = stepOf(index.row());
    if (role == StateRole) return int(step < m_stack.index() ? State::Done : step == m_stack.index() ? State::Current : State::Undone);
    const QString menuText = step == 0 ? QString() : m_stack.text(step - 1);
    // "Drag β, L14 · KV5, β 0.75 → 0.125": what and where, then the numbers, each on a line of its own.
    const QStringList parts = menuText.split(QLatin1String(", "));
    const QStringList title = parts.mid(0, 2);
    if (role == Qt::DisplayRole) return step == 0 ? tr("Start") : title.join(QLatin1String(", "));
    if (role == DetailRole) return parts.mid(2).join(QLatin1Char('\n'));
    if (role == Qt::AccessibleTextRole || role == Qt::ToolTipRole) return step == 0 ? tr("Start") : menuText;
    return {};
}

} // namespace moa
