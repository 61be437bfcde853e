// The check before a file is replaced.
#include "engine/core/file_target.h"

#include "engine/core/error.h"

#include <filesystem>

namespace moa {

void requireFileTarget(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
        throw FileError(path, "", "cannot be written: it exists and is no regular file");
}

} // namespace moa
