// Finds a large file (a profile) that the history knows by path and hash: where it was, or where it went.
// Goals: never takes another file for it; says when the content changed. Non-goals: the whole disk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace moa {

struct FoundFile {
    enum class State {
        Here,    ///< at its path, with its content (or with no hash to hold it to)
        Moved,   ///< its content is at another path
        Changed, ///< something else is at its path, and its content nowhere
        Missing,
    };
    State state = State::Missing;
    std::string path; ///< of the content, or of what is at its path; as given for Missing
};

/// SHA-256 of a file, in lower-case hex; may throw.
using HashFile = std::function<std::string(const std::string& path)>;

/// Looks at `path`, then under `folders` for a file of equal ending, size (where `bytes` is known) and hash:
/// those of the same name first, at most 20,000 entries. Files that cannot be read are passed over.
FoundFile findFile(const std::string& path, const std::string& sha256, std::optional<std::int64_t> bytes,
                   std::span<const std::string> folders, const HashFile& hash);

} // namespace moa
