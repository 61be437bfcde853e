#include "store/sqlite/store_error.h"

#include <cstring>
#include <sqlite3.h>

namespace moa {
namespace {

StoreProblem problemOf(int code) {
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return StoreProblem::Foreign;
    case SQLITE_CORRUPT:
        return StoreProblem::Corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return StoreProblem::Locked;
    case SQLITE_READONLY:
        return StoreProblem::ReadOnly;
    case SQLITE_FULL:
        return StoreProblem::Full;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        return StoreProblem::BadValue;
    default:
        return StoreProblem::Failed;
    }
}

std::string remedyOf(StoreProblem problem, int code, sqlite3* database) {
    switch (problem) {
    case StoreProblem::Foreign:
        return "this is no history database; name another file";
    case StoreProblem::Corrupt:
        return "the database is damaged; restore a copy or name another file";
    case StoreProblem::Locked:
        return "another program is using the database; try again when it has finished";
    case StoreProblem::ReadOnly:
        return "the database cannot be written; check the permissions of the file and its folder";
    case StoreProblem::Full:
        return "the disk is full; free some space, nothing was changed";
    default:
        break;
    }
    std::string text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    const int system = database != nullptr ? sqlite3_system_errno(database) : 0;
    if ((code & 0xff) == SQLITE_CANTOPEN && system != 0) text += std::string(": ") + std::strerror(system);
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' '; // one line for the user
    return text;
}

} // namespace

StoreError makeStoreError(const std::string& path, const std::string& where, int code, sqlite3* database) {
    const int extended = database != nullptr ? sqlite3_extended_errcode(database) : code;
    const int known = (extended & 0xff) == (code & 0xff) ? extended : code;
    const StoreProblem problem = problemOf(code);
    return {path, where, remedyOf(problem, code, database), problem, known};
}

} // namespace moa
