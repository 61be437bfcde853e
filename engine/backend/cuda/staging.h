// Small tables from the host for one operation: written once into a ring of device memory, in stream order.
#pragma once

#include "engine/backend/cuda/device_memory.h"
#include "engine/backend/cuda/stream.h"

#include <cstring>
#include <span>
#include <vector>

namespace moa::cuda {

class Staging {
public:
    explicit Staging(cudaStream_t stream) : m_stream(stream) {}

    /// A copy of `values` on the device, valid for kernels launched on the stream before `reset()`.
    template <class T>
    T* put(std::span<const T> values) {
        const std::size_t at = m_used, bytes = values.size_bytes();
        m_used = (at + bytes + 255) / 256 * 256;
        if (m_used > m_device.bytes()) grow();
        // From pageable memory: the call returns once the values are out of the caller's hands.
        check(
            cudaMemcpyAsync(m_device.as<char>() + at, values.data(), bytes, cudaMemcpyHostToDevice, m_stream),
            "writing a table");
        return reinterpret_cast<T*>(m_device.as<char>() + at);
    }
    template <class T>
    T* put(const std::vector<T>& values) {
        return put(std::span<const T>(values));
    }
    /// The next operation begins: its tables overwrite these, behind the kernels that read them.
    void reset() { m_used = 0; }

private:
    /// Tables already given out stay where they are until the stream has passed them.
    void grow() {
        m_old.push_back(std::move(m_device));
        if (m_old.size() > 4) {
            check(cudaStreamSynchronize(m_stream), "waiting for a stream");
            m_old.erase(m_old.begin(), m_old.end() - 1);
        }
        m_device = DeviceMemory(2 * m_used + (std::size_t(1) << 20), "tables");
    }

    cudaStream_t m_stream;
    DeviceMemory m_device;
    std::vector<DeviceMemory> m_old;
    std::size_t m_used = 0;
};

} // namespace moa::cuda
