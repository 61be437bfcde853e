// Stops of the colour maps.
#include "engine/capture/colour_map.h"

namespace moa {
namespace {

constexpr Rgb kAttentionStops[] = {{0xF6, 0xFB, 0xF8}, {0xC4, 0xEB, 0xD0}, {0x8B, 0xDA, 0xB2},
                                   {0x40, 0xB7, 0xAD}, {0x34, 0x8F, 0xA7}, {0x37, 0x65, 0x9E},
                                   {0x41, 0x3D, 0x7B}, {0x2E, 0x1E, 0x3B}};
constexpr Rgb kInfluenceStops[] = {{0xFF, 0xFF, 0xFF}, {0xB0, 0x24, 0x6E}};

} // namespace

const std::array<Rgb, kMapColours>& mapColours(ColourMap map) {
    static const auto attention = interpolateLab(kAttentionStops);
    static const auto influence = interpolateLab(kInfluenceStops);
    return map == ColourMap::Attention ? attention : influence;
}

} // namespace moa
