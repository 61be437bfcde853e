// A damaged file moves out of the way of a new one.
#include "store/history/history.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace moa {
namespace {

namespace fs = std::filesystem;

/// Gives `from` the name `to` unless something has it already; false then. A link and a removal are two
/// steps, but neither can overwrite anything.
bool moveToFreeName(const std::string& from, const std::string& to) {
    if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str()) == 0;
    if (errno == EEXIST) return false;
    std::error_code failed; // a file system without links
    if (fs::exists(to, failed)) return false;
    fs::rename(from, to, failed);
    if (failed)
        throw StoreError(from, "", "it is damaged and cannot be set aside: " + failed.message(),
                         StoreProblem::Failed);
    return true;
}

} // namespace

std::string History::setAside(const std::string& path) {
    constexpr int kMostNames = 1000;
    for (int n = 1; n <= kMostNames; ++n) {
        const std::string aside = path + ".damaged-" + std::to_string(n);
        std::error_code none;
        // A log left beside a free name would be taken for the moved file's.
        if (fs::exists(aside + "-wal", none) || !moveToFreeName(path, aside)) continue;
        if (fs::exists(path + "-wal", none)) moveToFreeName(path + "-wal", aside + "-wal");
        fs::remove(path + "-shm", none); // only an index of the log
        return aside;
    }
    throw StoreError(path, "", "it is damaged and no name beside it is free", StoreProblem::Failed);
}

} // namespace moa
