// A copy of the history while others write it.
#include "store/history/history.h"

#include "store/sqlite/statement.h"

#include <filesystem>
#include <unistd.h>

namespace moa {
namespace {

namespace fs = std::filesystem;

/// The copy while it is made: gone with its journal unless it is kept.
class UnfinishedCopy {
public:
    explicit UnfinishedCopy(std::string path) : m_path(std::move(path)) { remove(); }
    ~UnfinishedCopy() { remove(); }
    UnfinishedCopy(const UnfinishedCopy&) = delete;
    UnfinishedCopy& operator=(const UnfinishedCopy&) = delete;
    const std::string& path() const { return m_path; }

private:
    void remove() const {
        std::error_code none;
        for (const char* part : {"", "-journal", "-wal", "-shm"}) fs::remove(m_path + part, none);
    }
    std::string m_path;
};

} // namespace

bool History::backup(const std::string& path, const StoreProgress& progress) {
    std::error_code none;
    if (fs::exists(path, none) && fs::equivalent(path, m_connection.path(), none))
        throw UsageError("history: a backup needs a file of its own");
    if (fs::exists(path, none) && !fs::is_regular_file(path, none))
        throw StoreError(path, "", "expected a file, or a free name", StoreProblem::Failed);
    const UnfinishedCopy copy(path + ".part-" + std::to_string(::getpid()));
    {
        Connection to(copy.path(), Connection::Access::Create, 0);
        if (!copyDatabase(m_connection, to, progress)) return false;
        Statement sound(to, "PRAGMA quick_check(1)");
        if (!sound.step() || sound.text(0) != "ok")
            throw StoreError(m_connection.path(), "backup", "the history is damaged; see moa history check",
                             StoreProblem::Corrupt);
    }
    fs::rename(copy.path(), path, none);
    if (none) throw StoreError(path, "", "it cannot be replaced: " + none.message(), StoreProblem::Failed);
    // A log of the file that was replaced would be applied to the new one.
    for (const char* part : {"-wal", "-shm", "-journal"}) fs::remove(path + part, none);
    return true;
}

} // namespace moa
