// Runs go in and come out whole, however they end; wrong values change nothing.
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"
#include "tests/store/full_disk.h"
#include "tests/store/store_samples.h"

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <sys/stat.h>

namespace moa {
namespace {

struct HistoryFile : testing::Test {
    StoreFolder folder;
    std::string path = folder.file("sub/folder/history.sqlite");
    History history = History::open(path);

    std::int64_t count(const char* table) {
        const Connection c(path, Connection::Access::ReadOnly, 1000);
        Statement s(c, std::string("SELECT count(*) FROM ") + table);
        s.step();
        return s.integer(0);
    }
};

TEST_F(HistoryFile, ARunComesBackWhole) {
    const RunId id = history.recordRun(sampleRun());
    const RunDetail run = history.show(id);
    EXPECT_EQ(run.summary.command, "retrieval");
    EXPECT_EQ(run.summary.status, RunStatus::Done);
    EXPECT_EQ(run.summary.seed, 18446744073709551615u);
    EXPECT_EQ(run.summary.measurements, 2);
    ASSERT_TRUE(run.summary.finished);
    EXPECT_GE(*run.summary.finished, run.summary.started);
    EXPECT_EQ(run.arguments, R"(["moa-tiny", "--lengths", "1024", "--text", "line\n\"two\""])");
    EXPECT_EQ(run.versions, R"({"openblas": "0.3.21"})");
    EXPECT_EQ(run.settings, sampleRun().settings);
    EXPECT_EQ(run.result, sampleRun().result);
    EXPECT_FALSE(run.programVersion.empty());
    EXPECT_EQ(run.machine, currentMachine());
    ASSERT_TRUE(run.model && run.profile && run.plan);
    EXPECT_EQ(run.model->name, "moa-tiny");
    EXPECT_EQ(run.model->shape.kvHeads, 4);
    EXPECT_EQ(run.model->shape.context, 16384);
    EXPECT_EQ(run.profile->lengths, (std::vector<int>{1024, 2048}));
    EXPECT_EQ(run.plan->json, sampleRun().plan->json);
    ASSERT_EQ(run.measurements.size(), 2u);
    EXPECT_EQ(run.measurements[0].value, 59.0 / 60) << "to the bit";
    EXPECT_EQ(run.measurements[0].error, 0.02);
    EXPECT_EQ(run.measurements[0].context, R"({"length": 1024})");
    EXPECT_EQ(run.measurements[1].error, std::nullopt);
}

TEST_F(HistoryFile, EqualThingsShareARow) {
    history.recordRun(sampleRun());
    history.recordRun(sampleRun());
    RunRecord other = sampleRun();
    other.plan->json = R"({"alphas": [[1]], "betas": [[0.5]]})"; // same length, other text
    other.model->shape.context = 32768;
    history.recordRun(other);
    EXPECT_EQ(count("runs"), 3);
    EXPECT_EQ(count("machines"), 1);
    EXPECT_EQ(count("plans"), 2);
    EXPECT_EQ(count("models"), 2);
    EXPECT_EQ(count("profiles"), 1);
    EXPECT_EQ(count("measurements"), 6);
}

TEST_F(HistoryFile, ARunMayHaveNothingButItsCommand) {
    RunRecord run;
    run.command = "bench";
    const RunDetail back = history.show(history.recordRun(run));
    EXPECT_FALSE(back.model || back.profile || back.plan || back.summary.seed);
    EXPECT_EQ(back.arguments, "[]");
}

TEST_F(HistoryFile, BegunRunsAreRunningUntilFinished) {
    const RunId id = history.begin(sampleRun());
    EXPECT_EQ(history.show(id).summary.status, RunStatus::Running);
    EXPECT_EQ(history.show(id).summary.finished, std::nullopt);
    RunEnd end;
    end.status = RunStatus::Cancelled;
    end.result = R"({"partial": "p.safetensors.part"})";
    end.measurements = {{"samples_done", "", 7, 1, std::nullopt, "{}"}};
    history.finish(id, end);
    const RunDetail run = history.show(id);
    EXPECT_EQ(run.summary.status, RunStatus::Cancelled);
    EXPECT_EQ(run.result, end.result);
    EXPECT_EQ(run.measurements.size(), 1u);
    EXPECT_THROW(history.finish(id, end), UsageError) << "it has ended";
    EXPECT_THROW(history.finish(RunId(999), end), UsageError);
    EXPECT_EQ(history.show(id).measurements.size(), 1u);
    end.status = RunStatus::Running;
    EXPECT_THROW(history.finish(history.begin(sampleRun()), end), UsageError);
}

TEST_F(HistoryFile, AKilledRunIsSeenAsInterrupted) {
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            History own = History::open(path);
            own.begin(sampleRun());
        } catch (...) {
        }
        ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto runs = history.list();
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_EQ(runs[0].status, RunStatus::Interrupted);
    history.finish(runs[0].id, {RunStatus::Failed, "{}", "stopped by the system", {}, {}});
    EXPECT_EQ(history.list()[0].status, RunStatus::Failed);
}

