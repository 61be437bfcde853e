// What every launch needs to know: the kernels' element of a type, and how wide the current card is.
#pragma once

#include "engine/backend/cuda/cuda_check.h"
#include "engine/core/model_config.h"
#include "moa_kernels/cuda/types.h"

namespace moa::cuda {

/// F32 has none; it is taken for F16.
inline kernels::cuda::Element elementOf(DType type) {
    return type == DType::BF16 ? kernels::cuda::Element::BF16 : kernels::cuda::Element::F16;
}

inline int multiprocessors() {
    int device = 0, count = 0;
    check(cudaGetDevice(&device), "finding the device");
    check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "reading the device");
    return count;
}

} // namespace moa::cuda
