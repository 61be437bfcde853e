#include "app/cli/progress_printer.h"

#include "engine/core/format.h"

#include <cmath>

namespace moa::cli {
namespace {

double seconds(std::chrono::steady_clock::duration d) {
    return std::chrono::duration<double>(d).count();
}

double share(const Progress& p) {
    return p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 0;
}

} // namespace

std::string formatDuration(double duration) {
    const auto whole = static_cast<long long>(std::llround(std::max(0.0, duration)));
    if (whole < 60) return std::to_string(whole) + " s";
    if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

void ProgressPrinter::report(const Progress& progress) {
    if (m_style == ProgressStyle::None) return;
    const std::lock_guard lock(m_mutex);
    const auto now = Clock::now();
    if (progress.stage != m_stage || progress.done < m_stageFirst) {
        m_stage = progress.stage;
        m_stageStart = m_lastPrint = now;
        m_stageFirst = progress.done;
        m_lastShare = share(progress);
        m_stagePrinted = false;
    }
    if (m_style == ProgressStyle::Terminal)
        printTerminal(progress, now);
    else
        printPlain(progress, now);
}

std::string ProgressPrinter::line(const Progress& p, Clock::time_point now) const {
    std::string text = p.stage + ": " + std::to_string(p.done);
    if (p.total <= 0) return text;
    text += " of " + std::to_string(p.total);
    const std::int64_t made = p.done - m_stageFirst;
    const double spent = seconds(now - m_stageStart);
    if (made > 0 && p.done < p.total && spent > 0.5)
        text += ", " +
                formatDuration(spent * static_cast<double>(p.total - p.done) / static_cast<double>(made)) +
                " left";
    return text;
}

void ProgressPrinter::printPlain(const Progress& p, Clock::time_point now) {
    const double sinceLast = seconds(now - m_lastPrint);
    const bool end = p.total > 0 && p.done >= p.total && m_stagePrinted;
    const bool step = sinceLast >= 1 && share(p) - m_lastShare >= 0.1;
    if (!end && !step && sinceLast < 5) return;
    std::fprintf(m_out, "%s\n", line(p, now).c_str());
    std::fflush(m_out);
    m_lastPrint = now;
    m_lastShare = share(p);
    m_stagePrinted = !end;
}

void ProgressPrinter::printTerminal(const Progress& p, Clock::time_point now) {
    // Short stages pass without flicker, long ones are redrawn ten times a second.
    if (seconds(now - m_stageStart) < 0.2 || seconds(now - m_lastPrint) < 0.1) return;
    std::fprintf(m_out, "\r\033[K%s", line(p, now).c_str());
    std::fflush(m_out);
    m_lastPrint = now;
    m_lineShown = true;
}

void ProgressPrinter::clear() {
    const std::lock_guard lock(m_mutex);
    if (!m_lineShown) return;
    std::fputs("\r\033[K", m_out);
    std::fflush(m_out);
    m_lineShown = false;
}

} // namespace moa::cli
