// Rows added and taken away at the end; the rest changes in place.
#include "ui/viewmodels/plan_table_model.h"

#include <algorithm>
#include <stdexcept>

namespace moa {

PlanTableModel::PlanTableModel(QStringList headers, QObject* parent)
    : QAbstractTableModel(parent), m_headers(std::move(headers)) {}

void PlanTableModel::setRows(std::vector<Row> rows) {
    for (const Row& row : rows)
        if (int(row.cells.size()) != m_headers.size()) throw std::invalid_argument("a row needs one cell per header");
    const int had = int(m_rows.size()), has = int(rows.size()), common = std::min(had, has);
    if (has < had) {
        beginRemoveRows({}, has, had - 1);
        m_rows.resize(rows.size());
        endRemoveRows();
    }
    for (int r = 0; r < common; ++r) {
        Row& row = m_rows[std::size_t(r)];
        Row& next = rows[std::size_t(r)];
        if (row == next) continue;
        row = std::move(next);
        emit dataChanged(index(r, 0), index(r, columnCount() - 1));
    }
    if (has > had) {
        beginInsertRows({}, had, has - 1);
        for (int r = had; r < has; ++r) m_rows.push_back(std::move(rows[std::size_t(r)]));
        endInsertRows();
    }
}

int PlanTableModel::rowOf(int key) const {
    const auto found = std::ranges::find(m_rows, key, &Row::key);
    return found == m_rows.end() ? -1 : int(found - m_rows.begin());
}

QVariant PlanTableModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const Cell& cell = m_rows[std::size_t(index.row())].cells[std::size_t(index.column())];
    switch (role) {
    case Qt::DisplayRole: return cell.text;
    case Qt::ToolTipRole: return cell.tip.isEmpty() ? QVariant() : cell.tip;
    case Qt::AccessibleTextRole: return cell.text.isEmpty() ? cell.tip : cell.text; // bars and buttons have no text
    case Qt::TextAlignmentRole: return int((index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case NumberRole: return cell.number;
    case EmphasisRole: return int(cell.emphasis);
    case KeyRole: return m_rows[std::size_t(index.row())].key;
    default: return {};
    }
}

QVariant PlanTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= m_headers.size()) return {};
    if (role == Qt::DisplayRole) return m_headers[section];
    if (role == Qt::TextAlignmentRole) return int((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

} // namespace moa
