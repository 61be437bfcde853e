// What one sample's backward pass tells about every head: rule costs, influence, attention. Sums over the
// sample's rows, not means. Layout as ProfileLength (engine/core/profile_data.h).
#pragma once

#include "engine/core/profile_data.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace moa {

inline constexpr int kMaxMapCells = 128;

struct SampleCosts {
    int layers = 0, heads = 0;
    int tiles = 0;    ///< T of the length the sample stands for; it may be a little shorter
    int mapCells = 0; ///< min(T, 128)
    std::vector<double> cost, costSigned;           ///< [L][H][5][T+1]
    std::vector<double> hist;                       ///< [L][H][5][T]
    std::vector<float> influenceMap, attentionMap;  ///< [L][H][m][m]

    SampleCosts() = default;
    /// `tokens`: the nominal length, at least the sample's.
    SampleCosts(int layerCount, int headCount, std::int64_t tokens)
        : layers(layerCount), heads(headCount), tiles(static_cast<int>((tokens + kBlock - 1) / kBlock)),
          mapCells(std::min(tiles, kMaxMapCells)) {
        const std::size_t all = static_cast<std::size_t>(layers) * static_cast<std::size_t>(heads);
        const std::size_t t = static_cast<std::size_t>(tiles), m = static_cast<std::size_t>(mapCells);
        cost.resize(all * kSinkChoices * (t + 1));
        costSigned.resize(cost.size());
        hist.resize(all * kSinkChoices * t);
        influenceMap.resize(all * m * m);
        attentionMap.resize(all * m * m);
    }
};

} // namespace moa
