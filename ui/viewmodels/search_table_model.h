// The plans that a search offers as a table: density, estimated loss by length, rules, gap, and which bound each keeps or
// breaks. Rows follow SearchModel::candidates().
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/search_model.h"
#endif

#include <QAbstractTableModel>

#include <map>

namespace moa {

class SearchTableModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Roles {
        IsBestRole = Qt::UserRole, ///< the best plan under the bounds
        IsBrokenRole,              ///< breaks a bound
        IsOwnRole,                 ///< the plan in use
    };
    enum Column { Name, Density, FirstLoss }; ///< after the losses: KV bytes where a model is known, rules, gap, held out, state

    explicit SearchTableModel(SearchModel& model, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_rows.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_headers.size()); }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    /// Losses measured at `length` by candidate, as text; length 0: nothing is measured, and there is no column for it.
    void setMeasured(int length, const std::map<QString, QString>& losses);
    int rowOf(const QString& name) const; ///< −1: none
    QString nameOf(int row) const { return m_rows[std::size_t(row)].cells.front(); }

private:
    struct Row {
        QStringList cells;
        QString stateTip; ///< the bound that it breaks
        bool isBest = false, isBroken = false, isOwn = false;
        bool operator==(const Row&) const = default;
    };
    void refresh();
    Row row(const SearchCandidate& candidate) const;

    SearchModel& m_model;
    QStringList m_headers;
    std::vector<Row> m_rows;
    int m_measuredAt = 0; ///< tokens
    std::map<QString, QString> m_measured;
};

/// Figures as the Search page writes them.
namespace search_text {
QString density(double value);          ///< "0.4985"
QString loss(double nats);              ///< "0.0152", small ones with three digits: "0.000023"
QString signedLoss(double nats);        ///< "+0.0152"
QString gap(std::optional<double> gap); ///< "0.21%", "–"
QString shortLength(int tokens);        ///< "4k", "512"
} // namespace search_text

} // namespace moa
