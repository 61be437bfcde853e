// Temporary, fsync, rename.
#include "engine/capture/atomic_file.h"

#include "engine/core/error.h"
#include "engine/core/file_target.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace moa {

AtomicFile::AtomicFile(const std::string& path)
    : m_path(path), m_temporary(path + ".tmp-" + std::to_string(::getpid())),
      m_file(nullptr, std::fclose) {
    requireFileTarget(path);
    m_file.reset(std::fopen(m_temporary.c_str(), "wb"));
    if (!m_file) fail();
}

AtomicFile::~AtomicFile() {
    if (m_temporary.empty()) return;
    m_file.reset();
    std::remove(m_temporary.c_str());
}

void AtomicFile::write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), m_file.get()) != bytes.size()) fail();
}

void AtomicFile::commit() {
    if (std::fflush(m_file.get()) != 0 || ::fsync(::fileno(m_file.get())) != 0) fail();
    if (std::fclose(m_file.release()) != 0) fail();
    if (std::rename(m_temporary.c_str(), m_path.c_str()) != 0) fail();
    m_temporary.clear();
}

void AtomicFile::fail() const {
    throw FileError(m_path, "", "cannot be written: " + std::string(std::strerror(errno)));
}

} // namespace moa
