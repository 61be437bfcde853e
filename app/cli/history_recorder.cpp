#include "app/cli/history_recorder.h"

#include <exception>

namespace moa::cli {

HistoryRecorder::~HistoryRecorder() {
    RunEnd end;
    end.status = RunStatus::Failed;
    end.error = "ended without a result";
    finish(end);
}

History HistoryRecorder::open() {
    if (!m_path.empty()) return History::open(m_path); // a file named by the user stays where it is
    const std::string path = History::defaultPath();
    try {
        return History::open(path);
    } catch (const StoreError& e) {
        if (e.problem() != StoreProblem::Corrupt) throw;
    }
    m_setAside = History::setAside(path);
    return History::open(path);
}

void HistoryRecorder::begin(RunStart start) {
    if (!start.started) start.started = currentTime();
    m_start = std::move(start);
    m_run.reset();
    m_problem.reset();
    try {
        m_history = open();
        m_run = m_history->begin(*m_start);
    } catch (const std::exception&) { // finish() tries again and tells
        m_history.reset();
    }
}

void HistoryRecorder::finish(const RunEnd& end) {
    if (!isOpen()) return;
    try {
        if (m_run) {
            m_history->finish(*m_run, end);
        } else {
            RunRecord record;
            static_cast<RunStart&>(record) = *m_start;
            static_cast<RunEnd&>(record) = end;
            m_run = open().recordRun(record);
        }
    } catch (const std::exception& e) {
        m_problem = e.what();
    }
    m_start.reset();
    m_history.reset();
}

} // namespace moa::cli
