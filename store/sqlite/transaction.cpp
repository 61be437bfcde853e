#include "store/sqlite/transaction.h"

#include <sqlite3.h>

namespace moa {

Transaction::Transaction(Connection& connection, Kind kind) : m_connection(&connection) {
    connection.execute(kind == Kind::Write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
    // SQLite may have rolled back on its own (disk full, I/O error): a second rollback only reports that.
    if (m_open) sqlite3_exec(m_connection->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
    m_connection->execute("COMMIT");
    m_open = false;
}

} // namespace moa
