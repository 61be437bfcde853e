// A transaction as a scope: rolled back unless committed.
#pragma once

#include "store/sqlite/connection.h"

namespace moa {

class Transaction {
public:
    enum class Kind {
        Read, ///< one consistent snapshot for all reads
        Write ///< takes the write lock at once, so that no later statement can find it taken
    };

    Transaction(Connection& connection, Kind kind);
    /// Rolls back when not committed; never throws.
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// Throws StoreError when the commit fails; nothing is changed then.
    void commit();

private:
    Connection* m_connection;
    bool m_open = true;
};

} // namespace moa
