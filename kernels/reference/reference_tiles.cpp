#include "kernels/reference/reference_tiles.h"

#include <algorithm>
#include <cmath>

namespace moa::reference {

namespace {

constexpr std::int64_t kBucket = 64;
constexpr std::int64_t kSinks = 5;

std::size_t at(std::int64_t row, std::int64_t col, std::int64_t cols) {
    return static_cast<std::size_t>(row * cols + col);
}

} // namespace

std::vector<double> wholeAttention(const HeadInputs& in, const HeadShape& shape, const Mask& mask) {
    const std::int64_t n = shape.n;
    std::vector<double> a(static_cast<std::size_t>(n * n)), scores(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
        scoreRow(in, shape, i, scores.data());
        softmaxRow(scores.data(), i, mask, a.data() + i * n);
    }
    return a;
}

PooledCells poolCells(const std::vector<double>& attention, std::int64_t n, std::int64_t block,
                      std::int64_t rowStep) {
    PooledCells pooled;
    pooled.cells = (n + block - 1) / block;
    pooled.mean.resize(static_cast<std::size_t>(pooled.cells * pooled.cells));
    pooled.max.resize(pooled.mean.size());
    std::vector<double> pairs(pooled.mean.size());
    for (std::int64_t i = 0; i < n; i += rowStep)
        for (std::int64_t j = 0; j <= i; ++j) {
            const std::size_t cell = at(i / block, j / block, pooled.cells);
            pooled.mean[cell] += attention[at(i, j, n)];
            pooled.max[cell] = std::max(pooled.max[cell], attention[at(i, j, n)]);
            pairs[cell] += 1;
        }
    for (std::size_t c = 0; c < pairs.size(); ++c)
        if (pairs[c] > 0) pooled.mean[c] /= pairs[c];
    return pooled;
}

RowMeans rowMeans(const std::vector<double>& attention, std::int64_t n, std::int64_t rowStep) {
    const std::int64_t buckets = (n + kBucket - 1) / kBucket;
    RowMeans means;
    means.massAtDistance.resize(static_cast<std::size_t>(kSinks * buckets));
    means.massOnSink.resize(kSinks);
    double rows = 0;
    for (std::int64_t i = 0; i < n; i += rowStep, ++rows)
        for (std::int64_t j = 0; j <= i; ++j) {
            const double a = attention[at(i, j, n)];
            if (a > 0) means.entropy -= a * std::log(a);
            means.distance += a * static_cast<double>(i - j);
            for (std::int64_t k = 0; k < kSinks; ++k)
                (j < kBucket * k ? means.massOnSink[static_cast<std::size_t>(k)]
                                 : means.massAtDistance[at(k, (i - j) / kBucket, buckets)]) += a;
        }
    means.entropy /= rows;
    means.distance /= rows;
    for (double& mass : means.massAtDistance) mass /= rows;
    for (double& mass : means.massOnSink) mass /= rows;
    return means;
}

} // namespace moa::reference
