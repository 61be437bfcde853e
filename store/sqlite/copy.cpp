#include "store/sqlite/copy.h"

#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <memory>
#include <sqlite3.h>

namespace moa {
namespace {

struct FinishBackup {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

} // namespace

bool copyDatabase(Connection& from, Connection& to, const StoreProgress& progress) {
    constexpr int kPages = 512;
    if (progress && !progress(0, 0)) return false;
    // One snapshot: writers go on, and the copy need not begin again after each of them.
    Transaction snapshot(from, Transaction::Kind::Read);
    Statement(from, "SELECT count(*) FROM sqlite_schema").step();
    const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
        sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
    if (!backup) to.fail(sqlite3_errcode(to.handle()), "copy");
    for (;;) {
        const int code = sqlite3_backup_step(backup.get(), kPages);
        if (code == SQLITE_DONE) return true;
        if (code != SQLITE_OK) throw makeStoreError(to.path(), "copy", code, nullptr);
        const int total = sqlite3_backup_pagecount(backup.get());
        if (progress && !progress(total - sqlite3_backup_remaining(backup.get()), total)) return false;
    }
}

} // namespace moa
