// The letters of PNG pictures: pictures are written where no font may be installed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace moa {

inline constexpr int kGlyphRows = 16, kGlyphBase = 12; ///< pixels of a line; its base line lies under this row

struct Glyph {
    char32_t code = 0;
    int advance = 0; ///< pixels to the next one
    int left = 0;    ///< of the first column from the pen
    int width = 0;   ///< columns
    std::string_view shades; ///< [kGlyphRows][width], one hexadecimal digit a pixel, f: full
};

/// ASCII and the few other signs that pictures use; ascending codes are not promised.
std::span<const Glyph> glyphs();

} // namespace moa
