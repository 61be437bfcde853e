// The most memory this process has held.
#pragma once

#include <cstdint>

namespace moa::cli {

/// Peak resident set in bytes, program, libraries and mapped files included.
std::uint64_t peakMemory();

} // namespace moa::cli
