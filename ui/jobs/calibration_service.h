// Jobs of the Search page on the loaded model: profiling, whose finished lengths can be used at once; the measured loss of
// plans at lengths that were not profiled; retrieval tasks. Numbers are those of `moa profile`, `moa validate` and
// `moa retrieval` with equal settings. Samples that are finished stay after a cancel; the same profile goes on with them.
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
    QString file;                             ///< to write
    QStringList data{QStringLiteral("lines"), QStringLiteral("facts")}; ///< tasks and JSONL files, taken in turn
    std::vector<int> lengths;                 ///< tokens, at least 128 each
    int samples = 16;                         ///< per length
    quint64 seed = 0;
};

/// How far one length of a profile is.
struct ProfileStep {
    int length = 0, done = 0, samples = 0;
    double seconds = 0; ///< spent on it in this run
};

struct ValidationWish {
    QStringList names; ///< of the plans
    std::vector<SparsePlan> plans;
    int length = 0;    ///< tokens
    int samples = 4;   ///< at least 2, for an error
    QStringList data{QStringLiteral("lines"), QStringLiteral("facts")};
    quint64 seed = 0;
};

/// Right answers out of those asked, and the 95% interval of their share.
struct TaskScore {
    int asked = 0, right = 0;
    double low = 0, high = 1;
    double accuracy() const { return asked > 0 ? double(right) / asked : 0; }
    bool operator==(const TaskScore&) const = default;
};

/// Loss over dense attention, measured.
struct MeasuredLoss {
    QString name;
    SparsePlan plan;
    int length = 0, samples = 0;
    double loss = 0;  ///< nats per answer token over dense, mean over samples
    double error = 0; ///< standard error of that mean; 0 with one sample
    double answerNll = 0, denseAnswerNll = 0; ///< nats per answer token
    TaskScore answers;    ///< whole answers kept
    double agreement = 0; ///< share of the dense model's greedy tokens kept
    quint64 ticket = 0;   ///< of its row in the history, where one is kept
};

struct CheckWish {
    QStringList names; ///< of the plans
    std::vector<SparsePlan> plans;
    QStringList tasks{QStringLiteral("lines"), QStringLiteral("facts"), QStringLiteral("passkey")};
    int length = 0;  ///< tokens
    int prompts = 5; ///< per task, four questions each
    quint64 seed = 0;
};

/// One plan on one task.
struct TaskCheck {
    QString task, name;
    SparsePlan plan;
    int length = 0; ///< tokens
    TaskScore dense, score;
    quint64 ticket = 0; ///< of its row in the history, where one is kept
};

class CalibrationService : public QObject {
    Q_OBJECT
public:
    CalibrationService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    // All need a loaded model.

    /// Lengths ascending; each is in the file when lengthReady() tells of it. Where the device computes no gradients a
    /// second model on the processor does.
    Job* profile(const ProfileWish& wish);
    /// Answers with measured() after every sample.
    Job* validate(const ValidationWish& wish);
    /// Answers with checked() after every task.
    Job* check(const CheckWish& wish);

signals:
    void profiled(const moa::ProfileStep& step);
    void lengthReady(const QString& file, int length, int samples);
    void measured(const QList<moa::MeasuredLoss>& plans);
    void checked(const QList<moa::TaskCheck>& plans);

private:
    void profileLengths(const ProfileWish& wish, LanguageModel& model, JobContext& context);

    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
};

} // namespace moa
