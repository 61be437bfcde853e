// The passes of attention backward behind their common launcher, and the order in which blocks take their
// work.
#pragma once

#include "moa_kernels/cuda/attention_backward.h"

namespace moa::kernels::cuda {

/// delta[h][i] = dO_i·O_i.
cudaError_t launchBackwardDelta(const AttentionBackwardParams& params, cudaStream_t stream);
/// dQ and, unless null, the sums of `costs`.
cudaError_t launchBackwardRows(const AttentionBackwardParams& params, const RuleCostParams* costs,
                               cudaStream_t stream);
/// dK and dV.
cudaError_t launchBackwardKeys(const AttentionBackwardParams& params, cudaStream_t stream);

/// Pieces of work in order: a few heads at a time, whose rows fit the L2 cache, and within them item by item.
struct GroupedTask {
    static constexpr int kHeads = 8;
    int head, item;

    __host__ __device__ GroupedTask(int index, int heads, int items) {
        const int group = index / (kHeads * items), first = group * kHeads;
        const int together = heads - first < kHeads ? heads - first : kHeads;
        const int within = index - group * kHeads * items;
        head = first + within % together, item = within / together;
    }
};

} // namespace moa::kernels::cuda
