// Words for jobs.
#include "ui/viewmodels/jobs_model.h"

#include <QLocale>

#include <cmath>

namespace moa {

JobsModel::JobsModel(DeviceWorker& worker, QObject* parent)
    : QAbstractListModel(parent), m_worker(worker), m_rows(worker.jobs()) {
    connect(&worker, &DeviceWorker::jobAdded, this, [this](Job* job) {
        beginInsertRows({}, 0, 0);
        m_rows.prepend(job);
        endInsertRows();
    });
    connect(&worker, &DeviceWorker::jobChanged, this, [this](Job* job) {
        const QModelIndex row = index(int(m_rows.indexOf(job)));
        emit dataChanged(row, row);
    });
}

int JobsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant JobsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const Job& job = *m_rows[index.row()];
    switch (role) {
    case Qt::DisplayRole: return tr("%1, %2").arg(job.title(), stateText(job));
    case Qt::ToolTipRole: return job.state() == JobState::Failed ? job.error().message : stageText(job);
    case StateRole: return int(job.state());
    case FractionRole: return job.fraction();
    case SecondsLeftRole: return job.secondsLeft();
    case JobObjectRole: return QVariant::fromValue(m_rows[index.row()]);
    default: return {};
    }
}

QString JobsModel::stageText(const Job& job) {
    const Progress& p = job.progress();
    const QString stage = QString::fromStdString(p.stage);
    return p.total > 1 ? tr("%1, %2 of %3").arg(stage, QLocale().toString(qlonglong(p.done)),
                                                QLocale().toString(qlonglong(p.total)))
                       : stage;
}

QString JobsModel::stateText(const Job& job) {
    switch (job.state()) {
    case JobState::Queued: return tr("queued");
    case JobState::Running: return tr("running");
    case JobState::Paused: return tr("paused");
    case JobState::Done: return tr("done in %1 s").arg(QLocale().toString(job.seconds(), 'f', 1));
    case JobState::Cancelled: return tr("cancelled");
    case JobState::Failed: return tr("failed");
    }
    return {};
}

QString JobsModel::timeLeftText(const Job& job) {
    const double seconds = job.secondsLeft();
    if (seconds < 0) return {};
    const int whole = int(std::ceil(seconds));
    return whole < 60 ? tr("%1 s left").arg(whole) : tr("%1 min %2 s left").arg(whole / 60).arg(whole % 60);
}

} // namespace moa
