// A file mapped read-only into memory, unmapped on destruction.
// Goal: weights are paged in on demand and shared between processes. Non-goal: guarding against another
// program shortening the file while it is mapped (the kernel then signals the reader).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace moa {

class MappedFile {
public:
    MappedFile() = default;
    /// Maps the whole of a regular file. Throws FileError when it is missing, unreadable or not a regular
    /// file.
    explicit MappedFile(const std::filesystem::path& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    /// All bytes of the file; empty for an empty file.
    std::span<const std::byte> bytes() const noexcept { return {m_data, m_size}; }
    std::size_t size() const noexcept { return m_size; }

private:
    const std::byte* m_data = nullptr;
    std::size_t m_size = 0;
};

} // namespace moa
