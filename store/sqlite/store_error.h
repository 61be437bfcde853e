// What can go wrong with a database file, as a typed error: which file, where in it, what to do.
#pragma once

#include "engine/core/error.h"

#include <string>

struct sqlite3;

namespace moa {

enum class StoreProblem {
    Missing,  ///< no such file, and it was to be read only
    Foreign,  ///< no database, or a database of another program
    Corrupt,  ///< a damaged database
    Newer,    ///< written by a newer program whose files this one cannot read
    Locked,   ///< another process held it longer than the busy timeout
    ReadOnly, ///< a write was asked for, but the file, its folder or the mode forbids it
    Full,     ///< no room left on the device
    BadValue, ///< the caller's value breaks the schema (no JSON, a missing row)
    Failed,   ///< anything else SQLite reports
};

/// Bad input like any FileError (exit code 3); the file is never overwritten because of it.
class StoreError : public FileError {
public:
    StoreError(const std::string& path, const std::string& where, const std::string& remedy,
               StoreProblem problem, int sqliteCode = 0)
        : FileError(path, where, remedy), m_problem(problem), m_sqliteCode(sqliteCode) {}
    StoreProblem problem() const noexcept { return m_problem; }
    /// SQLite's extended result code, 0 where SQLite had no part.
    int sqliteCode() const noexcept { return m_sqliteCode; }

private:
    StoreProblem m_problem;
    int m_sqliteCode;
};

/// The error for SQLite's result `code` on `database` (may be null). `where` names what was being done.
StoreError makeStoreError(const std::string& path, const std::string& where, int code, sqlite3* database);

} // namespace moa
