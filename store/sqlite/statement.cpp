#include "store/sqlite/statement.h"

#include <sqlite3.h>

namespace moa {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement::Statement(const Connection& connection, std::string_view sql) : m_connection(&connection) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
    m_handle.reset(statement);
    check(code);
}

bool Statement::step() {
    const int code = sqlite3_step(m_handle.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    // Before reset(), which would clear the connection's message.
    const StoreError error = makeStoreError(m_connection->path(), "database", code, m_connection->handle());
    reset();
    throw error;
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() {
    sqlite3_reset(m_handle.get());
}

int Statement::columns() const {
    return sqlite3_column_count(m_handle.get());
}

bool Statement::isNull(int column) const {
    return sqlite3_column_type(m_handle.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(m_handle.get(), column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(m_handle.get(), column);
}

std::string Statement::text(int column) const {
    return std::string(textView(column));
}

std::string_view Statement::textView(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(m_handle.get(), column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(m_handle.get(), column))};
}

std::span<const std::byte> Statement::blob(int column) const {
    const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(m_handle.get(), column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(m_handle.get(), column))};
}

std::optional<std::int64_t> Statement::optionalInteger(int column) const {
    if (isNull(column)) return std::nullopt;
    return integer(column);
}

std::optional<double> Statement::optionalReal(int column) const {
    if (isNull(column)) return std::nullopt;
    return real(column);
}

void Statement::bindAt(int index, std::nullopt_t) {
    check(sqlite3_bind_null(m_handle.get(), index));
}

void Statement::bindAt(int index, std::int64_t value) {
    check(sqlite3_bind_int64(m_handle.get(), index, value));
}

void Statement::bindAt(int index, double value) {
    check(sqlite3_bind_double(m_handle.get(), index, value));
}

void Statement::bindAt(int index, std::string_view value) {
    // A null pointer would bind NULL; an empty text is a text.
    check(sqlite3_bind_text64(m_handle.get(), index, value.empty() ? "" : value.data(), value.size(),
                              SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bindAt(int index, std::span<const std::byte> value) {
    // A null pointer would bind NULL; no bytes are a BLOB too.
    check(sqlite3_bind_blob64(m_handle.get(), index,
                              value.empty() ? "" : static_cast<const void*>(value.data()), value.size(),
                              SQLITE_TRANSIENT));
}

void Statement::check(int code) const {
    if (code != SQLITE_OK) m_connection->fail(code, "database");
}

} // namespace moa
