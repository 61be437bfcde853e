#include "store/sqlite/connection.h"

#include <sqlite3.h>
#include <string_view>

namespace moa {
namespace {

/// A file: URI that means exactly `path`, read without locks.
std::string immutableUri(const std::string& path) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string uri = "file:";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= 'a' && byte <= 'z') || byte == '/' || byte == '.' || byte == '-' ||
                           byte == '_';
        if (plain) {
            uri += c;
        } else {
            uri += '%';
            uri += kHex[byte >> 4];
            uri += kHex[byte & 15];
        }
    }
    return uri + "?immutable=1";
}

int flagsOf(Connection::Access access) {
    // NOMUTEX: a connection belongs to one thread. EXRESCODE: errors say more than their class.
    const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    switch (access) {
    case Connection::Access::Create:
        return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Connection::Access::ReadOnly:
        return common | SQLITE_OPEN_READONLY;
    case Connection::Access::Immutable:
        return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    }
    return common | SQLITE_OPEN_READONLY;
}

} // namespace

void Connection::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

Connection::Connection(const std::string& path, Access access, int busyTimeoutMs) : m_path(path) {
    sqlite3* database = nullptr;
    const std::string name = access == Access::Immutable ? immutableUri(path) : path;
    const int code = sqlite3_open_v2(name.c_str(), &database, flagsOf(access), nullptr);
    m_handle.reset(database); // also after a failure: it carries the message
    if (code != SQLITE_OK) fail(code, "open");
    sqlite3_busy_timeout(database, busyTimeoutMs);
    // Defensive: a crafted file cannot make SQLite write to its own schema tables.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    execute("PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;");
}

void Connection::execute(const std::string& script) {
    const int code = sqlite3_exec(m_handle.get(), script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, "database");
}

bool Connection::readOnly() const {
    return sqlite3_db_readonly(m_handle.get(), "main") != 0;
}

std::int64_t Connection::lastInsertId() const {
    return sqlite3_last_insert_rowid(m_handle.get());
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(m_handle.get());
}

std::int64_t Connection::totalChanges() const {
    return sqlite3_total_changes64(m_handle.get());
}

void Connection::fail(int code, const std::string& where) const {
    throw makeStoreError(m_path, where, code, m_handle.get());
}

} // namespace moa
