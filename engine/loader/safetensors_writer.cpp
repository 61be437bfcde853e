// Writing of safetensors.h.
#include "engine/core/error.h"
#include "engine/core/file_target.h"
#include "engine/loader/json_reader.h"
#include "engine/loader/safetensors.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <unistd.h>

namespace moa {

namespace {

/// A temporary file beside its final name; removed again unless commit() was reached.
class PendingFile {
public:
    explicit PendingFile(const std::filesystem::path& target) : m_target(target), m_temporary(target) {
        requireFileTarget(target.string());
        static std::atomic<unsigned> counter{0};
        m_temporary += "." + std::to_string(::getpid()) + "." + std::to_string(counter++) + ".tmp";
        m_fd = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (m_fd < 0) fail("cannot be created: ");
    }
    PendingFile(const PendingFile&) = delete;
    PendingFile& operator=(const PendingFile&) = delete;
    ~PendingFile() {
        if (m_fd >= 0) ::close(m_fd);
        if (!m_committed) ::unlink(m_temporary.c_str());
    }

    void write(const void* data, std::size_t bytes) {
        const char* at = static_cast<const char*>(data);
        while (bytes > 0) {
            const ssize_t done = ::write(m_fd, at, bytes);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) fail("cannot be written: ");
            at += done;
            bytes -= static_cast<std::size_t>(done);
        }
    }

    /// Makes the file durable under its final name.
    void commit() {
        if (::fsync(m_fd) != 0) fail("cannot be written: ");
        const int fd = m_fd;
        m_fd = -1;
        if (::close(fd) != 0) fail("cannot be written: ");
        if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) fail("cannot be renamed into place: ");
        m_committed = true;
        const auto folder = m_target.has_parent_path() ? m_target.parent_path() : std::filesystem::path(".");
        const int folderFd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folderFd < 0) return; // the file is complete; only its entry may be lost in a power cut
        ::fsync(folderFd);
        ::close(folderFd);
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        const int code = errno;
        // The constructor may throw before the destructor exists, and nothing is left to remove then.
        throw FileError(m_target.string(), "", what + std::strerror(code));
    }

    std::filesystem::path m_target, m_temporary;
    int m_fd = -1;
    bool m_committed = false;
};

std::size_t byteCount(const TensorToWrite& tensor) {
    std::size_t bytes = tensorTypeBytes(tensor.type);
    for (std::int64_t extent : tensor.shape)
        if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes))
            throw Error(tensor.name + ": impossible shape " + shapeText(tensor.shape));
    return bytes;
}

/// The JSON header, padded with spaces so that the data start at a multiple of 64 bytes.
std::string headerOf(const std::vector<TensorToWrite>& tensors,
                     const std::map<std::string, std::string>& metadata) {
    Json json = Json::object();
    if (!metadata.empty()) json["__metadata__"] = metadata;
    std::size_t offset = 0;
    for (const TensorToWrite& tensor : tensors) {
        const std::size_t end = offset + byteCount(tensor);
        json[tensor.name] = {
            {"dtype", tensorTypeName(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = json.dump();
    text.resize((text.size() + 8 + 63) / 64 * 64 - 8, ' ');
    return text;
}

} // namespace

void writeSafetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                      const std::map<std::string, std::string>& metadata) {
    std::set<std::string> names{"__metadata__"};
    for (const TensorToWrite& tensor : tensors)
        if (!names.insert(tensor.name).second) throw Error("tensor \"" + tensor.name + "\" given twice");
    // Falling element size keeps every tensor aligned without padding, which the format does not allow.
    std::stable_sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
        return tensorTypeBytes(a.type) > tensorTypeBytes(b.type);
    });
    const std::string header = headerOf(tensors, metadata);
    const std::uint64_t headerBytes = header.size();
    PendingFile file(path);
    file.write(&headerBytes, sizeof headerBytes);
    file.write(header.data(), header.size());
    for (const TensorToWrite& tensor : tensors) file.write(tensor.data, byteCount(tensor));
    file.commit();
}

} // namespace moa
