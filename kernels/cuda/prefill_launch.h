// The two paths of prefill attention behind their common launcher.
#pragma once

#include "moa_kernels/cuda/prefill_attention.h"

namespace moa::kernels::cuda {

/// Whether the Hopper path has this head dimension and sink.
bool servedByHopper(const PrefillAttentionParams& params);
cudaError_t launchPrefillHopper(const PrefillAttentionParams& params, int multiprocessors,
                                cudaStream_t stream);
cudaError_t launchPrefillPortable(const PrefillAttentionParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
