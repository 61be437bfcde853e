// What all CUDA launchers share: element types and the rules of the house.
// A launcher takes plain pointers to device memory, a stream and, where needed, a workspace. It never
// allocates, synchronises or exits, and returns cudaErrorInvalidValue for a shape it does not serve, else the
// launch's error. Half precision in memory, single precision in registers.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>

namespace moa::kernels::cuda {

/// 16-bit types of activations, weights and caches.
enum class Element { F16, BF16 };

} // namespace moa::kernels::cuda
