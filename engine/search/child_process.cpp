#include "engine/search/child_process.h"

#include "engine/core/error.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace moa {

namespace {

/// Writes everything or gives up: the reader treats a short answer as none.
void writeAll(int file, const std::byte* data, std::size_t size) {
    while (size > 0) {
        const ssize_t n = ::write(file, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        data += n;
        size -= static_cast<std::size_t>(n);
    }
}

/// The child's whole life: quiet, one answer with its size in front, no destructors of the caller's objects.
[[noreturn]] void childMain(const std::function<std::vector<std::byte>()>& work, int answer) {
    std::signal(SIGINT, SIG_IGN); // until the work takes it; the caller ends the child anyway
    if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) {
        ::dup2(nowhere, STDOUT_FILENO);
        ::dup2(nowhere, STDERR_FILENO);
    }
    int code = 0;
    try {
        const std::vector<std::byte> bytes = work();
        const std::uint64_t size = bytes.size();
        std::byte header[sizeof size];
        std::memcpy(header, &size, sizeof size);
        writeAll(answer, header, sizeof size);
        writeAll(answer, bytes.data(), bytes.size());
    } catch (...) {
        code = 1;
    }
    ::_exit(code);
}

/// Owns the child: whatever happens, it is ended and collected.
class Child {
public:
    explicit Child(pid_t id, int answer) : m_id(id), m_answer(answer) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        ::kill(m_id, SIGKILL);
        ::close(m_answer);
        while (::waitpid(m_id, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    void askToStop() const { ::kill(m_id, SIGINT); }

    /// Reads what is there within a short wait. False once the answer has ended.
    bool read(std::vector<std::byte>& bytes) const {
        pollfd ready{m_answer, POLLIN, 0};
        if (::poll(&ready, 1, 20) <= 0) return true;
        std::byte buffer[4096];
        const ssize_t n = ::read(m_answer, buffer, sizeof buffer);
        if (n < 0) return errno == EINTR;
        bytes.insert(bytes.end(), buffer, buffer + n);
        return n > 0;
    }

private:
    pid_t m_id;
    int m_answer;
};

} // namespace

std::optional<std::vector<std::byte>> runInChild(const std::function<std::vector<std::byte>()>& work,
                                                 std::stop_token stop,
                                                 std::chrono::steady_clock::time_point deadline,
                                                 std::chrono::milliseconds grace) {
    using Clock = std::chrono::steady_clock;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Error("no pipe to a child process: " + std::string(std::strerror(errno)));
    const pid_t id = ::fork();
    if (id == 0) {
        ::close(ends[0]);
        childMain(work, ends[1]);
    }
    ::close(ends[1]);
    if (id < 0) {
        ::close(ends[0]);
        throw Error("no child process: " + std::string(std::strerror(errno)));
    }
    const Child child(id, ends[0]);
    std::vector<std::byte> bytes;
    std::optional<Clock::time_point> end;
    while (child.read(bytes)) {
        if (!end && (stop.stop_requested() || Clock::now() >= deadline)) {
            child.askToStop();
            end = Clock::now() + grace;
        }
        if (end && Clock::now() >= *end) return std::nullopt;
    }
    std::uint64_t size = 0;
    if (bytes.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, bytes.data(), sizeof size);
    if (bytes.size() - sizeof size != size) return std::nullopt;
    bytes.erase(bytes.begin(), bytes.begin() + sizeof size);
    return bytes;
}

} // namespace moa
