// One piece of long work as the interface sees it: state, stage, progress, time left, pause, cancel.
// A Job lives on the GUI thread; the worker reaches it through queued calls only.
#pragma once

#include "engine/core/progress.h"

#include <QElapsedTimer>
#include <QObject>
#include <QString>

#include <atomic>
#include <memory>
#include <stop_token>

namespace moa {

enum class JobState { Queued, Running, Paused, Done, Cancelled, Failed };

/// What a job ended with when it failed: one line for the banner, and the figures of a memory error.
struct JobError {
    QString message;
    bool memory = false;
    quint64 neededBytes = 0, availableBytes = 0;
};

class Job : public QObject {
    Q_OBJECT
public:
    quint64 id() const { return m_id; }
    const QString& title() const { return m_title; }
    JobState state() const { return m_state; }
    bool isOver() const {
        return m_state == JobState::Done || m_state == JobState::Cancelled || m_state == JobState::Failed;
    }
    /// Asked to stop, and not over yet.
    bool isCancelling() const { return !isOver() && m_shared->stop.stop_requested(); }
    const Progress& progress() const { return m_progress; }
    double fraction() const; ///< 0 … 1 of the present stage; −1: not known
    double secondsLeft() const; ///< of the present stage; −1: not known
    double seconds() const { return m_seconds; } ///< it took, once it is over
    bool canPause() const { return m_canPause; }
    const JobError& error() const { return m_error; }

    /// Asks the work to stop; what it has finished is kept. Returns at once.
    void cancel();
    void setPaused(bool paused);

signals:
    void changed();
    void finished(); ///< once, after the last changed()

private:
    friend class DeviceWorker;
    friend class JobContext;
    /// What both threads touch.
    struct Shared {
        std::stop_source stop;
        std::atomic<bool> paused{false};
    };
    Job(quint64 id, const QString& title, bool canPause, QObject* parent);
    void begin();
    void setProgress(const Progress& progress);
    void end(JobState state, const JobError& error);

    quint64 m_id;
    QString m_title;
    bool m_canPause;
    JobState m_state = JobState::Queued;
    Progress m_progress;
    JobError m_error;
    QElapsedTimer m_stageClock, m_clock;
    qint64 m_stageBegan = 0; ///< units done when the stage was first seen
    double m_seconds = 0;
    std::function<void()> m_wake; ///< tells the worker that stop or pause changed
    std::shared_ptr<Shared> m_shared = std::make_shared<Shared>();
};

} // namespace moa
