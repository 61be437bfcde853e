// Rows of the history for what the workbench measured: begun with the work, ended in whatever way it ends, written on
// the files' thread. A history that cannot be written never costs a result: the problem is told, once.
// Non-goals: showing the history, knowing what a result means.
#pragma once

#include "ui/jobs/decode_service.h"
#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/memory_history.h"
#include "ui/jobs/values.h"

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#endif

#include <QHash>
#include <QJsonObject>
#include <QStringList>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moa {

struct HistoryOptions {
    bool isKept = false;
    std::string file = {}; ///< empty: the user's own
};

/// What a run starts from.
struct RunNote {
    QString command;     ///< "capture", "influence"
    ModelFacts model;
    DeviceFacts device;
    QJsonObject settings; ///< what else decides the result
    std::optional<PlanValue> plan = {}; ///< nothing: dense, or several
};

/// How it ended. Measurements are of the store's kind.
struct RunOutcome {
    JobState state = JobState::Done;
    QString error = {};
    QJsonObject result = {};
    std::vector<Measurement> measurements = {};
};

/// A run that was begun here: its ticket, valid while the program runs. 0: none.
using RunTicket = quint64;

class HistoryService : public QObject {
    Q_OBJECT
public:
    HistoryService(DeviceWorker& files, std::shared_ptr<EngineState> state, HistoryOptions options,
                   QObject* parent = nullptr);
    ~HistoryService() override;

    bool isKept() const { return m_options.isKept; }
    /// Writes a row with status "running". 0 where no history is kept.
    RunTicket begin(const RunNote& note);
    /// Ends the row; nothing for ticket 0 or one whose row could not be begun.
    void finish(RunTicket ticket, const RunOutcome& outcome);
    /// The row's number; 0 while it is not written. GUI thread.
    qint64 run(RunTicket ticket) const { return m_runs.value(ticket); }
    /// Decode speeds that the newest runs of this model measured, with their plans. Answers with speedsRead(); where no
    /// history is kept, not at all.
    void readSpeeds(const ModelFacts& model);

    // What a user adds to runs, in `file` (empty: the one kept here). Answered by edited() or editFailed(); several runs
    // are changed all or none.

    void addTags(const QString& file, const std::vector<RunId>& runs, const QStringList& tags);
    void removeTags(const QString& file, const std::vector<RunId>& runs, const QStringList& tags);
    void setNote(const QString& file, RunId run, const QString& text);
    /// Adds what an export or another history holds. Cancelled: what is there already stays.
    Job* importRuns(const QString& file, const QString& from);
    /// Writes what is kept in memory to a file of its own, whole or not at all. Answered by savedMemory() or editFailed().
    void saveMemory(const QString& path);

signals:
    void recorded(quint64 ticket, qint64 run);
    /// Newest first.
    void speedsRead(const QString& model, const QList<moa::DecodeSpeed>& speeds);
    void failed(const moa::JobError& error);
    /// The file cannot be written (`why`): runs are kept in memory from now on. Once.
    void wentToMemory(const std::shared_ptr<moa::MemoryHistory>& memory, const QString& why);
    void savedMemory(const QString& path);
    void edited();
    void imported(qint64 runs, qint64 known);
    void editFailed(const QString& what, const moa::JobError& error);

private:
    struct Open; ///< the history, once the files' thread has opened it

    void write(const QString& title, std::function<void(JobContext&)> work);
    /// `change` on the history, or on one in memory where its file cannot be written. Files' thread.
    void record(JobContext& context, const std::function<void(History&)>& change);
    Job* edit(const QString& title, const QString& file, std::function<void(History&, JobContext&)> change);

    DeviceWorker& m_files;
    std::shared_ptr<EngineState> m_state;
    HistoryOptions m_options;
    std::shared_ptr<Open> m_open; ///< files' thread
    RunTicket m_last = 0;
    QHash<RunTicket, qint64> m_runs;
    bool m_told = false;
};

} // namespace moa
