// Jobs of the Search page on the loaded model: profiling, whose finished lengths can be used at once, and the measured loss
// of plans at lengths that were not profiled. Samples that are finished stay after a cancel; the same call goes on with them.
#pragma once

#include "ui/jobs/device_worker.h"
#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/core/plan.h"
#include "ui/jobs/engine_state.h"
#endif

#include <QObject>
#include <QStringList>

#include <memory>
#include <vector>

namespace moa {

struct ProfileWish {
    QString file;             ///< to write
    std::vector<int> lengths; ///< tokens, at least 128 each
    int samples = 16;         ///< per length
    quint64 seed = 1;
};

struct ValidationWish {
    QStringList names; ///< of the plans
    std::vector<SparsePlan> plans;
    int length = 0;    ///< tokens
    int samples = 4;   ///< at least 2, for an error
    quint64 seed = 1;
};

/// Loss over dense attention, measured.
struct MeasuredLoss {
    QString name;
    SparsePlan plan;
    int length = 0, samples = 0;
    double loss = 0;  ///< nats per answer token over dense, mean over samples
    double error = 0; ///< standard error of that mean; 0 with one sample
};

class CalibrationService : public QObject {
    Q_OBJECT
public:
    CalibrationService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    /// Needs a loaded model. Lengths ascending; each is in the file when lengthReady() tells of it.
    Job* profile(const ProfileWish& wish);
    /// Needs a loaded model. Answers with measured() after every sample.
    Job* validate(const ValidationWish& wish);

signals:
    void lengthReady(const QString& file, int length, int samples);
    void measured(const QList<moa::MeasuredLoss>& plans);

private:
    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
};

} // namespace moa
