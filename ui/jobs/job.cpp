// State changes of a job, all on the GUI thread.
#include "ui/jobs/job.h"

namespace moa {

Job::Job(quint64 id, const QString& title, bool canPause, QObject* parent)
    : QObject(parent), m_id(id), m_title(title), m_canPause(canPause) {}

double Job::fraction() const {
    return m_progress.total > 0 ? double(m_progress.done) / double(m_progress.total) : -1;
}

double Job::secondsLeft() const {
    const qint64 done = m_progress.done - m_stageBegan;
    if (m_state != JobState::Running || m_progress.total <= 0 || done <= 0) return -1;
    return double(m_stageClock.elapsed()) / 1000 / double(done) * double(m_progress.total - m_progress.done);
}

void Job::cancel() {
    if (isOver() || !m_shared->stop.request_stop()) return;
    if (m_wake) m_wake();
    emit changed();
}

void Job::setPaused(bool paused) {
    if (!m_canPause || isOver() || m_state == JobState::Queued) return;
    m_shared->paused = paused;
    if (m_wake) m_wake();
    m_state = paused ? JobState::Paused : JobState::Running;
    m_stageClock.restart(); // the rate before a pause says nothing of the time after it
    m_stageBegan = m_progress.done;
    emit changed();
}

void Job::begin() {
    m_state = JobState::Running;
    m_clock.start();
    m_stageClock.start();
    emit changed();
}

void Job::setProgress(const Progress& progress) {
    if (isOver()) return;
    if (progress.stage != m_progress.stage || progress.total != m_progress.total) {
        m_stageClock.restart();
        m_stageBegan = progress.done;
    }
    m_progress = progress;
    emit changed();
}

void Job::end(JobState state, const JobError& error) {
    m_state = state;
    m_error = error;
    m_seconds = m_clock.isValid() ? double(m_clock.elapsed()) / 1000 : 0;
    emit changed();
    emit finished();
}

} // namespace moa
