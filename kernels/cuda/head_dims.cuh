// Kernels are compiled for a few head dimensions. MOA_CUDA_NO_HEAD_DIM_96 leaves one out where compile time
// counts.
#pragma once

#include <cuda_runtime_api.h>
#include <type_traits>

namespace moa::kernels::cuda {

/// Calls f with the head dimension as a constant; cudaErrorInvalidValue for one that is not compiled.
template <class F>
cudaError_t withHeadDim(int headDim, F&& f) {
    switch (headDim) {
    case 64:
        return f(std::integral_constant<int, 64>{});
#ifndef MOA_CUDA_NO_HEAD_DIM_96
    case 96:
        return f(std::integral_constant<int, 96>{});
#endif
    case 128:
        return f(std::integral_constant<int, 128>{});
    default:
        return cudaErrorInvalidValue;
    }
}

} // namespace moa::kernels::cuda
