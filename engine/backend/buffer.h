// Device memory owned by one object: freed exactly once, movable, never copied by accident.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace moa {

class Buffer {
public:
    using Deleter = std::function<void(void*)>;
    Buffer() : m_data(nullptr, [](void*) {}) {}
    Buffer(void* data, std::size_t bytes, Deleter deleter) : m_data(data, std::move(deleter)), m_bytes(bytes) {}

    void* data() const { return m_data.get(); }
    template <class T>
    T* as() const {
        return static_cast<T*>(m_data.get());
    }
    std::size_t bytes() const { return m_bytes; }
    explicit operator bool() const { return static_cast<bool>(m_data); }

private:
    std::unique_ptr<void, Deleter> m_data;
    std::size_t m_bytes = 0;
};

} // namespace moa
