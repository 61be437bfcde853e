// Needle grid on the loaded model: answers that survive by depth of the evidence and length of the prompt, dense and under
// a plan. Samples come one by one; those of a grid that was stopped are kept, and the same call goes on with them.
#pragma once

#include "ui/jobs/device_worker.h"
#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/core/plan.h"
#include "ui/jobs/engine_state.h"
#endif

#include <QObject>
#include <QString>

#include <memory>
#include <vector>

namespace moa {

/// What a grid asks.
struct NeedleQuestion {
    QString task = QStringLiteral("lines"); ///< built-in
    std::vector<int> lengths;               ///< tokens, ascending
    int depths = 10;                        ///< equal strata of the context
    int samples = 4;                        ///< a cell
    quint64 seed = 0;
    bool operator==(const NeedleQuestion&) const = default;
};

/// What is known of one cell.
struct NeedleValue {
    int length = 0, depth = 0; ///< tokens, stratum
    int samples = 0;
    double dense = 0, sparse = 0; ///< right answers of 100
    int firstLost = -1; ///< sample that dense answers and sparse does not; −1: none
};

class NeedleService : public QObject {
    Q_OBJECT
public:
    NeedleService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    /// Answers with cell() after every sample; cells that were known come first.
    Job* measure(const NeedleQuestion& question, const SparsePlan& plan);

signals:
    void cell(const moa::NeedleValue& value);

private:
    struct Kept; ///< samples of the newest grid
    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
    std::shared_ptr<Kept> m_kept; ///< worker's thread
};

} // namespace moa
