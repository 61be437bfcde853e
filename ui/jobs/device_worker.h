// The one thread that owns the device. Jobs run one after the other; interactive requests (tiles, estimates) go
// first, also in the middle of a job, at its checkpoints. Everything the GUI learns comes as a queued call.
// Goal: no wait on the GUI thread but the join at the end of the program. Non-goal: knowing what the work is.
#pragma once

#include "ui/jobs/job.h"

#include <QObject>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace moa {

class DeviceWorker;

/// What running work sees. Worker thread only.
class JobContext {
public:
    const std::stop_token& stop() const { return m_stop; }
    /// Tells the GUI (at most 30 times a second, the last one of a stage always) and is a checkpoint.
    void report(const Progress& progress);
    /// The same as a callback for the engine.
    ProgressFn progressFn();
    /// Serves interactive requests, and waits here while the job is paused. Call at least every 50 ms.
    void checkpoint();
    /// Runs `deliver` on the GUI thread, in order, before the job's end is seen there.
    void post(std::function<void()> deliver);
    /// The job ends as cancelled although it returned normally (the engine's Completion::Cancelled).
    void markCancelled() { m_cancelled = true; }
    void mark(Completion completion) { m_cancelled = m_cancelled || completion == Completion::Cancelled; }

private:
    friend class DeviceWorker;
    JobContext(DeviceWorker& worker, Job* job, std::shared_ptr<Job::Shared> shared)
        : m_worker(worker), m_job(job), m_shared(std::move(shared)), m_stop(m_shared->stop.get_token()) {}

    DeviceWorker& m_worker;
    Job* m_job; ///< touched on the GUI thread only
    std::shared_ptr<Job::Shared> m_shared;
    std::stop_token m_stop;
    std::chrono::steady_clock::time_point m_lastReport{};
    std::string m_lastStage;
    bool m_cancelled = false;
};

class DeviceWorker : public QObject {
    Q_OBJECT
public:
    explicit DeviceWorker(QObject* parent = nullptr);
    /// As shutDown().
    ~DeviceWorker() override;

    /// Cancels everything and waits for the work to return; nothing runs afterwards. Before whatever the work uses is
    /// destroyed.
    void shutDown();

    /// Queues a job. The Job belongs to the worker and lives until it does. Work may throw moa::Error.
    Job* submit(const QString& title, bool canPause, std::function<void(JobContext&)> work);
    /// Runs soon, before jobs and between their steps. A newer request of a topic replaces one that has not begun and
    /// stops one that runs. An error goes to `failed` on the GUI thread; without one interactiveFailed() tells it.
    void interact(const QString& topic, std::function<void(std::stop_token)> request,
                  std::function<void(const JobError&)> failed = {});
    /// Runs `deliver` on the GUI thread. Any thread.
    void post(std::function<void()> deliver);

    /// Newest first. GUI thread.
    QList<Job*> jobs() const { return m_jobs; }
    Job* running() const; ///< null: none
    void cancelAll();
    bool isIdle() const;

signals:
    void jobAdded(moa::Job* job);
    void jobChanged(moa::Job* job);
    void jobFinished(moa::Job* job);
    void interactiveFailed(const QString& topic, const moa::JobError& error);

private slots:
    void deliverNext();

private:
    friend class JobContext;
    struct Pending {
        Job* job = nullptr;
        std::shared_ptr<Job::Shared> shared;
        std::function<void(JobContext&)> work;
    };
    struct Interactive {
        QString topic;
        std::function<void(std::stop_token)> request;
        std::function<void(const JobError&)> failed;
    };
    void loop();
    void runJob(Pending pending);
    bool runInteractive(); ///< one request; false: there was none

    QList<Job*> m_jobs; ///< GUI thread
    quint64 m_lastId = 0;

    mutable std::mutex m_mutex; ///< guards what follows
    std::condition_variable m_wake;
    std::deque<Pending> m_queue;
    std::deque<Interactive> m_interactive;
    QString m_servedTopic;
    std::stop_source m_servedStop;
    bool m_quit = false;

    std::mutex m_postMutex; ///< guards what follows
    std::deque<std::function<void()>> m_posted;

    std::thread m_thread;
};

} // namespace moa
