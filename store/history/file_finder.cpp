#include "store/history/file_finder.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <vector>

namespace moa {
namespace {

namespace fs = std::filesystem;

class Finder {
public:
    Finder(const std::string& sha256, std::optional<std::int64_t> bytes, const HashFile& hash)
        : m_sha256(sha256), m_bytes(bytes), m_hash(hash) {}

    bool isContent(const fs::path& path) const {
        std::error_code failed;
        const auto size = fs::file_size(path, failed);
        if (failed || (m_bytes && size != static_cast<std::uintmax_t>(*m_bytes))) return false;
        try {
            return m_hash(path.string()) == m_sha256;
        } catch (const std::exception&) {
            return false;
        }
    }

    /// Regular files under `folder` with this ending; those of the same name in front.
    std::vector<fs::path> candidates(const std::string& folder, const fs::path& wanted) {
        std::vector<fs::path> list;
        std::error_code failed;
        fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failed);
        for (; !failed && at != fs::end(at) && m_entries > 0; at.increment(failed), --m_entries) {
            std::error_code none;
            if (at->path().extension() == wanted.extension() && at->is_regular_file(none))
                list.push_back(at->path());
        }
        std::ranges::stable_partition(list,
                                      [&](const fs::path& p) { return p.filename() == wanted.filename(); });
        return list;
    }

private:
    const std::string& m_sha256;
    std::optional<std::int64_t> m_bytes;
    const HashFile& m_hash;
    int m_entries = 20'000;
};

} // namespace

FoundFile findFile(const std::string& path, const std::string& sha256, std::optional<std::int64_t> bytes,
                   std::span<const std::string> folders, const HashFile& hash) {
    std::error_code none;
    const bool exists = fs::is_regular_file(path, none);
    if (sha256.empty()) return {exists ? FoundFile::State::Here : FoundFile::State::Missing, path};
    Finder finder(sha256, bytes, hash);
    if (exists && finder.isContent(path)) return {FoundFile::State::Here, path};
    for (const std::string& folder : folders)
        for (const fs::path& candidate : finder.candidates(folder, path))
            if (finder.isContent(candidate)) return {FoundFile::State::Moved, candidate.string()};
    return {exists ? FoundFile::State::Changed : FoundFile::State::Missing, path};
}

} // namespace moa
