// Attention of one head as a whole N x N matrix in double precision, its pooled cells and the statistics of
// its rows. Terms: docs/method.md. Only tests link this.
#pragma once

#include "kernels/reference/reference_attention.h"

#include <cstdint>
#include <vector>

namespace moa::reference {

/// a [N][N]: softmax attention under the mask, 0 where hidden.
std::vector<double> wholeAttention(const HeadInputs& in, const HeadShape& shape, const Mask& mask);

/// [cells][cells] of block x block tokens over the whole matrix, cells = ceil(N / block); pairs with key <=
/// query only, 0 where a cell has none.
struct PooledCells {
    std::int64_t cells = 0;
    std::vector<double> mean, max;
};

/// rowStep: only every rowStep-th query counts, from query 0 on.
PooledCells poolCells(const std::vector<double>& attention, std::int64_t n, std::int64_t block,
                      std::int64_t rowStep = 1);

/// Means over every rowStep-th row; buckets and sinks of 64 tokens.
struct RowMeans {
    double entropy = 0;                 ///< nats
    double distance = 0;                ///< tokens
    std::vector<double> massAtDistance; ///< [5][T]: keys j >= 64 k, floor((i - j) / 64) = t; T = ceil(N / 64)
    std::vector<double> massOnSink;     ///< [5]: keys j < 64 k
};

RowMeans rowMeans(const std::vector<double>& attention, std::int64_t n, std::int64_t rowStep = 1);

} // namespace moa::reference
