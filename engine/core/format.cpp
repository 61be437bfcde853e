#include "engine/core/format.h"

#include <array>
#include <cstdio>

namespace moa {

std::string formatFixed(double value, int decimals) {
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
    return buffer.data();
}

std::string formatBytes(std::uint64_t bytes) {
    const double b = static_cast<double>(bytes);
    if (bytes >= (1ull << 30)) return formatFixed(b / (1ull << 30), 2) + " GiB";
    if (bytes >= (1ull << 20)) return formatFixed(b / (1ull << 20), 1) + " MiB";
    if (bytes >= (1ull << 10)) return formatFixed(b / (1ull << 10), 1) + " KiB";
    return std::to_string(bytes) + " B";
}

} // namespace moa
