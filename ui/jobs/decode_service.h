// How fast the loaded model decodes under a plan, and what a KV head costs by its span: both measured by decode steps at a
// length, with a cache that is held without reading a text (zeros cost what keys cost). Seconds of a measurement, not of an
// estimate.
#pragma once

#include "ui/jobs/device_worker.h"
#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/core/plan.h"
#include "ui/jobs/engine_state.h"
#endif

#include <QObject>
#include <QString>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moa {

/// Tokens per second of one sequence, measured.
struct DecodeSpeed {
    std::optional<SparsePlan> plan; ///< nothing: dense
    std::int64_t length = 0;        ///< tokens held
    double tokensPerSecond = 0;
    QString device;                 ///< "cpu", "cuda"
    qint64 run = 0;                 ///< of the history; 0: none
};

/// Seconds that the keys of one KV head take of a decode step, by cache length in tokens, ascending; as `--span-times` reads
/// them.
struct SpanTimes {
    std::vector<std::pair<std::int64_t, double>> points;
    QString origin; ///< file, or device and length

    bool isEmpty() const { return points.empty(); }
    /// Linear between points, the ends prolonged, never below 0.
    double seconds(std::int64_t cache) const;
};

class DecodeService : public QObject {
    Q_OBJECT
public:
    DecodeService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    // Both need a loaded model.

    /// The plan, then dense, with `length` tokens held. Answers with measured() for each.
    Job* measure(const SparsePlan& plan, std::int64_t length);
    /// Windows of equal width from narrow to all of `length`, or of 8,192 tokens where the model reads more. Answers with
    /// spanTimesReady(); fails where the steps cannot be told apart.
    Job* measureSpans(std::int64_t length);
    /// A file of `--span-times`. Answers with spanTimesReady() or failed().
    void openSpanTimes(const QString& path);

signals:
    void measured(const moa::DecodeSpeed& speed);
    void spanTimesReady(const moa::SpanTimes& times);
    void failed(const QString& path, const moa::JobError& error);

private:
    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
};

} // namespace moa
