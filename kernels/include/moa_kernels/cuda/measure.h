// What the card can do, to hold other figures against: a kernel that only reads.
#pragma once

#include "moa_kernels/cuda/types.h"

#include <cstddef>

namespace moa::kernels::cuda {

/// Reads `bytes` (a multiple of 16) once and writes one word nobody needs to `sink`, so that no read is
/// dropped.
cudaError_t launchReadAll(const void* data, std::size_t bytes, std::uint32_t* sink, cudaStream_t stream);

} // namespace moa::kernels::cuda
