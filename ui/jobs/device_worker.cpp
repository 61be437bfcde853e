// The worker's loop, and the way from typed errors to what the interface shows.
#include "ui/jobs/device_worker.h"

#include "engine/core/error.h"

#include <QMetaObject>

#include <algorithm>
#include <new>

namespace moa {
namespace {

/// The one place where the interface's work is caught.
template <class Work>
JobState guarded(Work&& work, JobError& error) {
    try {
        work();
        return JobState::Done;
    } catch (const MemoryError& e) {
        error = {QString::fromUtf8(e.what()), true, e.neededBytes(), e.availableBytes()};
    } catch (const std::bad_alloc&) {
        error = {QObject::tr("The system has no memory left for this. Close something or choose a shorter length."),
                 true, 0, 0};
    } catch (const std::exception& e) {
        error = {QString::fromUtf8(e.what()), false, 0, 0};
    }
    return JobState::Failed;
}

} // namespace

void JobContext::report(const Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool due = progress.stage != m_lastStage || progress.done == progress.total ||
                     now - m_lastReport > std::chrono::milliseconds(33);
    if (due) {
        m_lastReport = now;
        m_lastStage = progress.stage;
        m_worker.post([job = m_job, progress] { job->setProgress(progress); });
    }
    checkpoint();
}

ProgressFn JobContext::progressFn() {
    return [this](const Progress& progress) { report(progress); };
}

void JobContext::checkpoint() {
    while (m_worker.runInteractive()) {}
    while (m_shared->paused && !m_stop.stop_requested()) {
        {
            std::unique_lock lock(m_worker.m_mutex);
            m_worker.m_wake.wait(lock, [&] {
                return !m_shared->paused || m_stop.stop_requested() || !m_worker.m_interactive.empty();
            });
        }
        while (m_worker.runInteractive()) {}
    }
}

void JobContext::post(std::function<void()> deliver) {
    m_worker.post(std::move(deliver));
}

DeviceWorker::DeviceWorker(QObject* parent) : QObject(parent), m_thread([this] { loop(); }) {}

DeviceWorker::~DeviceWorker() {
    shutDown();
}

void DeviceWorker::shutDown() {
    if (!m_thread.joinable()) return;
    cancelAll();
    {
        const std::lock_guard lock(m_mutex);
        m_quit = true;
        m_queue.clear();
        m_interactive.clear();
        m_servedStop.request_stop();
    }
    m_wake.notify_all();
    m_thread.join();
}

Job* DeviceWorker::submit(const QString& title, bool canPause, std::function<void(JobContext&)> work) {
    auto* job = new Job(++m_lastId, title, canPause, this);
    // A change of stop or pause is seen under the mutex, so that a waiting worker cannot miss it.
    job->m_wake = [this] {
        { const std::lock_guard lock(m_mutex); }
        m_wake.notify_all();
    };
    connect(job, &Job::changed, this, [this, job] { emit jobChanged(job); });
    connect(job, &Job::finished, this, [this, job] { emit jobFinished(job); });
    m_jobs.prepend(job);
    emit jobAdded(job);
    {
        const std::lock_guard lock(m_mutex);
        m_queue.push_back({job, job->m_shared, std::move(work)});
    }
    m_wake.notify_all();
    return job;
}

void DeviceWorker::interact(const QString& topic, std::function<void(std::stop_token)> request,
                            std::function<void(const JobError&)> failed) {
    {
        const std::lock_guard lock(m_mutex);
        std::erase_if(m_interactive, [&](const Interactive& waiting) { return waiting.topic == topic; });
        m_interactive.push_back({topic, std::move(request), std::move(failed)});
        if (m_servedTopic == topic) m_servedStop.request_stop();
    }
    m_wake.notify_all();
}

void DeviceWorker::post(std::function<void()> deliver) {
    // Qt's queue carries only the wake-up: what is handed over passes a mutex that the thread sanitizer can see.
    {
        const std::lock_guard lock(m_postMutex);
        m_posted.push_back(std::move(deliver));
    }
    QMetaObject::invokeMethod(this, "deliverNext", Qt::QueuedConnection);
}

void DeviceWorker::deliverNext() {
    std::function<void()> next;
    {
        const std::lock_guard lock(m_postMutex);
        next = std::move(m_posted.front()); // as many as there were wake-ups
        m_posted.pop_front();
    }
    next();
}

Job* DeviceWorker::running() const {
    const auto it = std::ranges::find_if(
        m_jobs, [](const Job* job) { return job->state() == JobState::Running || job->state() == JobState::Paused; });
    return it == m_jobs.end() ? nullptr : *it;
}

void DeviceWorker::cancelAll() {
    for (Job* job : m_jobs) job->cancel();
}

bool DeviceWorker::isIdle() const {
    return std::ranges::all_of(m_jobs, [](const Job* job) { return job->isOver(); });
}

bool DeviceWorker::runInteractive() {
    Interactive next;
    std::stop_source stop;
    {
        const std::lock_guard lock(m_mutex);
        if (m_interactive.empty()) return false;
        next = std::move(m_interactive.front());
        m_interactive.pop_front();
        m_servedTopic = next.topic;
        m_servedStop = stop;
        if (m_quit) stop.request_stop();
    }
    JobError error;
    if (guarded([&] { next.request(stop.get_token()); }, error) == JobState::Failed)
        post([this, topic = next.topic, failed = std::move(next.failed), error] {
            if (failed)
                failed(error);
            else
                emit interactiveFailed(topic, error);
        });
    const std::lock_guard lock(m_mutex);
    m_servedTopic.clear();
    return true;
}

void DeviceWorker::runJob(Pending pending) {
    Job* job = pending.job;
    post([job] { job->begin(); });
    JobContext context(*this, job, pending.shared);
    JobError error;
    JobState end = JobState::Cancelled;
    if (!context.stop().stop_requested()) end = guarded([&] { pending.work(context); }, error);
    if (end == JobState::Done && context.m_cancelled) end = JobState::Cancelled;
    post([job, end, error] { job->end(end, error); });
}

void DeviceWorker::loop() {
    for (;;) {
        Pending next;
        {
            std::unique_lock lock(m_mutex);
            m_wake.wait(lock, [&] { return m_quit || !m_interactive.empty() || !m_queue.empty(); });
            if (m_quit) return;
            if (m_interactive.empty()) {
                next = std::move(m_queue.front());
                m_queue.pop_front();
            }
        }
        if (next.job != nullptr)
            runJob(std::move(next));
        else
            runInteractive();
    }
}

} // namespace moa
