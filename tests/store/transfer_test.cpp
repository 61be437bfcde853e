// Out and in again: exports, imports, copies and prunes lose nothing, add nothing twice and change nothing
// else.
#include "store/history/file_finder.h"
#include "store/query/run_search.h"
#include "store/sqlite/statement.h"
#include "tests/store/store_samples.h"

#include <cmath>
#include <limits>
#include <sstream>

namespace moa {
namespace {

RunRecord fullRun() {
    RunRecord run = sampleRun();
    run.prompt = PromptRef{std::string(64, 'p'), 12, "Once upon \"a\" time\n\xF0\x9F\x98\x80"};
    run.accelerator = Accelerator{"Card", 80ll << 30, "580.65", "13.0"};
    run.model->quantisation = "BF16";
    run.profile->calibrationSha256 = "cafe";
    run.profile->calibrationSeed = 18446744073709551615u;
    run.profile->bytes = 123;
    run.series = {{"kl", "nats", 3, {0.1F, 1e-30F, std::numeric_limits<float>::quiet_NaN(), -2.5F}},
                  {"empty", "", 0, {}}};
    SearchRecord found;
    found.plan = PlanRef{"found.json", R"({"alphas": [[7]]})", "feed", "search", std::nullopt};
    found.gap = 0.125;
    found.status = "optimal";
    found.limits = R"({"density": 0.5})";
    run.searches = {found};
    return run;
}

struct Transfer : testing::Test {
    StoreFolder folder;
    History history = History::open(folder.file("h.sqlite"));

