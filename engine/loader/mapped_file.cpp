// See mapped_file.h.
#include "engine/loader/mapped_file.h"

#include "engine/core/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace moa {

namespace {

/// Closes a descriptor at the end of its scope.
struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

} // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
    // O_NONBLOCK so that a pipe under this name is refused below instead of waited for.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.fd < 0)
        throw FileError(path.string(), "", std::string("cannot be opened: ") + std::strerror(errno));
    struct stat info {};
    if (::fstat(file.fd, &info) != 0)
        throw FileError(path.string(), "", std::string("cannot be read: ") + std::strerror(errno));
    if (!S_ISREG(info.st_mode)) throw FileError(path.string(), "", "expected a regular file");
    m_size = static_cast<std::size_t>(info.st_size);
    if (m_size == 0) return;
    void* data = ::mmap(nullptr, m_size, PROT_READ, MAP_SHARED, file.fd, 0);
    if (data == MAP_FAILED)
        throw FileError(path.string(), "", std::string("cannot be mapped: ") + std::strerror(errno));
    m_data = static_cast<const std::byte*>(data);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(m_data, other.m_data);
    std::swap(m_size, other.m_size);
    return *this;
}

MappedFile::~MappedFile() {
    if (m_data != nullptr) ::munmap(const_cast<std::byte*>(m_data), m_size);
}

} // namespace moa
