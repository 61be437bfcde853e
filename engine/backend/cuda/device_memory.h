// Memory of the card owned by one object, and the card's own account of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace moa::cuda {

struct MemoryState {
    std::uint64_t freeBytes = 0, totalBytes = 0;
};
/// What the driver says of the current device.
MemoryState memoryState();

/// One allocation, freed exactly once.
class DeviceMemory {
public:
    DeviceMemory() = default;
    /// Zeroed. Throws MemoryError naming `what`, what is free and what would fit.
    DeviceMemory(std::size_t bytes, const std::string& what);
    DeviceMemory(DeviceMemory&& other) noexcept;
    DeviceMemory& operator=(DeviceMemory&& other) noexcept;
    ~DeviceMemory();

    template <class T = void>
    T* as() const {
        return static_cast<T*>(m_data);
    }
    std::size_t bytes() const { return m_bytes; }

private:
    void* m_data = nullptr;
    std::size_t m_bytes = 0;
};

} // namespace moa::cuda
