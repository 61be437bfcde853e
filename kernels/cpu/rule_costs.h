// Per-row sums that one tile row (64 query rows of one head) gathers from its key tiles, and their conversion
// into rule costs C_i(w) and influence histograms (docs/method.md, "What a rule costs").
// Not a public header: shared by attention_backward.cpp and rule_costs.cpp.
#pragma once

#include "moa_kernels/attention.h"

#include <cstdint>

namespace moa::kernels {

inline constexpr int kSinkTiles = kSinkChoices - 1;

/// Sums over a set of keys, one value per query row.
struct RowSums {
    float* a;  ///< [64] Σ A
    float* ag; ///< [64] Σ A·g
    float* e;  ///< [64] Σ |E|
};

/// The 64 rows' sums by distance bucket t = ⌊(i − j)/64⌋, without the first four tiles of keys, which are kept
/// apart (`sink`) so that every sink choice adds positive terms only. Buckets of tile (I, J): keys at or before
/// the row's column (c ≤ r) fall into bucket I − J, the others into I − J − 1.
struct RowBuckets {
    float* a;    ///< [T+1][64]
    float* ag;   ///< [T+1][64]
    float* e;    ///< [T+1][64]
    float* sink; ///< [4 tiles][2: near (c ≤ r), far (c > r)][3: A, A·g, |E|][64]
    std::int64_t tiles; ///< T

    RowSums bucket(std::int64_t t) const { return {a + t * kTile, ag + t * kTile, e + t * kTile}; }
    RowSums sinkPart(std::int64_t tile, int far) const {
        float* base = sink + (tile * 2 + far) * 3 * kTile;
        return {base, base + kTile, base + 2 * kTile};
    }
    /// Where the keys of tile J go for rows of tile I; far keys (c > r) are one bucket nearer.
    RowSums target(std::int64_t rowTile, std::int64_t keyTile, int far) const {
        return keyTile < kSinkTiles ? sinkPart(keyTile, far) : bucket(rowTile - keyTile - far);
    }
    static std::size_t floats(std::int64_t tiles) {
        return static_cast<std::size_t>(3 * (tiles + 1) * kTile + kSinkTiles * 2 * 3 * kTile);
    }
};

/// Adds the rows' rule costs and histogram to `sums`; sink tiles are merged into the buckets on the way. Where a
/// row's visible mass is too small for float sums, its C is left out and bit r set in weak[k·(T+1) + b]: the
/// caller adds it from exactRuleCosts(). `workspace`: ruleCostWorkspaceFloats(T).
void addRuleCosts(const RowBuckets& buckets, std::int64_t rowTile, int rows, const RuleCostSums& sums,
                  std::uint64_t* weak, float* workspace);
std::size_t ruleCostWorkspaceFloats(std::int64_t tiles);

/// Double-precision treatment of one row under the dense mask, for the rare rows where float sums are not enough.
struct ExactRow {
    const float* q = nullptr;  ///< [headDim]
    const float* dO = nullptr; ///< [headDim]
    const float* k = nullptr;  ///< [i+1][headDim]
    const float* v = nullptr;  ///< [i+1][headDim]
    std::int64_t row = 0;      ///< i, its position
    int headDim = 0;
    float scale = 1;
    std::int64_t firstHidden = 0, lastHidden = -1; ///< keys the forward mask hides (a sparse backward); none: dense
};
/// Below this mass of a row's other weights, their float sums have lost precision: exactDominantInfluence() serves.
inline constexpr float kLostMass = 1e-25f;
/// E of the row's largest weight, at `key`, from the other keys (docs/method.md).
double exactDominantInfluence(const ExactRow& row, std::int64_t key);
/// Adds C_i for every (k, b) whose bit `bit` is set in weak[5][tiles+1].
void addExactRuleCosts(const ExactRow& row, int bit, const std::uint64_t* weak, std::int64_t tiles,
                       const RuleCostSums& sums);

} // namespace moa::kernels
