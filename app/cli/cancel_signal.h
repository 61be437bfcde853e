// Ctrl-C as a std::stop_token: SIGINT and SIGTERM ask the running work to stop, a second one ends the program
// at once. Goal: nothing but a write() happens inside the signal handler.
#pragma once

#include <mutex>
#include <stop_token>
#include <thread>

namespace moa::cli {

/// Takes the two signals over for its lifetime; at most one object at a time.
class CancelSignal {
public:
    CancelSignal();
    ~CancelSignal();
    CancelSignal(const CancelSignal&) = delete;
    CancelSignal& operator=(const CancelSignal&) = delete;

    /// Stops at the next signal. After rearm() ask for a new one.
    std::stop_token token() const;
    bool requested() const { return token().stop_requested(); }
    /// Becomes readable at a signal: to poll() beside an input that may block.
    int wakeDescriptor() const { return m_wake[0]; }
    /// Forgets the last signal, so that the next one cancels again instead of ending the program (chat).
    void rearm();

private:
    void watch();

    mutable std::mutex m_mutex;
    std::stop_source m_source;
    int m_signal[2] = {-1, -1}; ///< written by the handler
    int m_wake[2] = {-1, -1};   ///< written by the watcher, read by nobody: stays readable
    std::thread m_watcher;
};

} // namespace moa::cli