TEST_F(HistoryFile, SearchesKeepTheirPlansAndBounds) {
    RunRecord run = sampleRun();
    run.command = "search";
    run.plan.reset();
    SearchRecord found;
    found.plan = PlanRef{"a.json", "{}", "", "search", std::nullopt};
    found.estimate = "joint";
    found.granularity = "elastic";
    found.solver = "lagrangian";
    found.objectiveLength = 4096;
    found.densityBound = 0.5;
    found.loss = 0.25;
    found.bound = 0.24;
    found.gap = 0.04;
    found.seconds = 0.01;
    found.status = "optimal";
    SearchRecord none;
    none.status = "infeasible";
    run.searches = {found, none};
    const RunDetail back = history.show(history.recordRun(run));
    ASSERT_EQ(back.searches.size(), 2u);
    EXPECT_EQ(back.searches[0].plan->name, "a.json");
    EXPECT_EQ(back.searches[0].gap, 0.04);
    EXPECT_EQ(back.searches[0].objectiveLength, 4096);
    EXPECT_FALSE(back.searches[1].plan || back.searches[1].loss);
}

TEST_F(HistoryFile, ListFiltersAndPages) {
    for (int i = 0; i < 5; ++i) {
        RunRecord run = sampleRun();
        run.command = i % 2 == 0 ? "score" : "compare";
        if (i == 4) run.model->name = "other";
        history.recordRun(run);
    }
    EXPECT_EQ(history.list().size(), 5u);
    EXPECT_EQ(history.list()[0].id, RunId(5)) << "newest first";
    EXPECT_EQ(history.list({.command = "compare"}).size(), 2u);
    EXPECT_EQ(history.list({.modelName = "other"}).size(), 1u);
    const auto page = history.list({.limit = 2, .before = RunId(4)});
    ASSERT_EQ(page.size(), 2u);
    EXPECT_EQ(page[0].id, RunId(3));
    EXPECT_EQ(history.list({.limit = 0}).size(), 5u);
    EXPECT_TRUE(history.list({.command = "' OR 1=1 --"}).empty());
    EXPECT_THROW(history.show(RunId(6)), UsageError);
}

TEST_F(HistoryFile, WrongValuesChangeNothing) {
    const auto refused = [&](auto&& damage) {
        RunRecord run = sampleRun();
        damage(run);
        EXPECT_EQ(problemOf([&] { history.recordRun(run); }), StoreProblem::BadValue);
    };
    refused([](RunRecord& r) { r.settings = "{"; });
    refused([](RunRecord& r) { r.result = ""; });
    refused([](RunRecord& r) { r.plan->json = "nan"; });
    refused([](RunRecord& r) { r.measurements[1].context = "{]"; });
    refused([](RunRecord& r) { r.settings = std::string("{}\0x", 4); });
    refused([](RunRecord& r) { r.result = std::string(5000, '[') + std::string(5000, ']'); });
    refused([](RunRecord& r) { r.rerunOf = RunId(77); });
    refused([](RunRecord& r) {
        r.plan->parent = PlanId(77);
        r.plan->json = "[1]";
    });
    for (const char* table : {"runs", "measurements", "plans", "models", "machines"})
        EXPECT_EQ(count(table), 0) << table;
    EXPECT_TRUE(history.check().empty());
}

