#include "app/cli/line_reader.h"

#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace moa::cli {

std::optional<std::string> LineReader::next() {
    std::array<char, 4096> piece{};
    while (true) {
        if (const std::size_t end = m_buffer.find('\n'); end != std::string::npos) {
            std::string line = m_buffer.substr(0, end);
            m_buffer.erase(0, end + 1);
            return line;
        }
        if (m_ended) {
            if (m_buffer.empty()) return std::nullopt;
            return std::exchange(m_buffer, {});
        }
        std::array<pollfd, 2> wait{{{STDIN_FILENO, POLLIN, 0}, {m_cancel.wakeDescriptor(), POLLIN, 0}}};
        if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return std::nullopt;
        if (m_cancel.requested()) return std::nullopt;
        if (wait[0].revents == 0) continue;
        const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (got > 0)
            m_buffer.append(piece.data(), static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR)
            m_ended = true;
    }
}

} // namespace moa::cli
