// A small table of texts for a view of the Plan page: rules in use, lengths, differing heads. Refilled on every frame of a
// drag: rows that stay tell their changes cell by cell, so that a view keeps its place. Non-goal: knowing what is shown.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>

#include <vector>

namespace moa {

class PlanTableModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Roles {
        NumberRole = Qt::UserRole, ///< double, for bars
        EmphasisRole,              ///< int of Emphasis
        KeyRole,                   ///< int of the row
    };
    enum class Emphasis { None, Less, More, Faint, Current };
    struct Cell {
        QString text;
        QString tip = {};
        double number = 0;
        Emphasis emphasis = Emphasis::None;
        bool operator==(const Cell&) const = default;
    };
    struct Row {
        int key = 0; ///< tells rows apart
        std::vector<Cell> cells;
        bool operator==(const Row&) const = default;
    };

    /// The first column is of names, the others of numbers.
    explicit PlanTableModel(QStringList headers, QObject* parent = nullptr);

    /// std::invalid_argument for a row of another length than the headers.
    void setRows(std::vector<Row> rows);
    /// Of the row with this key; −1: none.
    int rowOf(int key) const;
    int keyOf(int row) const { return m_rows[std::size_t(row)].key; }

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_rows.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_headers.size()); }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    QStringList m_headers;
    std::vector<Row> m_rows;
};

} // namespace moa
