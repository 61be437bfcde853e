// The runs that a query found as a table. Rows are read in windows as they are looked at, so 100,000 of them cost what a
// screenful costs; a row that is not there yet is blank. Sorting asks the history.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/history_model.h"
#endif

#include <QAbstractTableModel>
#include <QHash>
#include <QTimer>

#include <deque>

namespace moa {

class HistoryTableModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Run, When, Kind, Subject, Length, Density, Measure, Speed, KvBytes, Time, Result, Tags, Note, ModelName, Device, Seed, Count };
    enum Roles {
        IconRole = Qt::UserRole, ///< of the kind
        ToneRole,                ///< Tone
        PrefixRole,              ///< small text before the cell's own: the name of a measure
        WidestRole,              ///< of a column's index: the widest text it is to have room for
    };
    enum class Tone { Plain, Faint, Good, Bad, Running, Warned };
    static constexpr int kWindow = 128; ///< rows read at once

    explicit HistoryTableModel(HistoryModel& model, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : Count; }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order) override;

    /// Whether a column can be sorted by.
    static bool isSortable(int column);
    /// Shown until the user says otherwise.
    static bool isShownAtFirst(int column) { return column <= Result; }
    /// "measure", …: for settings.
    static QString columnId(int column);

    RunId runAt(int row) const { return (*m_runs)[std::size_t(row)]; }
    int rowOf(RunId run) const; ///< −1: not found by the query
    /// Null while it is not read.
    const RunRow* rowAt(int row) const;
    /// Everything in `first` … `last` is there.
    bool isRead(int first, int last) const;

private:
    void onFound();
    void onRows(const HistoryRows& rows);
    void want(int window) const;
    void askWanted();
    QString text(const RunRow& row, int column) const;
    static Tone tone(const RunRow& row, int column);
    QString spoken(const RunRow& row) const;

    HistoryModel& m_model;
    std::shared_ptr<const std::vector<RunId>> m_runs;
    quint64 m_request = 0;
    QHash<int, std::vector<RunRow>> m_windows; ///< by row / kWindow
    std::deque<int> m_kept;                    ///< windows, the oldest first
    mutable std::vector<int> m_wanted;         ///< newest last
    mutable QTimer m_ask;
    bool m_asked = false; ///< an answer is on its way
};

} // namespace moa
