// Every outcome of opening a database, each provoked for real; and that no file is changed by being refused.
#include "store/schema/schema.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"
#include "tests/store/full_disk.h"
#include "tests/store/store_samples.h"

#include <array>
#include <sys/stat.h>

namespace moa {
namespace {

constexpr int kId = 0x4D6F4157;
constexpr std::array<Migration, 3> kSteps = {{
    {1, 1,
     "CREATE TABLE schema_meta (id INTEGER PRIMARY KEY, version INTEGER, min_compatible INTEGER) STRICT;"
     "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT DEFAULT 'a;b') STRICT; -- a semicolon; in a "
     "comment"},
    {2, 1, "ALTER TABLE notes ADD COLUMN length INTEGER; CREATE INDEX notes_by_length ON notes (length);"},
    {3, 3,
     "ALTER TABLE notes DROP COLUMN text;\n"
     "INSERT INTO schema_meta (id) SELECT 2 WHERE 0; CREATE TABLE more (a INTEGER) STRICT;"},
}};

OpenedDatabase openSteps(const std::string& path, std::size_t steps, OpenOptions options = {}) {
    return openDatabase(path, std::span(kSteps).first(steps), kId, options);
}

struct Steps : testing::Test {
    StoreFolder folder;
    std::string path = folder.file("h.sqlite");
    /// A closed file at the given schema with one row.
    void make(std::size_t steps) {
        OpenedDatabase db = openSteps(path, steps);
        ASSERT_TRUE(db.connection) << db.problem->what();
        db.connection->execute("INSERT INTO notes DEFAULT VALUES");
    }
};

TEST_F(Steps, CreatedThenCurrent) {
    EXPECT_EQ(openSteps(path, 1).outcome, SchemaOutcome::Created);
    const OpenedDatabase again = openSteps(path, 1);
    EXPECT_EQ(again.outcome, SchemaOutcome::Current);
    EXPECT_EQ(again.version, 1);
}

TEST_F(Steps, AnEmptyFileIsANewHistory) {
    folder.write("h.sqlite", "");
    EXPECT_EQ(openSteps(path, 2).outcome, SchemaOutcome::Created);
}

TEST_F(Steps, PragmasAreSet) {
    const OpenedDatabase db = openSteps(path, 1);
    const auto pragma = [&](const char* sql) {
        Statement s(*db.connection, sql);
        s.step();
        return s.text(0);
    };
    EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(pragma("PRAGMA foreign_keys"), "1");
    EXPECT_EQ(pragma("PRAGMA synchronous"), "2");
    EXPECT_EQ(pragma("PRAGMA busy_timeout"), "5000");
}

TEST_F(Steps, UpgradedKeepsRows) {
    make(1);
    const OpenedDatabase db = openSteps(path, 2);
    EXPECT_EQ(db.outcome, SchemaOutcome::Upgraded);
    EXPECT_EQ(db.version, 1);
    Statement rows(*db.connection, "SELECT text, length FROM notes");
    ASSERT_TRUE(rows.step());
    EXPECT_EQ(rows.text(0), "a;b");
    EXPECT_TRUE(rows.isNull(1));
}

TEST_F(Steps, AFailedUpgradeChangesNothing) {
    make(1);
    const std::array<Migration, 2> broken = {
        kSteps[0], {2, 1, "CREATE TABLE extra (a); INSERT INTO absent VALUES (1);"}};
    const OpenedDatabase db = openDatabase(path, broken, kId, {});
    EXPECT_EQ(db.outcome, SchemaOutcome::Failed);
    EXPECT_FALSE(db.connection);
    const OpenedDatabase old = openSteps(path, 1);
    EXPECT_EQ(old.outcome, SchemaOutcome::Current);
    Statement extra(*old.connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'");
    extra.step();
    EXPECT_EQ(extra.integer(0), 0);
}

TEST_F(Steps, AnUpgradeThatBreaksReferencesIsUndone) {
    make(1);
    const std::array<Migration, 2> dangling = {
        kSteps[0],
        {2, 1,
         "CREATE TABLE child (n INTEGER REFERENCES notes (id)); PRAGMA defer_foreign_keys=ON;"
         "INSERT INTO child VALUES (99);"}};
    EXPECT_FALSE(openDatabase(path, dangling, kId, {}).connection);
    EXPECT_EQ(openSteps(path, 1).outcome, SchemaOutcome::Current);
}

TEST_F(Steps, NewerCompatibleOpensReadOnly) {
    make(2);
    OpenedDatabase db = openSteps(path, 1);
    EXPECT_EQ(db.outcome, SchemaOutcome::NewerCompatible);
    ASSERT_TRUE(db.connection);
    EXPECT_EQ(db.version, 2);
    EXPECT_TRUE(db.connection->readOnly());
    EXPECT_EQ(problemOf([&] { db.connection->execute("INSERT INTO notes DEFAULT VALUES"); }),
              StoreProblem::ReadOnly);
}

TEST_F(Steps, NewerRefusedSaysBothVersions) {
    make(3);
    const std::string before = bytesOf(path);
    const OpenedDatabase db = openSteps(path, 2);
    EXPECT_EQ(db.outcome, SchemaOutcome::NewerRefused);
    EXPECT_FALSE(db.connection);
    EXPECT_EQ(db.problem->problem(), StoreProblem::Newer);
    EXPECT_NE(std::string(db.problem->what()).find("schema 3, this program reads 2"), std::string::npos);
    EXPECT_TRUE(bytesOf(path) == before);
}

TEST_F(Steps, MissingIsNotMadeWhenReading) {
    EXPECT_EQ(openSteps(path, 1, {.readOnly = true}).outcome, SchemaOutcome::Missing);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Steps, ReadOnlyByWish) {
    make(1);
    EXPECT_EQ(openSteps(path, 1, {.readOnly = true}).outcome, SchemaOutcome::ReadOnly);
    const OpenedDatabase old = openSteps(path, 2, {.readOnly = true});
    EXPECT_EQ(old.outcome, SchemaOutcome::ReadOnly);
    EXPECT_FALSE(old.connection) << "schema 1 must be upgraded first";
}

TEST_F(Steps, ReadOnlyFileAndFolder) {
    make(1);
    ASSERT_EQ(::chmod(path.c_str(), 0444), 0);
    ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
    EXPECT_TRUE(inChild([&] {
        if (!becomeOrdinary()) return false;
        const OpenedDatabase db = openSteps(path, 1);
        if (db.outcome != SchemaOutcome::ReadOnly || !db.connection) return false;
        Statement rows(*db.connection, "SELECT count(*) FROM notes");
        return rows.step() && rows.integer(0) == 1 && openSteps(path, 2).outcome == SchemaOutcome::ReadOnly &&
               !openSteps(folder.file("new.sqlite"), 1).connection;
    }));
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
}

TEST_F(Steps, ForeignFilesAreRefusedAndKept) {
    const auto refused = [&](const std::string& bytes) {
        folder.write("other", bytes);
        const OpenedDatabase db = openSteps(folder.file("other"), 1);
        EXPECT_EQ(db.outcome, SchemaOutcome::Foreign) << bytes.substr(0, 20);
        EXPECT_FALSE(db.connection);
        EXPECT_TRUE(bytesOf(folder.file("other")) == bytes);
        EXPECT_FALSE(std::filesystem::exists(folder.file("other-wal")));
    };
    refused("x");
    refused("{\"alphas\": []}");
    refused(std::string(100'000, '\0'));
    refused("SQLite format 2" + std::string(5000, 'x'));
    {
        Connection other(folder.file("mail.sqlite"), Connection::Access::Create, 0);
        other.execute("CREATE TABLE mail (text); INSERT INTO mail VALUES ('dear');");
    }
    refused(bytesOf(folder.file("mail.sqlite")));
    {
        Connection other(folder.file("tagged.sqlite"), Connection::Access::Create, 0);
        other.execute("PRAGMA application_id=7");
    }
    refused(bytesOf(folder.file("tagged.sqlite")));
    EXPECT_EQ(openSteps(folder.path(), 1).outcome, SchemaOutcome::Foreign) << "a folder";
    ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
    EXPECT_EQ(openSteps(folder.file("pipe"), 1).outcome, SchemaOutcome::Foreign);
}

TEST_F(Steps, DamageIsRefusedOrReportedNeverWorse) {
    make(2);
    const std::string good = bytesOf(path);
    const auto outcomeOf = [&](const std::string& bytes) {
        folder.write("bad.sqlite", bytes);
        const OpenedDatabase db = openSteps(folder.file("bad.sqlite"), 2);
        EXPECT_EQ(db.connection.has_value(), !db.problem.has_value());
        return db.outcome;
    };
    EXPECT_EQ(outcomeOf(good), SchemaOutcome::Current);
    for (std::size_t bytes = 1; bytes < good.size(); bytes += 509) {
        const SchemaOutcome o = outcomeOf(good.substr(0, bytes));
        EXPECT_TRUE(o == SchemaOutcome::Corrupt || o == SchemaOutcome::Foreign) << bytes << ": " << int(o);
        EXPECT_TRUE(bytesOf(folder.file("bad.sqlite")) == good.substr(0, bytes));
    }
    for (std::size_t at = 100; at < 1100; at += 10) { // page 1: the schema
        std::string bad = good;
        bad.replace(at, 10, 10, '\xA5');
        outcomeOf(bad);
    }
    make(2);
    OpenedDatabase db = openSteps(path, 2);
    db.connection->execute("DELETE FROM schema_meta");
    EXPECT_EQ(openSteps(path, 2).outcome, SchemaOutcome::Corrupt) << "no version";
}

TEST_F(Steps, LockedAfterTheTimeout) {
    make(1);
    Connection other(path, Connection::Access::Create, 0);
    other.execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO notes DEFAULT VALUES;");
    const OpenedDatabase db = openSteps(path, 2, {.readOnly = false, .busyTimeoutMs = 50});
    EXPECT_EQ(db.outcome, SchemaOutcome::Locked);
    EXPECT_FALSE(db.connection);
    other.execute("ROLLBACK");
}

TEST_F(Steps, DiskFullWhileCreatingOrUpgrading) {
    make(1);
    FullDisk disk(-1);
    int failures = 0;
    for (int room = 0; room < 40; ++room) {
        disk.setRoom(room);
        const OpenedDatabase db = openSteps(path, 2);
        disk.setRoom(-1);
        if (db.connection) break;
        EXPECT_EQ(db.outcome, SchemaOutcome::DiskFull) << room;
        ++failures;
        EXPECT_EQ(openSteps(path, 1).outcome, SchemaOutcome::Current) << "still schema 1, after " << room;
    }
    EXPECT_GT(failures, 0);
    EXPECT_EQ(openSteps(path, 2).outcome, SchemaOutcome::Current);
    disk.setRoom(0);
    EXPECT_EQ(openSteps(folder.file("new.sqlite"), 1).outcome, SchemaOutcome::DiskFull);
    disk.setRoom(-1);
    EXPECT_EQ(openSteps(folder.file("new.sqlite"), 1).outcome, SchemaOutcome::Created)
        << "the empty file is no obstacle";
}

TEST(Schema, MigrationsCountFromOne) {
    const std::array<Migration, 1> wrong = {{{2, 1, ""}}};
    EXPECT_THROW(openDatabase("unused", wrong, kId, {}), std::logic_error);
    EXPECT_THROW(openDatabase("unused", {}, kId, {}), std::logic_error);
}

TEST(Schema, TheEmbeddedScriptsMakeASoundDatabase) {
    const StoreFolder folder;
    const OpenedDatabase db = openDatabase(folder.file("h"), historyMigrations(), kHistoryApplicationId, {});
    ASSERT_EQ(db.outcome, SchemaOutcome::Created);
    // Every table is strict, and every foreign key has an index that starts with it.
    Statement loose(*db.connection, "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict "
                                    "AND name NOT LIKE 'sqlite_%'");
    EXPECT_FALSE(loose.step()) << loose.text(0);
    Statement bare(
        *db.connection,
        "SELECT t.name || '.' || f.\"from\" FROM pragma_table_list t, pragma_foreign_key_list(t.name) f "
        "WHERE NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) i, pragma_index_info(i.name) c "
        "WHERE c.seqno = 0 AND c.name = f.\"from\")");
    EXPECT_FALSE(bare.step()) << bare.text(0);
}

} // namespace
} // namespace moa
