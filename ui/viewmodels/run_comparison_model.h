// A comparison of 2 to 6 runs as a table: a row a field, a column a run, with what differs from the baseline and what is
// worse. "Differences only" hides rows that are equal everywhere.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#endif

#include <QAbstractTableModel>

namespace moa {

class RunComparisonModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Roles {
        TickRole = Qt::UserRole, ///< Tick as int: grey differs, orange worse, green better
        BaselineRole,            ///< of a header: the runs are measured against this one
    };

    explicit RunComparisonModel(HistoryModel& model, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_rows.size()); }
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    bool differencesOnly() const { return m_differencesOnly; }
    void setDifferencesOnly(bool on);
    /// Rows that differ, of all.
    std::size_t different() const { return m_comparison ? m_comparison->different : 0; }
    std::size_t all() const { return m_comparison ? m_comparison->rows.size() : 0; }
    std::optional<RunId> runOf(int column) const; ///< nothing for the names' column

private:
    void refresh();
    const ComparisonRow& row(int row) const { return m_comparison->rows[m_rows[std::size_t(row)]]; }
    QString cellText(const ComparisonCell& cell) const;

    HistoryModel& m_model;
    std::shared_ptr<const RunComparison> m_comparison;
    std::vector<std::size_t> m_rows; ///< shown, indices into the comparison's
    bool m_differencesOnly = true;
};

} // namespace moa
