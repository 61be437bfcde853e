// Colour maps of the pictures: 256 colours between given stops, interpolated in CIE Lab so that equal steps
// of value look equal.
#pragma once

#include <array>
#include <cstdint>

namespace moa {

struct Rgb {
    std::uint8_t r = 0, g = 0, b = 0;
    bool operator==(const Rgb&) const = default;
};

enum class ColourMap {
    Attention, ///< mako, reversed: the page to near black, cool hues
    Influence, ///< white to magenta
};

inline constexpr int kMapColours = 256;

/// The colours of a map, low to high; the first and last are its outer stops exactly.
const std::array<Rgb, kMapColours>& mapColours(ColourMap map);

/// What is drawn between the maps of a sheet, and where there is no value.
inline constexpr Rgb kGapColour{0xE6, 0xE9, 0xED};

} // namespace moa
