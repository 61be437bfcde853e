// The jobs as a list: running, queued and over, newest first.
#pragma once

#include "ui/jobs/device_worker.h"

#include <QAbstractListModel>

namespace moa {

class JobsModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum JobRole { StateRole = Qt::UserRole, FractionRole, SecondsLeftRole, JobObjectRole };

    explicit JobsModel(DeviceWorker& worker, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    /// Display: title and state in words; tooltip: stage, or why it failed.
    QVariant data(const QModelIndex& index, int role) const override;

    /// "Load weights, 3 of 6" …; empty where there is nothing to say.
    static QString stageText(const Job& job);
    static QString stateText(const Job& job);
    /// "2 min 14 s left"; empty while it is not known.
    static QString timeLeftText(const Job& job);

private:
    DeviceWorker& m_worker;
    QList<Job*> m_rows;
};

} // namespace moa
