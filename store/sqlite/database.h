// Opens a database file and brings it to the newest schema through numbered migrations.
// Goals: a file of another program, a damaged one or one from the future is never changed; an upgrade happens
// whole or not at all; every ending is a value, so that a front can offer the right way on. The table
// schema_meta(version, min_compatible), made by the first migration, says what a file is.
#pragma once

#include "store/sqlite/connection.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace moa {

/// One step of the schema. Versions count 1, 2, …; `script` may hold any number of statements.
struct Migration {
    int version = 0;
    int minCompatible = 0; ///< the oldest program version (by schema) that may still read the result
    std::string_view script;
};

enum class SchemaOutcome {
    Created,         ///< a new file, or an empty one
    Current,         ///< nothing to do
    Upgraded,        ///< older migrations were applied on top
    NewerCompatible, ///< newer, only additions: opened read-only
    NewerRefused,    ///< newer, not readable here
    ReadOnly, ///< the file, its folder or the caller forbids writing: opened read-only if the schema is
              ///< current
    Missing,  ///< no file, and it was to be read only
    Foreign,  ///< no database, or another program's
    Corrupt,
    Locked,
    DiskFull,
    Failed, ///< anything else; see the message
};

struct OpenOptions {
    bool readOnly = false;
    int busyTimeoutMs = 5000;
};

/// `connection` is there when the database can be used; otherwise `problem` says why not.
struct OpenedDatabase {
    SchemaOutcome outcome = SchemaOutcome::Failed;
    std::optional<Connection> connection;
    std::optional<StoreError> problem;
    int version = 0; ///< the schema found in the file, before any upgrade; 0: none
};

/// `applicationId` goes into the file's header and tells our databases from others. New and upgraded files
/// use WAL wherever the file system allows it. Throws only for programming errors (std::logic_error:
/// migrations out of order).
OpenedDatabase openDatabase(const std::string& path, std::span<const Migration> migrations, int applicationId,
                            const OpenOptions& options);

} // namespace moa