TEST_F(HistoryFile, ADiskThatFillsUpLosesOnlyTheNewRun) {
    history.recordRun(sampleRun());
    FullDisk disk(-1);
    History onFull = History::open(path);
    RunRecord large = sampleRun();
    large.result = "\"" + std::string(200'000, 'x') + "\"";
    disk.setRoom(3);
    EXPECT_EQ(problemOf([&] { onFull.recordRun(large); }), StoreProblem::Full);
    disk.setRoom(-1);
    EXPECT_EQ(onFull.list().size(), 1u);
    EXPECT_TRUE(onFull.check().empty());
    onFull.recordRun(large);
    EXPECT_EQ(history.list().size(), 2u);
}

TEST_F(HistoryFile, ReadersCannotWriteAndNeedAFile) {
    history.recordRun(sampleRun());
    History reader = History::open(path, OpenMode::ReadOnly);
    EXPECT_FALSE(reader.writable());
    EXPECT_EQ(reader.list().size(), 1u);
    EXPECT_EQ(problemOf([&] { reader.recordRun(sampleRun()); }), StoreProblem::ReadOnly);
    EXPECT_EQ(problemOf([&] { reader.begin(sampleRun()); }), StoreProblem::ReadOnly);
    EXPECT_EQ(problemOf([&] { History::open(folder.file("none"), OpenMode::ReadOnly); }),
              StoreProblem::Missing);
}

TEST_F(HistoryFile, FilesThatAreNoHistoryAreRefusedInOneLine) {
    folder.write("plan.json", "{\"alphas\": [[0]]}");
    EXPECT_EQ(problemOf([&] { History::open(folder.file("plan.json")); }), StoreProblem::Foreign);
    EXPECT_EQ(bytesOf(folder.file("plan.json")), "{\"alphas\": [[0]]}");
    problemOf([&] { History::open(folder.file("plan.json/h.sqlite")); });
    problemOf([&] { History::open(folder.path()); });
}

TEST_F(HistoryFile, CheckFindsDamage) {
    for (int i = 0; i < 50; ++i) history.recordRun(sampleRun());
    EXPECT_TRUE(history.check().empty());
    {
        Connection c(path, Connection::Access::Create, 1000);
        c.execute("PRAGMA foreign_keys=OFF; DELETE FROM models;");
    }
    const auto dangling = history.check();
    ASSERT_FALSE(dangling.empty());
    EXPECT_NE(dangling[0].find("missing row of models"), std::string::npos) << dangling[0];
    {
        Connection c(path, Connection::Access::Create, 1000);
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    std::string bytes = bytesOf(path);
    bytes.replace(bytes.size() - 9000, 4000, 4000, '\x5A');
    folder.write("bad.sqlite", bytes);
    History bad = History::open(folder.file("bad.sqlite"));
    const auto problems = bad.check();
    ASSERT_FALSE(problems.empty());
    for (const std::string& p : problems) EXPECT_EQ(p.find('\n'), std::string::npos);
}

TEST_F(HistoryFile, DiffNamesWhatChangedAndMatchesMeasurements) {
    const RunId a = history.recordRun(sampleRun());
    RunRecord other = sampleRun();
    other.seed = 7;
    other.settings = R"({"samples": 30})";
    other.measurements[0].value = 0.5;
    other.measurements[1].name = "prefill_s";
    other.measurements.push_back({"retrieval", "", 1, 60, std::nullopt, R"({"length": 2048})"});
    const RunId b = history.recordRun(other);
    const RunDiff diff = history.diff(a, b);
    ASSERT_EQ(diff.fields.size(), 2u);
    EXPECT_EQ(diff.fields[0].name, "seed");
    EXPECT_EQ(diff.fields[0].b, "7");
    EXPECT_EQ(diff.fields[1].name, "settings");
    ASSERT_EQ(diff.measurements.size(), 4u);
    EXPECT_EQ(diff.measurements[0].b, 0.5);
    EXPECT_DOUBLE_EQ(*diff.measurements[0].change, 0.5 - 59.0 / 60);
    EXPECT_DOUBLE_EQ(*diff.measurements[0].relative, (0.5 - 59.0 / 60) / (59.0 / 60));
    EXPECT_EQ(diff.measurements[1].b, std::nullopt);
    EXPECT_EQ(diff.measurements[2].a, std::nullopt);
    EXPECT_EQ(diff.measurements[3].context, R"({"length": 2048})");
    EXPECT_TRUE(history.diff(a, a).fields.empty());
    EXPECT_THROW(history.diff(a, RunId(99)), UsageError);
}

TEST(HistoryPath, FollowsTheXdgRules) {
    const auto with = [](const char* data, const char* home) {
        return inChild([&] {
            data != nullptr ? ::setenv("XDG_DATA_HOME", data, 1) : ::unsetenv("XDG_DATA_HOME");
            home != nullptr ? ::setenv("HOME", home, 1) : ::unsetenv("HOME");
            const std::string expected =
                data != nullptr && data[0] == '/' ? std::string(data) : "/home/u/.local/share";
            return History::defaultPath() == expected + "/moa-workbench/history.sqlite";
        });
    };
    EXPECT_TRUE(with("/data", "/home/u"));
    EXPECT_TRUE(with(nullptr, "/home/u"));
    EXPECT_TRUE(with("relative", "/home/u"));
    EXPECT_FALSE(with(nullptr, nullptr));
}

TEST(HistoryTime, IsoText) {
    EXPECT_EQ(isoTime(TimePoint(std::chrono::milliseconds(0))), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(isoTime(TimePoint(std::chrono::milliseconds(1714564800007))), "2024-05-01T12:00:00.007Z");
    EXPECT_EQ(isoTime(TimePoint(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

} // namespace
} // namespace moa
