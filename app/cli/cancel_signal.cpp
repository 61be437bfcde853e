#include "app/cli/cancel_signal.h"

#include "engine/core/error.h"

#include <array>
#include <atomic>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace moa::cli {
namespace {

constexpr char kSignalled = 's', kQuit = 'q';
constexpr std::array kSignals = {SIGINT, SIGTERM};

// What the handler may touch: lock-free atomics only.
std::atomic<int> g_pipe{-1};
std::atomic<int> g_count{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void onSignal(int signal) {
    if (g_count.fetch_add(1) > 0) { // the second one: as if nobody had taken it over
        ::signal(signal, SIG_DFL);
        ::raise(signal);
        return;
    }
    const int saved = errno;
    [[maybe_unused]] const auto written = ::write(g_pipe.load(), &kSignalled, 1);
    errno = saved;
}

void makePipe(int (&ends)[2]) {
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw Error("cannot make a pipe for Ctrl-C");
}

} // namespace

CancelSignal::CancelSignal() {
    makePipe(m_signal);
    makePipe(m_wake);
    ::fcntl(m_signal[0], F_SETFL, 0); // the watcher waits
    g_count = 0;
    g_pipe = m_signal[1];
    m_watcher = std::thread([this] { watch(); });
    struct sigaction action {};
    action.sa_handler = onSignal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

CancelSignal::~CancelSignal() {
    for (const int signal : kSignals) ::signal(signal, SIG_DFL);
    g_pipe = -1;
    [[maybe_unused]] const auto written = ::write(m_signal[1], &kQuit, 1);
    m_watcher.join();
    for (const int fd : {m_signal[0], m_signal[1], m_wake[0], m_wake[1]}) ::close(fd);
}

std::stop_token CancelSignal::token() const {
    const std::lock_guard lock(m_mutex);
    return m_source.get_token();
}

void CancelSignal::rearm() {
    const std::lock_guard lock(m_mutex);
    char byte = 0;
    while (::read(m_wake[0], &byte, 1) == 1) {
    }
    m_source = std::stop_source();
    g_count = 0;
}

void CancelSignal::watch() {
    char byte = 0;
    while (::read(m_signal[0], &byte, 1) == 1 && byte != kQuit) {
        const std::lock_guard lock(m_mutex);
        m_source.request_stop();
        [[maybe_unused]] const auto written = ::write(m_wake[1], &byte, 1);
    }
}

} // namespace moa::cli
