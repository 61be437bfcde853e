// Small text helpers shared by error messages and reports.
#pragma once

#include <cstdint>
#include <string>

namespace moa {

/// "1.50 GiB", "300.0 MiB", "12 B".
std::string formatBytes(std::uint64_t bytes);

/// printf-style "%.*f".
std::string formatFixed(double value, int decimals);

} // namespace moa
