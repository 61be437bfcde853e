// From logits to tokens and measures, without the host: greedy and stochastic choice, KL divergence of two
// rows.
#pragma once

#include "moa_kernels/cuda/types.h"

namespace moa::kernels::cuda {

struct SampleParams {
    const float* logits = nullptr; ///< [rows], stride logitsStride
    std::int64_t logitsStride = 0;
    std::int32_t* ids = nullptr; ///< out [rows]
    int rows = 0, vocab = 0;
    float temperature = 0; ///< ≤ 0: greedy, ties to the lower id
    int topK = 0;          ///< keep the k most likely (and those equal to the last of them); 0: all
    float topP = 1;        ///< keep the smallest set with this much probability, whole ties
    float minP = 0;        ///< drop tokens less likely than this share of the most likely one
    std::uint64_t* randomState = nullptr; ///< [rows], in device memory; advanced by each stochastic call
    bool overlapPrevious = false;
};
/// The distribution is that of the CPU sampler; for one random number the token may differ, since tokens are
/// laid out by id and not by probability.
cudaError_t launchSample(const SampleParams& params, cudaStream_t stream);

/// out[r] = KL(p ‖ q) in nats of softmax(p[r]) and softmax(q[r]).
struct KlParams {
    const float* p = nullptr; ///< [rows][vocab]
    const float* q = nullptr; ///< [rows][vocab]
    float* out = nullptr;     ///< [rows]
    int rows = 0, vocab = 0;
};
cudaError_t launchKl(const KlParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
