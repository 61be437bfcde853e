// The table of ARCHITECTURE.md in code, and the walk over the tree.
#include "tests/house/house_rules.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>

namespace moa::house {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string_view>;

/// One row: files under `folder` may include files under `folders` (and their own), and headers of the
/// libraries in `libraries`. The standard library and the system's own headers are free to all.
struct Row {
    std::string_view folder;
    Names folders;
    Names libraries;
};

const Names kCli{"engine", "kernels", "moa_kernels", "store"};
const Names kLoader{"engine/core", "moa_kernels"};
const Names kModel{"engine/core", "engine/loader", "engine/backend"};
const Names kOnModel{"engine/core", "engine/loader", "engine/backend", "engine/model"};
const Names kProfile{"engine/core",  "engine/loader", "engine/backend",
                     "engine/model", "engine/tasks",  "engine/capture"};
const Names kCompare{"engine/core", "engine/loader", "engine/backend", "engine/model",
                     "engine/plan", "engine/tasks",  "engine/capture", "engine/search"};
const Names kCapture{"engine/core", "engine/loader", "engine/backend", "engine/model", "moa_kernels"};
const Names kTests{"engine", "kernels", "moa_kernels", "store", "app", "ui"};

// A new folder gets a row here and in ARCHITECTURE.md. The most specific row counts.
const std::vector<Row> kRows{
    {"app/cli", kCli, {"CLI11", "nlohmann"}},
    {"app/gui", {"engine", "store", "ui"}, {"Qt"}},
    {"engine/core", {}, {}},
    {"engine/loader", kLoader, {"nlohmann", "PCRE2", "sentencepiece", "utf8proc"}},
    {"engine/backend", {"engine/core", "moa_kernels", "kernels/cpu"}, {"OpenBLAS"}},
    {"engine/backend/cuda", {"engine/core", "engine/backend", "moa_kernels"}, {"CUDA"}},
    {"engine/model", kModel, {}},
    {"engine/tasks", kOnModel, {"nlohmann"}},
    {"engine/capture", kCapture, {"libpng"}},
    {"engine/profile", kProfile, {"nlohmann", "MPI"}},
    {"engine/search", {"engine/core"}, {"CBC"}},
    {"engine/plan", {"engine/core"}, {"nlohmann"}},
    {"engine/compare", kCompare, {"nlohmann"}},
    {"kernels/include", {"moa_kernels"}, {}},
    {"kernels/include/moa_kernels/cuda", {"moa_kernels"}, {"CUDA"}},
    {"kernels/cpu", {"moa_kernels"}, {"Highway"}},
    {"kernels/cuda", {"moa_kernels"}, {"CUDA"}},
    {"kernels/reference", {"moa_kernels"}, {}},
    {"store", {"engine/core"}, {"SQLite"}},
    {"ui/jobs", {"engine", "store"}, {"Qt"}},
    {"ui/viewmodels", {"ui/jobs", "engine/core"}, {"Qt"}},
    {"ui/views", {"ui/viewmodels", "ui/widgets", "ui/jobs", "engine/core"}, {"Qt"}},
    {"ui/widgets", {"ui/viewmodels", "engine/core"}, {"Qt"}},
    {"tests", kTests, {"GoogleTest", "nlohmann", "libpng", "SQLite", "CBC", "CUDA", "Highway", "OpenBLAS", "PCRE2"}},
    {"tests/ui", kTests, {"Qt", "nlohmann", "libpng", "GoogleTest"}},
};

struct Library {
    std::string_view name;
    Names headers; ///< prefixes of what stands between < and >
};

const std::vector<Library> kLibraries{
    {"CLI11", {"CLI/"}},
    {"nlohmann", {"nlohmann/"}},
    {"PCRE2", {"pcre2.h"}},
    {"utf8proc", {"utf8proc.h"}},
    {"sentencepiece", {"sentencepiece"}},
    {"OpenBLAS", {"cblas.h", "openblas"}},
    {"libpng", {"png.h"}},
    {"MPI", {"mpi.h"}},
    {"CBC", {"coin/"}},
    {"Highway", {"hwy/"}},
    {"CUDA", {"cuda", "cublas", "cub/", "mma.h", "nvtx3/"}},
    {"SQLite", {"sqlite3.h"}},
    {"GoogleTest", {"gtest/", "gmock/"}},
};

// Headers of C and of the operating system, by prefix.
const Names kSystem{"sys/",    "linux/",    "unistd.h", "fcntl.h", "sched.h",   "signal.h",
                    "dlfcn.h", "termios.h", "poll.h",   "errno.h", "time.h",    "immintrin.h",
                    "cpuid.h", "pthread.h", "malloc.h", "link.h",  "execinfo.h"};

bool isUnder(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool hasPrefix(std::string_view text, const Names& prefixes) {
    return std::ranges::any_of(prefixes, [&](std::string_view p) { return text.starts_with(p); });
}

const Row* rowOf(std::string_view file) {
    const Row* best = nullptr;
    for (const Row& row : kRows)
        if (isUnder(file, row.folder) && (!best || row.folder.size() > best->folder.size())) best = &row;
    return best;
}

/// The library a header in angle brackets belongs to, "" for standard and system headers, nothing if unknown.
std::optional<std::string_view> libraryOf(std::string_view header) {
    for (const Library& library : kLibraries)
        if (hasPrefix(header, library.headers)) return library.name;
    if (header.size() > 1 && header[0] == 'Q' && header[1] >= 'A' && header[1] <= 'Z') return "Qt";
    if (header.find('.') == std::string_view::npos || hasPrefix(header, kSystem)) return "";
    return std::nullopt;
}

struct Include {
    std::string header;
    bool quoted = false;
};

/// The header of an #include line; nothing for other lines and for macros.
std::optional<Include> parseInclude(std::string_view line) {
    const auto skip = [&] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
    skip();
    if (!line.starts_with('#')) return std::nullopt;
    line.remove_prefix(1), skip();
    if (!line.starts_with("include")) return std::nullopt;
    line.remove_prefix(7), skip();
    if (line.empty() || (line[0] != '"' && line[0] != '<')) return std::nullopt;
    const bool quoted = line[0] == '"';
    const auto end = line.find(quoted ? '"' : '>', 1);
    if (end == std::string_view::npos) return std::nullopt;
    return Include{std::string(line.substr(1, end - 1)), quoted};
}

/// Why `row` forbids the include, or "".
std::string objection(const fs::path& root, const Row& row, const Include& include) {
    const std::string folder(row.folder);
    if (include.quoted && include.header.ends_with(".moc")) return ""; // made by Qt's meta-object compiler
    if (include.quoted) {
        const fs::path header = include.header;
        if (!fs::exists(root / header) && !fs::exists(root / "kernels/include" / header))
            return "\"" + include.header + "\" is no path from the root of the repository";
        const auto covers = [&](std::string_view allowed) { return isUnder(include.header, allowed); };
        if (covers(row.folder) || std::ranges::any_of(row.folders, covers)) return "";
    } else {
        const auto library = libraryOf(include.header);
        if (!library)
            return "<" + include.header + "> belongs to no library known to tests/house/house_rules.cpp";
        if (library->empty() || std::ranges::find(row.libraries, *library) != row.libraries.end()) return "";
    }
    return folder + " may not include " + include.header;
}

bool isSource(const fs::path& path) {
    static const Names endings{".h", ".hpp", ".cpp", ".cc", ".cu", ".cuh"};
    return std::ranges::find(endings, path.extension().string()) != endings.end();
}

bool isScript(const fs::path& path) {
    static const Names endings{".py", ".sh", ".cmake", ".sql"};
    return path.filename() == "CMakeLists.txt" ||
           std::ranges::find(endings, path.extension().string()) != endings.end();
}

/// Regular files of the source folders that `wanted` takes, sorted, relative to `root`.
template <class Predicate>
std::vector<fs::path> sourceFiles(const fs::path& root, Predicate wanted) {
    std::vector<fs::path> files;
    for (const char* top : {"app", "cmake", "engine", "kernels", "packaging", "store", "tests", "ui"}) {
        if (!fs::is_directory(root / top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / top))
            if (entry.is_regular_file() && wanted(entry.path()))
                files.push_back(entry.path().lexically_relative(root));
    }
    std::ranges::sort(files);
    return files;
}

void checkFile(const fs::path& root, const fs::path& file, Violations& violations) {
    const std::string name = file.generic_string();
    const Row* row = rowOf(name);
    if (!row) {
        violations.push_back(name +
                             ":1: its folder has no row in ARCHITECTURE.md and tests/house/house_rules.cpp");
        return;
    }
    std::ifstream in(root / file);
    bool once = false;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        once |= line.starts_with("#pragma once");
        const auto include = parseInclude(line);
        if (!include) continue;
        const std::string why = objection(root, *row, *include);
        if (!why.empty()) violations.push_back(name + ":" + std::to_string(number) + ": " + why);
    }
    // Highway compiles its -inl.h files once per instruction set, so they guard themselves by hand.
    const bool header = file.extension() == ".h" || file.extension() == ".hpp" || file.extension() == ".cuh";
    if (header && !once && !name.ends_with("-inl.h")) violations.push_back(name + ":1: has no #pragma once");
}

} // namespace

Violations checkIncludes(const fs::path& root) {
    Violations violations;
    for (const fs::path& file : sourceFiles(root, isSource)) checkFile(root, file, violations);
    return violations;
}

Violations checkFileSizes(const fs::path& root) {
    Violations violations;
    for (const fs::path& file :
         sourceFiles(root, [](const fs::path& p) { return isSource(p) || isScript(p); })) {
        std::ifstream in(root / file);
        std::size_t lines = 0;
        for (std::string line; std::getline(in, line);) ++lines;
        if (lines > kMostLines)
            violations.push_back(file.generic_string() + ":1: has " + std::to_string(lines) +
                                 " lines, at most " + std::to_string(kMostLines));
    }
    return violations;
}

} // namespace moa::house
