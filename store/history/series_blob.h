// A series as SQLite keeps it: 32-bit floats, little-endian, as this program's processors have them.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <vector>

namespace moa {

static_assert(std::endian::native == std::endian::little, "series are stored as they lie in memory");

inline std::span<const std::byte> seriesBytes(const std::vector<float>& values) {
    return std::as_bytes(std::span(values));
}

inline std::vector<float> seriesValues(std::span<const std::byte> bytes) {
    std::vector<float> values(bytes.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    return values;
}

} // namespace moa
