// What a profile holds, as plain arrays: rule costs, influence histograms, pooled maps. Written by
// engine/profile, read by engine/search. Definitions: docs/method.md, "What a rule costs".
#pragma once

#include "engine/core/plan.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace moa {

/// Sink choices stored per profile: s = 64·k, k = 0…4.
inline constexpr int kSinkChoices = kMaxSinkBlocks + 1;

/// All arrays of one profiled length; means over `samples` unless said otherwise. T = ceil(length / 64).
struct ProfileLength {
    int length = 0;
    int samples = 0;
    int windows = 0;                ///< T
    int mapCells = 0;               ///< m ≤ 128, pooled maps are m × m
    std::vector<float> cost;        ///< [L][H][5][T+1], Σ_i |C_i| (nats) for sink 64·k, window 64·b; b = 0 unused
    std::vector<float> costSigned;  ///< [L][H][5][T+1], Σ_i C_i
    std::vector<float> hist;        ///< [L][H][5][T], Σ|E| by distance bucket ⌊(i − j)/64⌋, keys j ≥ 64·k
    std::vector<float> costSamples; ///< [samples][L][G][T+1], Σ_i C_i at the default sink, per sample
    std::vector<float> influence;   ///< [L][H][m][m], Σ|E| per cell
    std::vector<float> attention;   ///< [L][H][m][m], ΣA per cell
};

struct ProfileData {
    int layers = 0, heads = 0, kvHeads = 0;
    int sink = kDefaultSink;         ///< the default sink, of costSamples
    std::string modelName, modelSha256, calibration, toolVersion;
    std::map<int, ProfileLength> lengths; ///< by length, tokens
};

} // namespace moa
