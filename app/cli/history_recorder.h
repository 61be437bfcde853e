// One history row of one command: begun before the work, ended in whatever way the work ends. A history that
// cannot be written never costs the result: the problem is kept, for the caller to tell after printing.
#pragma once

#include "store/history/history.h"

#include <optional>
#include <string>

namespace moa::cli {

class HistoryRecorder {
public:
    /// `path` empty: the user's own history.
    explicit HistoryRecorder(std::string path) : m_path(std::move(path)) {}
    /// Ends a run nobody ended as failed.
    ~HistoryRecorder();
    HistoryRecorder(const HistoryRecorder&) = delete;
    HistoryRecorder& operator=(const HistoryRecorder&) = delete;

    /// Writes the row with status "running". Never throws.
    void begin(RunStart start);
    /// Ends the run; one that could not be begun is written whole, should the history be usable by now. Never
    /// throws; nothing happens when no run is open.
    void finish(const RunEnd& end);

    bool isOpen() const { return m_start.has_value(); }
    /// The row, where there is one.
    std::optional<RunId> run() const { return m_run; }
    /// Where a damaged history of the user's own went, when a new one was begun.
    const std::optional<std::string>& setAside() const { return m_setAside; }
    /// Why the run is not in the history; one line.
    const std::optional<std::string>& problem() const { return m_problem; }

private:
    History open();

    std::string m_path;
    std::optional<RunStart> m_start; ///< of the open run
    std::optional<RunId> m_run;
    std::optional<History> m_history;
    std::optional<std::string> m_problem, m_setAside;
};

} // namespace moa::cli
