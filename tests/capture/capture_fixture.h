// Captured layers without a model: random queries and keys, with the log-sum-exp that the reference gives
// them.
#pragma once

#include "engine/capture/attention_tile.h"
#include "kernels/reference/reference_tiles.h"
#include "tests/model/model_fixture.h"

#include <random>

namespace moa::test {

inline std::vector<float> randomValues(std::size_t count, unsigned seed, double gain) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal(0, gain);
    std::vector<float> values(count);
    for (float& v : values) v = static_cast<float>(normal(generator));
    return values;
}

/// Dense, and a log-sum-exp of one constant: for timing, where weights need not sum to 1.
inline CapturedLayer randomLayer(const AttentionShape& shape, std::int64_t n, unsigned seed) {
    CapturedLayer layer;
    layer.layer = LayerIndex(0);
    layer.shape = shape;
    layer.n = n;
    const auto size = static_cast<std::size_t>(n) * static_cast<std::size_t>(shape.headDim);
    layer.q = randomValues(size * static_cast<std::size_t>(shape.heads), seed, 1.5);
    layer.k = randomValues(size * static_cast<std::size_t>(shape.kvHeads), seed + 1, 1);
    layer.lse.assign(static_cast<std::size_t>(n * shape.heads), std::log(static_cast<float>(n)));
    layer.windows.assign(static_cast<std::size_t>(shape.kvHeads), WindowMap::kFullWindow);
    layer.sink = kDefaultSink;
    return layer;
}

/// Rows of one head in double, [n][D].
inline std::vector<double> headRows(const std::vector<float>& all, std::int64_t n, int heads, int head,
                                    int dim) {
    std::vector<double> rows;
    for (std::int64_t r = 0; r < n; ++r)
        for (int d = 0; d < dim; ++d)
            rows.push_back(static_cast<double>(all[static_cast<std::size_t>((r * heads + head) * dim + d)]));
    return rows;
}

/// Attention of one head (or the mean of its group) by definition, [n][n].
inline std::vector<double> wholeAttention(const CapturedLayer& layer, int kvHead, int queryHead) {
    const AttentionShape& shape = layer.shape;
    const int group = shape.groupSize();
    const reference::Mask mask{layer.sink, layer.windows[static_cast<std::size_t>(kvHead)]};
    const reference::HeadShape head{layer.n, shape.headDim, static_cast<double>(shape.scale())};
    const std::vector<double> k = headRows(layer.k, layer.n, shape.kvHeads, kvHead, shape.headDim);
    const auto attentionOf = [&](int h) {
        const std::vector<double> q = headRows(layer.q, layer.n, shape.heads, h, shape.headDim);
        return reference::wholeAttention({q.data(), k.data(), nullptr}, head, mask);
    };
    if (queryHead >= 0) return attentionOf(queryHead);
    std::vector<double> mean(static_cast<std::size_t>(layer.n * layer.n));
    for (int h = kvHead * group; h < (kvHead + 1) * group; ++h) {
        const std::vector<double> a = attentionOf(h);
        for (std::size_t i = 0; i < a.size(); ++i) mean[i] += a[i] / group;
    }
    return mean;
}

/// A random layer whose log-sum-exp is the reference's, under a mask.
inline CapturedLayer trueLayer(const AttentionShape& shape, std::int64_t n, unsigned seed,
                               const reference::Mask& mask = {kDefaultSink}, double sharpness = 1.5) {
    CapturedLayer layer = randomLayer(shape, n, seed);
    for (float& q : layer.q) q *= static_cast<float>(sharpness / 1.5);
    std::fill(layer.windows.begin(), layer.windows.end(), mask.window);
    layer.sink = mask.sink;
    std::vector<double> scores(static_cast<std::size_t>(n)), weights(scores);
    for (int h = 0; h < shape.heads; ++h) {
        const std::vector<double> q = headRows(layer.q, n, shape.heads, h, shape.headDim);
        const std::vector<double> k =
            headRows(layer.k, n, shape.kvHeads, h / shape.groupSize(), shape.headDim);
        for (std::int64_t i = 0; i < n; ++i) {
            reference::scoreRow({q.data(), k.data(), nullptr},
                                {n, shape.headDim, static_cast<double>(shape.scale())}, i, scores.data());
            layer.lse[static_cast<std::size_t>(h * n + i)] =
                static_cast<float>(reference::softmaxRow(scores.data(), i, mask, weights.data()));
        }
    }
    return layer;
}

} // namespace moa::test
