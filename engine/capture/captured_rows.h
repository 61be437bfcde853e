// Which heads of a captured layer are meant, and their rows as the kernels take them. Not for other folders.
#pragma once

#include "engine/capture/attention_capture.h"
#include "engine/core/error.h"
#include "moa_kernels/attention_tile.h"

#include <string>

namespace moa {

/// Query heads of one KV head: one of them, or the whole group for its mean.
struct HeadChoice {
    int kvHead = 0, first = 0, count = 0;
};

/// queryHead −1: the group. Throws UsageError where the layer has no such heads.
inline HeadChoice chooseHeads(const CapturedLayer& layer, int kvHead, int queryHead) {
    const AttentionShape& shape = layer.shape;
    const int group = shape.groupSize();
    if (kvHead < 0 || kvHead >= shape.kvHeads)
        throw UsageError("there is no KV head " + std::to_string(kvHead) + ": the model has KV heads 0 to " +
                         std::to_string(shape.kvHeads - 1));
    if (queryHead == -1) return {kvHead, kvHead * group, group};
    if (queryHead < 0 || queryHead / group != kvHead)
        throw UsageError("query head " + std::to_string(queryHead) + " does not belong to KV head " +
                         std::to_string(kvHead));
    return {kvHead, queryHead, 1};
}

/// All but the rows wanted and the workspace.
inline kernels::AttentionRows kernelRows(const CapturedLayer& layer, const HeadChoice& heads) {
    const AttentionShape& shape = layer.shape;
    kernels::AttentionRows rows;
    rows.q = layer.q.data() + std::ptrdiff_t(heads.first) * shape.headDim;
    rows.qStride = std::int64_t(shape.heads) * shape.headDim;
    rows.lse = layer.lse.data() + heads.first * layer.n;
    rows.lseStride = layer.n;
    rows.heads = heads.count;
    rows.k = layer.k.data() + std::ptrdiff_t(heads.kvHead) * shape.headDim;
    rows.kStride = std::int64_t(shape.kvHeads) * shape.headDim;
    rows.n = layer.n;
    rows.headDim = shape.headDim;
    rows.scale = shape.scale();
    rows.sink = layer.sink;
    rows.window = layer.windows[static_cast<std::size_t>(heads.kvHead)];
    return rows;
}

} // namespace moa
