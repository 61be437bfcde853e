// Rule costs, published influence and attention statistics of one query head from whole N x N rows, in double
// precision. Definitions: docs/method.md, "What a rule costs" and "What is stored".
#pragma once

#include "kernels/reference/reference_attention.h"

#include <cstdint>
#include <vector>

namespace moa::reference {

inline constexpr std::int64_t kCostBlock = 64; ///< tokens per window, bucket and map cell
inline constexpr int kSinkBlocks = 5;          ///< sink 64 k, k = 0 ... 4

/// Statistics of one sample and query head under dense attention; T = ceil(N / 64).
struct RuleCosts {
    std::int64_t windows = 0; ///< T
    std::vector<double> cost; ///< [5][T + 1], sum over rows of |C_i|; sink 64 k, window 64 b; b = 0 is 0
    std::vector<double> costSigned;   ///< [5][T + 1], sum over rows of C_i
    std::vector<double> hist;         ///< [5][T], sum of |E_ij| with floor((i - j) / 64) = t and j >= 64 k
    std::vector<double> influenceMap; ///< [T][T], sum of |E| over 64 x 64 blocks
    std::vector<double> attentionMap; ///< [T][T], sum of A over 64 x 64 blocks

    double costAt(int k, std::int64_t b) const { return cost[k * (windows + 1) + b]; }
    double signedAt(int k, std::int64_t b) const { return costSigned[k * (windows + 1) + b]; }
    double histAt(int k, std::int64_t t) const { return hist[k * windows + t]; }
};

/// All statistics for a loss with dLoss/dO = dO [N][D].
RuleCosts ruleCosts(const HeadInputs& in, const double* dO, const HeadShape& shape);

/// C_i under `mask` for every row, c [N]: dO_i . (O_i under the mask - O_i); exactly 0 where nothing is
/// hidden.
void windowLosses(const HeadInputs& in, const double* dO, const HeadShape& shape, const Mask& mask,
                  double* c);

/// e [N][N] (0 above the diagonal): E_ij, the first-order loss change if key j alone is hidden from query i
/// and the row renormalises. Row 0 has nothing to renormalise with and is -g A.
void publishedInfluence(const HeadInputs& in, const double* dO, const HeadShape& shape, double* e);

} // namespace moa::reference
