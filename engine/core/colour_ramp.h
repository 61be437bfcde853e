// Colours between given stops, interpolated in CIE Lab so that equal steps of value look equal.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace moa {

struct Rgb {
    std::uint8_t r = 0, g = 0, b = 0;
    bool operator==(const Rgb&) const = default;
};

inline constexpr int kMapColours = 256;

/// kMapColours colours over evenly spaced stops, low to high; the first and last are the outer stops exactly.
/// At least two stops.
std::array<Rgb, kMapColours> interpolateLab(std::span<const Rgb> stops);

} // namespace moa