    RunId fill() {
        history.recordRun(fullRun());
        RunRecord edited = sampleRun();
        edited.plan = PlanRef{"edited.json", R"({"alphas": [[9]]})", "e1", "edit", PlanId(1)};
        const RunId id = history.recordRun(edited);
        RunRecord again = sampleRun();
        again.rerunOf = id;
        history.recordRun(again);
        history.addTags(std::vector{id}, std::vector<std::string>{"baseline", "für später"});
        history.setNote(id, "a note\nof two lines");
        history.begin(sampleRun());
        return id;
    }
    static std::string json(History& of) {
        std::ostringstream out;
        of.exportJson(out);
        return out.str();
    }
};

/// What must be equal after a way out and in: everything but numbers of rows.
void expectSame(const RunDetail& a, const RunDetail& b) {
    EXPECT_EQ(a.uid, b.uid);
    EXPECT_EQ(a.summary.command, b.summary.command);
    EXPECT_EQ(a.summary.status, b.summary.status);
    EXPECT_EQ(a.summary.started, b.summary.started);
    EXPECT_EQ(a.summary.finished, b.summary.finished);
    EXPECT_EQ(a.summary.seed, b.summary.seed);
    EXPECT_EQ(a.summary.device, b.summary.device);
    EXPECT_EQ(a.machine, b.machine);
    EXPECT_EQ(a.accelerator, b.accelerator);
    EXPECT_EQ(a.tags, b.tags);
    EXPECT_EQ(a.note, b.note);
    EXPECT_EQ(a.error, b.error);
    EXPECT_EQ(a.programVersion, b.programVersion);
    ASSERT_EQ(a.model.has_value(), b.model.has_value());
    EXPECT_EQ(a.model->quantisation, b.model->quantisation);
    EXPECT_EQ(a.model->shape.context, b.model->shape.context);
    ASSERT_EQ(a.profile.has_value(), b.profile.has_value());
    EXPECT_EQ(a.profile->lengths, b.profile->lengths);
    EXPECT_EQ(a.profile->calibrationSeed, b.profile->calibrationSeed);
    EXPECT_EQ(a.profile->bytes, b.profile->bytes);
    EXPECT_EQ(a.plan->name, b.plan->name);
    EXPECT_EQ(a.plan->origin, b.plan->origin);
    ASSERT_EQ(a.prompt.has_value(), b.prompt.has_value());
    if (a.prompt) {
        EXPECT_EQ(a.prompt->text, b.prompt->text);
    }
    ASSERT_EQ(a.measurements.size(), b.measurements.size());
    for (std::size_t i = 0; i < a.measurements.size(); ++i) {
        EXPECT_EQ(a.measurements[i].value, b.measurements[i].value) << "to the bit";
        EXPECT_EQ(a.measurements[i].error, b.measurements[i].error);
    }
    ASSERT_EQ(a.series.size(), b.series.size());
    for (std::size_t i = 0; i < a.series.size(); ++i) {
        ASSERT_EQ(a.series[i].values.size(), b.series[i].values.size());
        EXPECT_EQ(a.series[i].start, b.series[i].start);
        for (std::size_t k = 0; k < a.series[i].values.size(); ++k) {
            const float x = a.series[i].values[k], y = b.series[i].values[k];
            EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << x << " " << y;
        }
    }
    ASSERT_EQ(a.searches.size(), b.searches.size());
    for (std::size_t i = 0; i < a.searches.size(); ++i) {
        EXPECT_EQ(a.searches[i].gap, b.searches[i].gap);
        EXPECT_EQ(a.searches[i].plan->json, b.searches[i].plan->json);
    }
}

TEST_F(Transfer, ARunComesBackWithAllItsParts) {
    const RunDetail run = history.show(history.recordRun(fullRun()));
    EXPECT_EQ(run.uid.size(), 32u);
    EXPECT_EQ(run.prompt->text, fullRun().prompt->text);
    EXPECT_EQ(run.accelerator, fullRun().accelerator);
    EXPECT_EQ(run.model->quantisation, "BF16");
    EXPECT_EQ(run.profile->calibrationSeed, 18446744073709551615u);
    EXPECT_EQ(run.searches[0].limits, R"({"density": 0.5})");
    ASSERT_EQ(run.series.size(), 2u);
    EXPECT_EQ(run.series[0].values[1], 1e-30F);
    EXPECT_TRUE(std::isnan(run.series[0].values[2]));
    EXPECT_TRUE(run.series[1].values.empty());
    EXPECT_EQ(history.find(run.uid), run.summary.id);
    EXPECT_EQ(history.find("nobody"), std::nullopt);
}

TEST_F(Transfer, ThroughJsonAndBack) {
    const RunId noted = fill();
    const std::string file = folder.write("export.json", json(history));
    History other = History::open(folder.file("other.sqlite"));
    other.recordRun(sampleRun()); // numbers there are others
    const ImportReport report = other.importFile(file);
    EXPECT_EQ(report.runs, 3);
    EXPECT_EQ(report.running, 1) << "what has not ended is left out";
    EXPECT_EQ(report.known, 0);
    for (const std::int64_t id : {1, 2, 3}) expectSame(history.show(RunId(id)), other.show(RunId(id + 1)));
    EXPECT_EQ(other.show(RunId(4)).summary.rerunOf, RunId(3)) << "the number it has here";
    const PlanId plan = *other.show(*other.find(history.show(noted).uid)).summary.plan;
    const auto parent = other.showPlan(plan).plan.parent;
    ASSERT_TRUE(parent) << "lineage survives";
    EXPECT_EQ(other.showPlan(*parent).plan.json, sampleRun().plan->json);
    const ImportReport again = other.importFile(file);
    EXPECT_EQ(again.runs, 0);
    EXPECT_EQ(again.known, 3);
    EXPECT_TRUE(other.check().empty());
}

TEST_F(Transfer, FromAnotherHistoryFileAndFromMemory) {
    fill();
    History other = History::open(folder.file("other.sqlite"));
    EXPECT_EQ(other.importFile(folder.file("h.sqlite")).runs, 3);
    expectSame(history.show(RunId(1)), other.show(RunId(1)));
    EXPECT_EQ(other.importFile(std::string(MOA_SOURCE_DIR) + "/tests/store/fixtures/version-1.sqlite").runs,
              6)
        << "an older one is upgraded in a copy";
    History memory = History::inMemory();
    memory.recordRun(fullRun());
    EXPECT_EQ(other.importFrom(memory).runs, 1);
    EXPECT_EQ(other.list({.limit = 0}).size(), 10u);
}

TEST_F(Transfer, AnImportThatIsStoppedGoesOn) {
    for (int i = 0; i < 450; ++i) history.recordRuns(std::vector{sampleRun()});
    const std::string file = folder.write("export.json", json(history));
    History other = History::open(folder.file("other.sqlite"));
    const ImportReport part =
        other.importFile(file, [](std::int64_t done, std::int64_t) { return done < 200; });
    EXPECT_FALSE(part.isComplete);
    EXPECT_EQ(part.runs, 200);
    const ImportReport rest = other.importFile(file);
    EXPECT_EQ(rest.known, 200);
    EXPECT_EQ(rest.runs, 250);
}

TEST_F(Transfer, FilesThatAreNoExportAreRefusedAndNamed) {
    for (const char* text :
         {"", "{", "[]", "{\"runs\": 3}", "{\"schema\": 1}", "not json", "\xff\xfe", "null"})
        EXPECT_EQ(problemOf([&] { history.importFile(folder.write("x.json", text)); }), StoreProblem::Foreign)
            << text;
    EXPECT_EQ(problemOf([&] { history.importFile(folder.file("absent")); }), StoreProblem::Missing);
    EXPECT_EQ(problemOf([&] { history.importFile(folder.write("x.json", R"({"schema": 99, "runs": []})")); }),
              StoreProblem::Newer);
    for (
        const char* run :
        {"3", "{}", "null", "[]", "{\"command\": \"x\"}", "{\"command\": \"x\", \"started\": \"soon\"}",
         R"({"command": "x", "started": "2026-01-01T00:00:00Z", "status": "done", "settings": "no object", "plan": {"plan": 3}, "seed": -1, "measurements": [3, null, {}]})"})
        try {
            history.importFile(
                folder.write("x.json", std::string(R"({"schema": 2, "runs": [)") + run + "]}"));
        } catch (const StoreError& e) {
            EXPECT_EQ(e.problem(), StoreProblem::BadValue) << run;
            EXPECT_NE(std::string(e.what()).find("x.json: $.runs[0]"), std::string::npos) << e.what();
        }
    EXPECT_THROW(history.importFile(folder.file("h.sqlite")), UsageError) << "into itself";
    EXPECT_TRUE(history.check().empty());
}

TEST_F(Transfer, ExportsOfAFew) {
    fill();
    std::ostringstream out, csv;
    const RunId run(2);
    history.exportJson(out, std::span(&run, 1));
    history.exportCsv(csv, std::span(&run, 1));
    const Connection c(":memory:", Connection::Access::Create, 0);
    Statement s(c,
                "SELECT json_array_length(?1, '$.runs'), json_array_length(?1, '$.plans'), json_extract(?1, "
                "'$.runs[0].note')",
                out.str());
    ASSERT_TRUE(s.step());
    EXPECT_EQ(s.integer(0), 1);
    EXPECT_EQ(s.integer(1), 2) << "its plan and what that was edited from";
    EXPECT_EQ(s.text(2), "a note\nof two lines");
    EXPECT_NE(csv.str().find("\r\n2,"), std::string::npos);
    EXPECT_EQ(csv.str().find("\r\n1,"), std::string::npos);
    const RunId none(99);
    EXPECT_THROW(history.exportJson(out, std::span(&none, 1)), UsageError);
}

TEST_F(Transfer, ABackupIsWholeAndReplacesOnlyWhenItIs) {
    fill();
    const std::string copy = folder.write("copy.sqlite", "something else");
    EXPECT_FALSE(history.backup(copy, [](std::int64_t, std::int64_t) { return false; }));
    EXPECT_TRUE(bytesOf(copy) == "something else") << "ended: nothing is replaced";
    EXPECT_TRUE(history.backup(copy));
    History other = History::open(copy, OpenMode::ReadOnly);
    EXPECT_TRUE(other.check().empty());
    EXPECT_EQ(other.list({.limit = 0}).size(), history.list({.limit = 0}).size());
    expectSame(history.show(RunId(1)), other.show(RunId(1)));
    EXPECT_THROW(history.backup(folder.file("h.sqlite")), UsageError);
    problemOf([&] { history.backup(folder.file("no/such/folder.sqlite")); });
    problemOf([&] { history.backup(folder.path()); });
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
}

TEST_F(Transfer, PruneTakesWhatNobodyElseNeeds) {
    fill(); // 1 full, 2 tagged and noted, 3 repeats 2, 4 running
    const std::vector<RunId> all = {RunId(1), RunId(2), RunId(3), RunId(4), RunId(99)};
    const std::string before = json(history).substr(60); // the time of the export stands before
    const PruneReport dry = history.prune(all, false, true);
    EXPECT_EQ(dry.runs, 2);
    EXPECT_EQ(dry.kept, 2);
    EXPECT_EQ(dry.measurements, 4);
    EXPECT_EQ(dry.series, 2);
    EXPECT_EQ(dry.prompts, 1);
    EXPECT_EQ(dry.plans, 1) << "the one that was found; the others are used or a parent";
    EXPECT_EQ(json(history).substr(60), before) << "a dry run changes nothing";
    const PruneReport done = history.prune(all, false, false);
    EXPECT_EQ(done.runs, dry.runs);
    EXPECT_EQ(done.plans, dry.plans);
    EXPECT_EQ(history.list({.limit = 0}).size(), 2u);
    EXPECT_TRUE(history.check().empty());
    RunSearch search(history);
    EXPECT_TRUE(search.find(parseQuery("prompt:upon")).runs.empty());
    EXPECT_EQ(search.find(parseQuery("note:lines")).runs.size(), 1u);
    EXPECT_EQ(history.prune(all, true, false).runs, 1) << "marked ones too";
    EXPECT_EQ(history.list({.limit = 0}).size(), 1u) << "a running one never";
    history.compact();
    EXPECT_TRUE(history.check().empty());
}

TEST_F(Transfer, AMovedFileIsFoundByItsContent) {
    const auto hash = [](const std::string& path) { return "hash of " + bytesOf(path); };
    const std::string path = folder.write("p.moaprofile", "content");
    const std::vector<std::string> folders = {folder.file("elsewhere"), folder.path()};
    std::filesystem::create_directories(folder.file("elsewhere/deep"));
    using State = FoundFile::State;
    EXPECT_EQ(findFile(path, "hash of content", 7, folders, hash).state, State::Here);
    EXPECT_EQ(findFile(path, "", std::nullopt, folders, hash).state, State::Here) << "no hash to hold it to";
    EXPECT_EQ(findFile(path, "hash of other", std::nullopt, folders, hash).state, State::Changed);
    std::filesystem::rename(path, folder.file("elsewhere/deep/renamed.moaprofile"));
    const FoundFile moved = findFile(path, "hash of content", 7, folders, hash);
    EXPECT_EQ(moved.state, State::Moved);
    EXPECT_EQ(moved.path, folder.file("elsewhere/deep/renamed.moaprofile"));
    EXPECT_EQ(findFile(path, "hash of content", 8, folders, hash).state, State::Missing) << "another size";
    folder.write("p.moaprofile", "imposter");
    EXPECT_EQ(findFile(path, "hash of content", std::nullopt, folders, hash).state, State::Moved);
    const auto throwing = [](const std::string&) -> std::string { throw std::runtime_error("unreadable"); };
    EXPECT_EQ(findFile(path, "hash of content", std::nullopt, folders, throwing).state, State::Changed);
    EXPECT_EQ(
        findFile(folder.file("gone"), "x", std::nullopt, std::vector<std::string>{"/no/such/folder"}, hash)
            .state,
        State::Missing);
}

TEST_F(Transfer, RunsRecordedTogetherAreAllThereOrNone) {
    std::vector<RunRecord> runs(3, sampleRun());
    runs[2].settings = "{";
    EXPECT_EQ(problemOf([&] { history.recordRuns(runs); }), StoreProblem::BadValue);
    EXPECT_TRUE(history.list().empty());
    runs[2].settings = "{}";
    EXPECT_EQ(history.recordRuns(runs).size(), 3u);
}

} // namespace
} // namespace moa
