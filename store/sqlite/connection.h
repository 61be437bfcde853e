// RAII over one SQLite connection. Goals: every failure is a StoreError, nothing leaks, whole scripts run as
// SQLite parses them. Non-goals: sharing between threads (one connection each; SQLite serialises the
// processes), an ORM.
#pragma once

#include "store/sqlite/store_error.h"

#include <cstdint>
#include <memory>
#include <string>

namespace moa {

class Connection {
public:
    enum class Access {
        Create,    ///< read and write, the file is made when missing
        ReadOnly,  ///< never writes; a WAL database still needs its -shm file
        Immutable, ///< never writes, takes no locks: for files that nobody can be writing
    };

    /// Opens `path` and sets foreign_keys=ON, synchronous=FULL and the busy timeout. Throws StoreError, also
    /// for a file that is no database.
    Connection(const std::string& path, Access access, int busyTimeoutMs);

    /// Runs a script of any number of statements; rows are dropped.
    void execute(const std::string& script);

    bool readOnly() const;
    std::int64_t lastInsertId() const;
    /// Rows changed by the last statement.
    std::int64_t changes() const;
    /// Rows changed through this connection since it was opened.
    std::int64_t totalChanges() const;
    const std::string& path() const { return m_path; }
    sqlite3* handle() const { return m_handle.get(); }

    /// Throws the StoreError for `code`.
    [[noreturn]] void fail(int code, const std::string& where) const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::string m_path;
    std::unique_ptr<sqlite3, Close> m_handle;
};

} // namespace moa
