// A file that appears whole or not at all: written beside its target, fsynced, renamed by commit().
// For arrays too large to hold a second time in memory.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace moa {

class AtomicFile {
public:
    /// @throws FileError when the temporary cannot be created.
    explicit AtomicFile(const std::string& path);
    /// Removes the temporary unless committed.
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// @throws FileError when the disk refuses.
    void write(std::string_view bytes);
    /// Fsyncs and renames over the target. @throws FileError.
    void commit();

private:
    [[noreturn]] void fail() const;

    std::string m_path, m_temporary;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> m_file;
};

} // namespace moa
