// Files that earlier programs wrote (tests/store/fixtures) open, upgraded, with everything that was in them;
// files of programs to come open read-only or are refused; damaged ones are set aside whole.
#include "store/query/run_search.h"
#include "store/schema/schema.h"
#include "store/sqlite/statement.h"
#include "tests/store/store_samples.h"

#include <sstream>

namespace moa {
namespace {

struct Upgrade : testing::Test {
    StoreFolder folder;
    std::string fixture(int version) {
        const std::string name = "version-" + std::to_string(version) + ".sqlite";
        return folder.write(name, bytesOf(std::string(MOA_SOURCE_DIR) + "/tests/store/fixtures/" + name));
    }
};

/// Column by column, the text of every row that both schemas have.
std::string everything(const std::string& path) {
    const Connection c(path, Connection::Access::ReadOnly, 1000);
    std::string text;
    for (const char* sql :
         {"SELECT id, command, arguments, status, started_at, finished_at, process_id, device, backend, "
          "program_version, "
          "versions, seed, model_id, profile_id, plan_id, rerun_of, settings, result, error FROM runs ORDER "
          "BY id",
          "SELECT id, run_id, name, unit, value, samples, error, context FROM measurements ORDER BY id",
          "SELECT id, name, json, sha256, origin, parent_id, model_id, created_at FROM plans ORDER BY id",
          "SELECT id, name, sha256, layers, heads, kv_heads FROM models ORDER BY id",
          "SELECT id, run_id, plan_id, loss, bound, gap, status FROM searches ORDER BY id",
          "SELECT * FROM machines"}) {
        Statement row(c, sql);
        while (row.step())
            for (int column = 0; column < row.columns(); ++column) text += row.text(column) + "|";
    }
    return text;
}

TEST_F(Upgrade, EveryEarlierSchemaKeepsEveryRow) {
    for (int version = 1; version < historyMigrations().back().version; ++version) {
        const std::string path = fixture(version), before = everything(path);
        ASSERT_GT(before.size(), 3000u);
        {
            History history = History::open(path);
            EXPECT_EQ(history.outcome(), SchemaOutcome::Upgraded);
            EXPECT_TRUE(history.check().empty());
            EXPECT_EQ(history.list({.limit = 0}).size(), 6u);
        }
        EXPECT_EQ(everything(path), before) << "version " << version;
        EXPECT_EQ(History::open(path).outcome(), SchemaOutcome::Current);
    }
}

TEST_F(Upgrade, WhatVersion1KnewCanBeFound) {
    History history = History::open(fixture(1));
    RunSearch search(history);
    const auto count = [&](const char* query) { return search.find(parseQuery(query)).runs.size(); };
    EXPECT_EQ(count("harbor"), 1u) << "a prompt typed with --text";
    EXPECT_EQ(count("o'brien"), 1u);
    EXPECT_EQ(count("half"), 2u) << "the name of a plan";
    EXPECT_EQ(count("n>=1024 density<0.6"), 1u) << "from the context of measurements";
    EXPECT_EQ(count("has:prompt"), 3u);
    EXPECT_EQ(count("status:infeasible"), 1u);
    const RunDetail run = history.show(RunId(2));
    EXPECT_EQ(run.summary.seed, 18446744073709551615u);
    ASSERT_TRUE(run.prompt);
    EXPECT_EQ(run.prompt->tokens, 7);
    EXPECT_FALSE(run.prompt->text) << "it came from standard input";
    EXPECT_FALSE(run.uid.empty());
    // A copy upgraded elsewhere is still the same runs.
    History other = History::open(folder.write(
        "copy.sqlite", bytesOf(std::string(MOA_SOURCE_DIR) + "/tests/store/fixtures/version-1.sqlite")));
    const ImportReport report = history.importFrom(other);
    EXPECT_EQ(report.runs, 0);
    EXPECT_EQ(report.known, 6);
}

TEST_F(Upgrade, AnUpgradeThatFindsTheDiskFullChangesNothing) {
    const std::string path = fixture(1), before = everything(path);
    {
        // Read-only by wish: nothing can be upgraded.
        EXPECT_EQ(problemOf([&] { History::open(path, OpenMode::ReadOnly); }), StoreProblem::ReadOnly);
    }
    EXPECT_EQ(everything(path), before);
}

/// A file as a program to come would leave it.
void pretendVersion(const std::string& path, int version, int minCompatible) {
    Connection c(path, Connection::Access::Create, 1000);
    c.execute("CREATE TABLE IF NOT EXISTS of_the_future (a INTEGER) STRICT;");
    Statement(c, "UPDATE schema_meta SET version = ?, min_compatible = ?", version, minCompatible).run();
}

TEST_F(Upgrade, NewerCompatibleFilesOpenReadOnlyNewerOnesAreRefused) {
    const std::string path = folder.file("h.sqlite");
    { History::open(path).recordRun(sampleRun()); }
    const int newest = historyMigrations().back().version;
    pretendVersion(path, newest + 1, newest);
    {
        History history = History::open(path);
        EXPECT_EQ(history.outcome(), SchemaOutcome::NewerCompatible);
        EXPECT_FALSE(history.writable());
        RunSearch search(history);
        EXPECT_EQ(search.find(parseQuery("command:retrieval")).runs.size(), 1u);
        const RunId run(1);
        const std::string tag = "x";
        EXPECT_EQ(problemOf([&] { history.addTags(std::span(&run, 1), std::span(&tag, 1)); }),
                  StoreProblem::ReadOnly);
        EXPECT_EQ(problemOf([&] { history.setNote(run, "x"); }), StoreProblem::ReadOnly);
        EXPECT_EQ(problemOf([&] { history.prune(std::span(&run, 1), true, false); }), StoreProblem::ReadOnly);
        EXPECT_EQ(history.prune(std::span(&run, 1), true, true).runs, 1) << "a dry run only looks";
    }
    pretendVersion(path, newest + 1, newest + 1);
    const std::string before = bytesOf(path);
    EXPECT_EQ(problemOf([&] { History::open(path); }), StoreProblem::Newer);
    EXPECT_TRUE(bytesOf(path) == before);
}

TEST_F(Upgrade, ADamagedFileIsSetAsideNeverOverwritten) {
    const std::string path = folder.file("h.sqlite");
    {
        History history = History::open(path);
        for (int i = 0; i < 30; ++i) history.recordRun(sampleRun());
    }
    const std::string good = bytesOf(path);
    folder.write("h.sqlite.damaged-1", "an earlier one");
    std::string bad = good.substr(0, good.size() - 1000); // cut off inside a page
    folder.write("h.sqlite", bad);
    EXPECT_EQ(problemOf([&] { History::open(path); }), StoreProblem::Corrupt);
    const std::string aside = History::setAside(path);
    EXPECT_EQ(aside, path + ".damaged-2");
    EXPECT_TRUE(bytesOf(aside) == bad);
    EXPECT_EQ(bytesOf(path + ".damaged-1"), "an earlier one");
    EXPECT_EQ(History::open(path).outcome(), SchemaOutcome::Created);
    EXPECT_EQ(problemOf([&] { History::setAside(folder.file("absent")); }), StoreProblem::Failed);
}

} // namespace
} // namespace moa
