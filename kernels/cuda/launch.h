// Launching with and without programmatic dependent launch.
#pragma once

#include <cstddef>
#include <cuda_runtime.h>

namespace moa::kernels::cuda {

/// Launches `kernel`; with `overlap` it may start while the kernel before it in the stream still drains (it
/// must then call waitForPreviousKernel() before it touches what that one writes).
template <class... Expected, class... Given>
cudaError_t launchKernel(void (*kernel)(Expected...), dim3 grid, dim3 block, std::size_t sharedBytes,
                         cudaStream_t stream, bool overlap, Given&&... arguments) {
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = sharedBytes;
    config.stream = stream;
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
    config.attrs = &attribute;
    config.numAttrs = overlap ? 1 : 0;
    return cudaLaunchKernelEx(&config, kernel, static_cast<Expected>(arguments)...);
}

/// A kernel that uses more than 48 KiB of shared memory must say so once per device; cheap to repeat.
template <class Kernel>
cudaError_t allowSharedMemory(Kernel* kernel, std::size_t bytes) {
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
}

} // namespace moa::kernels::cuda
