// A page to share: one run, or two to six compared, as one HTML file that needs nothing else. Charts are SVG
// in the page; it asks the network for nothing and forbids itself to. Whatever comes from the history is
// escaped. What was typed into a prompt, and what models wrote, stays on the machine: their hashes are in the
// page.
#pragma once

#include "store/history/history.h"

#include <cstddef>
#include <span>
#include <string>

namespace moa {

/// `baseline` is an index into `runs`; one run needs none. Throws UsageError for no or more than six runs,
/// and for one that is not there.
std::string htmlReport(History& history, std::span<const RunId> runs, std::size_t baseline = 0);

/// Text inside an element or a quoted attribute; bytes that are no UTF-8 become U+FFFD, control characters
/// vanish.
std::string htmlEscaped(std::string_view text);

} // namespace moa
