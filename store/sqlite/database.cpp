#include "store/sqlite/database.h"

#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <chrono>
#include <filesystem>
#include <sqlite3.h>
#include <stdexcept>
#include <thread>

namespace moa {
namespace {

namespace fs = std::filesystem;

SchemaOutcome outcomeOf(StoreProblem problem) {
    switch (problem) {
    case StoreProblem::Missing:
        return SchemaOutcome::Missing;
    case StoreProblem::Foreign:
        return SchemaOutcome::Foreign;
    case StoreProblem::Corrupt:
        return SchemaOutcome::Corrupt;
    case StoreProblem::Newer:
        return SchemaOutcome::NewerRefused;
    case StoreProblem::Locked:
        return SchemaOutcome::Locked;
    case StoreProblem::ReadOnly:
        return SchemaOutcome::ReadOnly;
    case StoreProblem::Full:
        return SchemaOutcome::DiskFull;
    case StoreProblem::BadValue:
    case StoreProblem::Failed:
        break;
    }
    return SchemaOutcome::Failed;
}

std::int64_t single(const Connection& connection, std::string_view sql) {
    Statement statement(connection, sql);
    return statement.step() ? statement.integer(0) : 0;
}

/// What the file says of itself. version 0: a database without any table.
struct Schema {
    int version = 0, minCompatible = 0;
};

/// Nothing in the write-ahead log: the database is all in its file.
bool walIsEmpty(const std::string& path) {
    std::error_code none;
    return !fs::exists(path + "-wal", none) || fs::file_size(path + "-wal", none) == 0;
}

/// SQLite reads a last page that was cut off as zeros and notices only when it needs that page.
void requireWholePages(const Connection& connection) {
    std::error_code none;
    const auto size = fs::file_size(connection.path(), none);
    const auto page = static_cast<std::uintmax_t>(single(connection, "PRAGMA page_size"));
    if (none || page == 0 || size % page == 0 || !walIsEmpty(connection.path())) return;
    throw StoreError(connection.path(), "byte " + std::to_string(size),
                     "the database is cut off in the middle of a page; restore a copy",
                     StoreProblem::Corrupt);
}

/// Throws Foreign or Corrupt for anything that is not ours. Reads one snapshot, so that a migration running
/// in another process is seen before or after, never in between.
Schema inspect(Connection& connection, int applicationId) {
    Transaction snapshot(connection, Transaction::Kind::Read);
    const std::int64_t objects = single(connection, "SELECT count(*) FROM sqlite_schema");
    const std::int64_t id = single(connection, "PRAGMA application_id");
    if (objects == 0 && id == 0) return {};
    if (id != applicationId)
        throw StoreError(connection.path(), "", "this database belongs to another program; name another file",
                         StoreProblem::Foreign);
    requireWholePages(connection);
    Schema schema;
    if (single(connection,
               "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_meta'") == 1) {
        Statement meta(connection, "SELECT version, min_compatible FROM schema_meta");
        if (meta.step()) schema = {static_cast<int>(meta.integer(0)), static_cast<int>(meta.integer(1))};
    }
    if (schema.version < 1 || schema.minCompatible < 1)
        throw StoreError(connection.path(), "schema_meta", "the schema's version is missing; restore a copy",
                         StoreProblem::Corrupt);
    return schema;
}

/// WAL lets readers and one writer work at once. SQLite does not wait while another process makes the same
/// switch.
void useWal(Connection& connection, int busyTimeoutMs) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(busyTimeoutMs);
    for (;;) {
        try {
            Statement(connection, "PRAGMA journal_mode=WAL").run();
            return;
        } catch (const StoreError& e) {
            if (e.problem() != StoreProblem::Locked || std::chrono::steady_clock::now() >= deadline) throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

/// Applies what is missing in one transaction; returns the version found inside it (another process may have
/// been faster).
int migrate(Connection& connection, std::span<const Migration> migrations, int applicationId) {
    Transaction transaction(connection, Transaction::Kind::Write);
    const std::int64_t objects = single(connection, "SELECT count(*) FROM sqlite_schema");
    const int from =
        objects == 0 ? 0 : static_cast<int>(single(connection, "SELECT version FROM schema_meta"));
    for (const Migration& m : migrations) {
        if (m.version <= from) continue;
        connection.execute(std::string(m.script));
        Statement(connection,
                  "INSERT INTO schema_meta (id, version, min_compatible) VALUES (1, ?, ?) ON CONFLICT (id) "
                  "DO UPDATE "
                  "SET version = excluded.version, min_compatible = excluded.min_compatible",
                  m.version, m.minCompatible)
            .run();
    }
    connection.execute("PRAGMA application_id=" + std::to_string(applicationId));
    if (Statement(connection, "PRAGMA foreign_key_check").step())
        throw StoreError(connection.path(), "upgrade", "rows refer to rows that are missing; restore a copy",
                         StoreProblem::Corrupt);
    transaction.commit();
    return from;
}

/// Opens the file and reads its schema. Where a WAL database lies in a folder that cannot be written and
/// nobody has it open, SQLite needs to be told that nothing will change.
Schema openAndInspect(std::optional<Connection>& connection, const std::string& path, int applicationId,
                      const OpenOptions& options) {
    const auto access = options.readOnly ? Connection::Access::ReadOnly : Connection::Access::Create;
    try {
        connection.emplace(path, access, options.busyTimeoutMs);
        return inspect(*connection, applicationId);
    } catch (const StoreError& e) {
        std::error_code none;
        const bool cannotOpen =
            (e.sqliteCode() & 0xff) == SQLITE_CANTOPEN || e.problem() == StoreProblem::ReadOnly;
        if (!cannotOpen || !walIsEmpty(path) || !fs::exists(path, none)) throw;
    }
    connection.emplace(path, Connection::Access::Immutable, options.busyTimeoutMs);
    return inspect(*connection, applicationId);
}

StoreError needs(const std::string& path, const Schema& schema, int newest) {
    const std::string versions =
        "schema " + std::to_string(schema.version) + ", this program reads " + std::to_string(newest);
    if (schema.version > newest)
        return {path, versions, "it was written by a newer program; use that one or name another file",
                StoreProblem::Newer};
    return {path, versions, "it must be upgraded first and cannot be written; open it where it can be",
            StoreProblem::ReadOnly};
}

void openInto(OpenedDatabase& result, const std::string& path, std::span<const Migration> migrations,
              int applicationId, const OpenOptions& options) {
    std::error_code none;
    const bool exists = fs::exists(path, none);
    if (exists && !fs::is_regular_file(path, none))
        throw StoreError(path, "", "expected a regular file", StoreProblem::Foreign);
    // SQLite takes a file of exactly one byte for an empty one and would overwrite it.
    if (exists && fs::file_size(path, none) == 1)
        throw StoreError(path, "", "this is no history database; name another file", StoreProblem::Foreign);
    if (!exists && options.readOnly)
        throw StoreError(path, "", "there is no such file", StoreProblem::Missing);

    const int newest = migrations.back().version;
    const Schema schema = openAndInspect(result.connection, path, applicationId, options);
    result.version = schema.version;
    if (schema.version > newest) {
        if (schema.minCompatible > newest) throw needs(path, schema, newest);
        // Ours to read, not to write: rows we add could break what newer programs count on.
        if (!result.connection->readOnly())
            result.connection.emplace(path, Connection::Access::ReadOnly, options.busyTimeoutMs);
        result.outcome = SchemaOutcome::NewerCompatible;
        return;
    }
    if (result.connection->readOnly()) {
        if (schema.version < newest) throw needs(path, schema, newest);
        result.outcome = SchemaOutcome::ReadOnly;
        return;
    }
    if (schema.version < newest) {
        useWal(*result.connection, options.busyTimeoutMs);
        const int from = migrate(*result.connection, migrations, applicationId);
        result.outcome = from == 0       ? SchemaOutcome::Created
                         : from < newest ? SchemaOutcome::Upgraded
                                         : SchemaOutcome::Current;
        return;
    }
    result.outcome = SchemaOutcome::Current;
}

} // namespace

OpenedDatabase openDatabase(const std::string& path, std::span<const Migration> migrations, int applicationId,
                            const OpenOptions& options) {
    for (std::size_t i = 0; i < migrations.size(); ++i)
        if (migrations[i].version != static_cast<int>(i) + 1)
            throw std::logic_error("migrations must count 1, 2, …");
    if (migrations.empty()) throw std::logic_error("a database needs at least one migration");
    OpenedDatabase result;
    try {
        openInto(result, path, migrations, applicationId, options);
    } catch (const StoreError& e) {
        result.connection.reset();
        result.problem = e;
        result.outcome = outcomeOf(e.problem());
    }
    return result;
}

} // namespace moa
