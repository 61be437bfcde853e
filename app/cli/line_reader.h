// Lines from standard input that Ctrl-C can interrupt.
#pragma once

#include "app/cli/cancel_signal.h"

#include <optional>
#include <string>

namespace moa::cli {

class LineReader {
public:
    explicit LineReader(CancelSignal& cancel) : m_cancel(cancel) {}
    /// The next line without its newline; nothing at the end of the input or after a signal.
    std::optional<std::string> next();

private:
    CancelSignal& m_cancel;
    std::string m_buffer;
    bool m_ended = false;
};

} // namespace moa::cli
