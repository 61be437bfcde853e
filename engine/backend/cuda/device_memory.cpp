#include "engine/backend/cuda/device_memory.h"

#include "engine/backend/cuda/cuda_check.h"
#include "engine/core/error.h"

#include <utility>

namespace moa::cuda {

void check(cudaError_t result, const char* what) {
    if (result == cudaSuccess) return;
    cudaGetLastError(); // an error that is not sticky is reported once
    throw Error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(result));
}

void check(cublasStatus_t result, const char* what) {
    if (result != CUBLAS_STATUS_SUCCESS)
        throw Error(std::string("cuBLAS: ") + what + ": " + cublasLtGetStatusString(result));
}

MemoryState memoryState() {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "reading the free memory");
    return {free, total};
}

DeviceMemory::DeviceMemory(std::size_t bytes, const std::string& what) : m_bytes(bytes) {
    if (bytes == 0) return;
    const cudaError_t result = cudaMalloc(&m_data, bytes);
    if (result == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        const MemoryState state = memoryState();
        throw MemoryError(what, bytes, state.freeBytes,
                          "a shorter context, a smaller batch or a plan of lower density");
    }
    check(result, "allocating memory");
    const cudaError_t cleared = cudaMemset(m_data, 0, bytes);
    if (cleared != cudaSuccess) cudaFree(std::exchange(m_data, nullptr));
    check(cleared, "clearing memory");
}

DeviceMemory::DeviceMemory(DeviceMemory&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_bytes(std::exchange(other.m_bytes, 0)) {}

DeviceMemory& DeviceMemory::operator=(DeviceMemory&& other) noexcept {
    std::swap(m_data, other.m_data);
    std::swap(m_bytes, other.m_bytes);
    return *this;
}

DeviceMemory::~DeviceMemory() {
    if (m_data) cudaFree(m_data);
}

} // namespace moa::cuda
