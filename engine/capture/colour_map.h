// Colour maps of the exported pictures (256 colours each).
#pragma once

#include "engine/core/colour_ramp.h"

namespace moa {

enum class ColourMap {
    Attention, ///< mako, reversed: the page to near black, cool hues
    Influence, ///< white to magenta
};

/// The colours of a map, low to high; the first and last are its outer stops exactly.
const std::array<Rgb, kMapColours>& mapColours(ColourMap map);

/// What is drawn between the maps of a sheet, and where there is no value.
inline constexpr Rgb kGapColour{0xE6, 0xE9, 0xED};

} // namespace moa
