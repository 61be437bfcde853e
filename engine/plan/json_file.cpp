#include "engine/plan/json_file.h"

#include "engine/core/error.h"
#include "engine/core/file_target.h"
#include "engine/core/format.h"

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace moa::jsonfile {
namespace {

namespace fs = std::filesystem;

/// A file descriptor closed at scope end.
class Descriptor {
public:
    explicit Descriptor(int fd) : m_fd(fd) {}
    ~Descriptor() {
        if (m_fd >= 0) ::close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return m_fd; }
    /// Closes now; false when the kernel reports a late write error.
    bool close() {
        const int fd = m_fd;
        m_fd = -1;
        return ::close(fd) == 0;
    }

private:
    int m_fd;
};

std::string lastError() {
    return std::strerror(errno);
}

/// "line 3, column 7" of a byte offset (1-based, as nlohmann reports it).
std::string lineAndColumn(std::string_view text, std::size_t byte) {
    const std::size_t end = std::min(byte > 0 ? byte - 1 : 0, text.size());
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < end; ++i) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// A new name beside `target`; the counter keeps threads apart, the process id keeps processes apart.
std::string temporaryName(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    return target.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

bool writeAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

/// Fills and renames the temporary; returns what went wrong, or nothing.
std::string writeAndRename(const std::string& temporary, const fs::path& target, std::string_view bytes) {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) return "cannot be written: " + lastError();
    struct stat old {};
    if (::stat(target.c_str(), &old) == 0 && ::fchmod(file.get(), old.st_mode & 07777) != 0)
        return "cannot keep its permissions: " + lastError();
    if (!writeAll(file.get(), bytes) || ::fsync(file.get()) != 0 || !file.close())
        return "cannot be written: " + lastError();
    if (::rename(temporary.c_str(), target.c_str()) != 0) return "cannot be replaced: " + lastError();
    return {};
}

bool isNumberArray(const nlohmann::json& value) {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const auto& v) { return v.is_number(); });
}

std::string compact(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void appendJson(std::string& out, const nlohmann::json& value, int indent) {
    if (value.empty() || !value.is_structured() || isNumberArray(value)) {
        out += compact(value);
        return;
    }
    const std::string pad(static_cast<std::size_t>(indent) + 2, ' ');
    const bool object = value.is_object();
    out += object ? "{" : "[";
    bool first = true;
    for (const auto& [key, item] : value.items()) {
        out += first ? "\n" : ",\n";
        first = false;
        out += pad;
        if (object) out += compact(nlohmann::json(key)) + ": ";
        appendJson(out, item, indent + 2);
    }
    out += "\n" + std::string(static_cast<std::size_t>(indent), ' ') + (object ? "}" : "]");
}

} // namespace

std::string readText(const std::string& path, std::uint64_t maxBytes) {
    // Non-blocking, so that a named pipe is reported instead of waited for.
    Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (file.get() < 0) throw FileError(path, "", "cannot be opened: " + lastError());
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) throw FileError(path, "", "cannot be read: " + lastError());
    if (!S_ISREG(info.st_mode)) throw FileError(path, "", "expected a regular file");
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size > maxBytes)
        throw FileError(path, "",
                        "expected at most " + formatBytes(maxBytes) + ", it has " + formatBytes(size));
    std::string bytes(static_cast<std::size_t>(size), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::read(file.get(), bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw FileError(path, "byte " + std::to_string(done), "cannot be read: " + lastError());
        if (n == 0) break; // shrunk meanwhile: the parser will say what is missing
        done += static_cast<std::size_t>(n);
    }
    bytes.resize(done);
    return bytes;
}

nlohmann::json parse(std::string_view text, const std::string& path) {
    using Json = nlohmann::json;
    const auto limitDepth = [&path](int depth, Json::parse_event_t, const Json&) {
        if (depth > kMaxDepth)
            throw FileError(path, "JSON", "expected at most " + std::to_string(kMaxDepth) + " nested levels");
        return true;
    };
    try {
        return Json::parse(text, limitDepth);
    } catch (const Json::parse_error& e) {
        const bool ended = e.byte > text.size();
        throw FileError(path, lineAndColumn(text, e.byte),
                        ended ? "expected more JSON, the file ends here" : "expected valid JSON");
    } catch (const Json::out_of_range&) {
        throw FileError(path, "JSON", "expected numbers within the range of a double");
    }
}

void writeAtomically(const std::string& path, std::string_view bytes) {
    std::error_code ignored;
    fs::path target = path;
    if (fs::is_symlink(target, ignored)) {
        std::error_code failed;
        target = fs::weakly_canonical(target, failed);
        if (failed) throw FileError(path, "", "cannot follow the symbolic link: " + failed.message());
    }
    requireFileTarget(target.string());
    const std::string temporary = temporaryName(target);
    const std::string problem = writeAndRename(temporary, target, bytes);
    if (!problem.empty()) {
        ::unlink(temporary.c_str());
        throw FileError(path, "", problem);
    }
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    // The rename itself must survive a power cut; a folder that cannot be synced does not undo the write.
    Descriptor dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (dir.get() >= 0) ::fsync(dir.get());
}

std::string text(const nlohmann::json& document) {
    std::string out;
    appendJson(out, document, 0);
    return out + "\n";
}

void Place::fail(const std::string& expected) const {
    throw FileError(m_file, m_place, "expected " + expected);
}

const nlohmann::json& Place::member(const nlohmann::json& value, std::string_view key,
                                    std::string_view what) const {
    if (!value.is_object()) fail("an object");
    const auto found = value.find(key);
    if (found == value.end()) (*this / key).fail(std::string(what) + ", it is missing");
    return *found;
}

double Place::number(const nlohmann::json& value) const {
    if (!value.is_number()) fail("a number");
    const double x = value.get<double>();
    if (!std::isfinite(x)) fail("a finite number");
    return x;
}

std::int64_t Place::integer(const nlohmann::json& value, std::int64_t least, std::int64_t most) const {
    const double x = value.is_number() ? value.get<double>() : std::nan("");
    // Bounds are small enough to be exact doubles, so the comparison decides before any conversion.
    if (!(x >= static_cast<double>(least) && x <= static_cast<double>(most)) || x != std::floor(x))
        fail("an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return static_cast<std::int64_t>(x);
}

const nlohmann::json& Place::array(const nlohmann::json& value, std::string_view what) const {
    if (!value.is_array()) fail(std::string(what));
    return value;
}

} // namespace moa::jsonfile
