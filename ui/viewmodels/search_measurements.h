// Measured loss of chosen plans at lengths that were never profiled, and the jobs that measure and profile on the loaded
// model. A measurement belongs to the plan it was made with: once that plan is another, it is stale.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/jobs/calibration_service.h"
#include "ui/viewmodels/search_model.h"
#endif

#include <QObject>
#include <QPointer>

#include <vector>

namespace moa {

class SearchMeasurements : public QObject {
    Q_OBJECT
public:
    explicit SearchMeasurements(SearchModel& model, QObject* parent = nullptr);

    /// Why nothing can be measured now; empty: it can.
    QString obstacle() const;
    /// Lengths between and beyond the profiled ones that the model reads.
    std::vector<int> heldOutLengths() const;
    /// The best plan, the one named `chosen` and the plan in use, at `length`.
    void measure(const QString& chosen, int length, int samples);
    /// Into `file`; its lengths are opened as they come.
    void profile(const QString& file, std::vector<int> lengths, int samples);
    Job* job() const { return m_job; } ///< running or queued; null: none

    /// Newest length first.
    const std::vector<MeasuredLoss>& all() const { return m_measured; }
    bool isStale(const MeasuredLoss& measured) const;
    void clear();

signals:
    void changed();
    void jobChanged();

private:
    void take(const QList<MeasuredLoss>& measured);
    void follow(Job* job);

    SearchModel& m_model;
    std::vector<MeasuredLoss> m_measured;
    QPointer<Job> m_job;
};

} // namespace moa
