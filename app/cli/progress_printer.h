// Progress of long work on standard error: one rewritten line on a terminal, a few plain lines elsewhere.
#pragma once

#include "engine/core/progress.h"

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

namespace moa::cli {

enum class ProgressStyle {
    None,
    Plain,   ///< a line at each 10% or every 5 s, none for stages under a second
    Terminal ///< one line: stage, n of N, time left
};

/// "2 min 5 s", "45 s".
std::string formatDuration(double seconds);

/// Safe to call from any thread.
class ProgressPrinter {
public:
    ProgressPrinter(std::FILE* out, ProgressStyle style) : m_out(out), m_style(style) {}
    ~ProgressPrinter() { clear(); }
    ProgressPrinter(const ProgressPrinter&) = delete;
    ProgressPrinter& operator=(const ProgressPrinter&) = delete;

    void report(const Progress& progress);
    /// Wipes the line, so that something else can be printed there.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    void printPlain(const Progress& progress, Clock::time_point now);
    void printTerminal(const Progress& progress, Clock::time_point now);
    std::string line(const Progress& progress, Clock::time_point now) const;

    std::mutex m_mutex;
    std::FILE* m_out;
    ProgressStyle m_style;
    std::string m_stage;
    Clock::time_point m_stageStart{}, m_lastPrint{};
    std::int64_t m_stageFirst = 0; ///< `done` of the stage's first report: what came before took no time here
    double m_lastShare = 0;
    bool m_lineShown = false, m_stagePrinted = false;
};

} // namespace moa::cli
