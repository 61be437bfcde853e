// Finding: every field of the query language against runs whose properties are known, facets, order and
// pages; text from users stays text.
#include "store/query/run_search.h"
#include "store/sqlite/statement.h"
#include "tests/store/store_samples.h"

#include <algorithm>

namespace moa {
namespace {

using Ids = std::vector<std::int64_t>;

struct Finding : testing::Test {
    StoreFolder folder;
    std::string path = folder.file("h.sqlite");
    History history = History::open(path);
    RunSearch search{history};

    Finding() {
        add("score", 0, "The harbor of winter", 0.01);            // 1
        add("compare", 1, "Über die Brücke", 0.04);               // 2
        add("compare", 40, "O'Brien said \"no\"", 0.08);          // 3
        add("compare", 41, "harbour lights", 0.20, "uniform-50"); // 4
        RunRecord failed = sample("search", 42);                  // 5
        failed.plan.reset();
        failed.prompt.reset();
        failed.measurements.clear();
        failed.status = RunStatus::Failed;
        failed.error = "Out of memory: needs 4 GiB";
        failed.device = "cuda:0 NVIDIA H100";
        failed.accelerator = Accelerator{"NVIDIA H100 80GB", 80ll << 30, "580.65", "13.0"};
        history.recordRun(failed);
        RunRecord again = sample("score", 43); // 6
        again.rerunOf = RunId(1);
        again.seed = 7;
        again.series = {{"kl", "nats", 0, {1.5F, 0.25F}}};
        history.recordRun(again);
        history.addTags(std::vector{RunId(2), RunId(3)}, std::vector<std::string>{"baseline"});
        history.setNote(RunId(4), "drifted after the driver update\nsecond line");
    }

    /// Started `days` after 2026-01-01.
    static RunRecord sample(const std::string& command, int days) {
        RunRecord run = sampleRun();
        run.command = command;
        run.started = *parseIsoTime("2026-01-01T12:00:00Z") + std::chrono::hours(24 * days);
        run.plan->name = "balanced-50";
        return run;
    }
    void add(const std::string& command, int days, const std::string& prompt, double kl,
             const std::string& plan = "balanced-50") {
        RunRecord run = sample(command, days);
        run.prompt = PromptRef{std::to_string(days) + "hash", 4, prompt};
        run.plan->name = plan;
        run.measurements = {{"kl", "nats", kl, 8, 0.001, R"({"prompt_tokens": 2048, "density": 0.5})"}};
        history.recordRun(run);
    }
    Ids find(const std::string& text, const RunOrder& order = {RunKey::Run, false, {}}) {
        const RunList list = search.find(parseQuery(text), order);
        EXPECT_FALSE(list.problem) << text << ": " << list.problem->message;
        Ids ids;
        for (const RunId run : list.runs) ids.push_back(run.value);
        return ids;
    }
};

TEST_F(Finding, EveryField) {
    EXPECT_EQ(find(""), (Ids{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(find("command:compare"), (Ids{2, 3, 4}));
    EXPECT_EQ(find("kind:SCORE,search"), (Ids{1, 5, 6}));
    EXPECT_EQ(find("-command:compare -command:score"), (Ids{5}));
    EXPECT_EQ(find("plan:balanced"), (Ids{1, 2, 3, 6}));
    EXPECT_EQ(find("plan:\"balanced\""), Ids{}) << "quoted is the whole name";
    EXPECT_EQ(find("plan:\"Uniform-50\""), (Ids{4}));
    EXPECT_EQ(find("model:moa"), (Ids{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(find("model:aaaaaaa run:1-2"), (Ids{1, 2})) << "by hash";
    EXPECT_EQ(find("kl>0.05"), (Ids{3, 4}));
    EXPECT_EQ(find("kl>=0.04 kl<0.2"), (Ids{2, 3}));
    EXPECT_EQ(find("KL=0.2"), (Ids{4}));
    EXPECT_EQ(find("-kl>0.05"), (Ids{1, 2, 5, 6}));
    EXPECT_EQ(find("n>=2k density<0.6"), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(find("after:2026-02-01"), (Ids{3, 4, 5, 6}));
    EXPECT_EQ(find("before:2026-02"), (Ids{1, 2}));
    EXPECT_EQ(find("on:2026-01-02"), (Ids{2}));
    EXPECT_EQ(find("month:2026-02"), (Ids{3, 4, 5, 6}));
    EXPECT_EQ(find("tag:Baseline"), (Ids{2, 3}));
    EXPECT_EQ(find("status:failed"), (Ids{5}));
    EXPECT_EQ(find("error:\"of memory\""), (Ids{5}));
    EXPECT_EQ(find("device:cuda"), (Ids{5}));
    EXPECT_EQ(find("gpu:h100 driver:580"), (Ids{5}));
    EXPECT_EQ(find("note:driver"), (Ids{4}));
    EXPECT_EQ(find("has:note"), (Ids{4}));
    EXPECT_EQ(find("has:tag,error"), (Ids{2, 3, 5}));
    EXPECT_EQ(find("has:series"), (Ids{6}));
    EXPECT_EQ(find("has:rerun"), (Ids{1, 6}));
    EXPECT_EQ(find("-has:prompt"), (Ids{5, 6}));
    EXPECT_EQ(find("rerun:1"), (Ids{6}));
    EXPECT_EQ(find("seed:7"), (Ids{6}));
    EXPECT_EQ(find("seed:18446744073709551615"), (Ids{1, 2, 3, 4, 5}));
    EXPECT_EQ(find("#3"), (Ids{3}));
    EXPECT_EQ(find("run:2-4"), (Ids{2, 3, 4}));
    EXPECT_EQ(find("profile:p.safe machine:" + currentMachine().cpu.substr(0, 3)).size(), 6u);
}

TEST_F(Finding, FullText) {
    EXPECT_EQ(find("harbor"), (Ids{1}));
    EXPECT_EQ(find("harb"), (Ids{1, 4})) << "a bare word is also a beginning";
    EXPECT_EQ(find("\"harb\""), Ids{});
    EXPECT_EQ(find("brucke"), (Ids{2})) << "accents do not matter";
    EXPECT_EQ(find("O'Brien"), (Ids{3}));
    EXPECT_EQ(find("\"said no\""), (Ids{3}));
    EXPECT_EQ(find("\"no said\""), Ids{}) << "in this order";
    EXPECT_EQ(find("uniform"), (Ids{4})) << "names of plans";
    EXPECT_EQ(find("harb uniform"), (Ids{4})) << "each word anywhere";
    EXPECT_EQ(find("baseline"), (Ids{2, 3})) << "tags";
    EXPECT_EQ(find("prompt:driver"), Ids{});
    history.setNote(RunId(4), "nothing of the kind");
    EXPECT_EQ(find("drifted"), Ids{});
    history.setNote(RunId(4), "");
    EXPECT_EQ(find("has:note"), Ids{});
    history.removeTags(std::vector{RunId(2)}, std::vector<std::string>{"BASELINE"});
    EXPECT_EQ(find("tag:baseline"), (Ids{3}));
}

TEST_F(Finding, CheckHoldsTheIndexToTheTexts) {
    EXPECT_TRUE(history.check().empty());
    {
        Connection c(path, Connection::Access::Create, 1000);
        c.execute("DROP TRIGGER notes_changed; UPDATE notes SET text = 'behind its back'");
    }
    const auto problems = history.check();
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].find("full-text"), std::string::npos) << problems[0];
    History reader = History::open(path, OpenMode::ReadOnly);
    EXPECT_TRUE(reader.check().empty()) << "a reader cannot ask";
}

TEST_F(Finding, SeesWhatOthersWrite) {
    EXPECT_EQ(find("").size(), 6u);
    History other = History::open(path);
    const RunId id = other.begin(sampleRun());
    EXPECT_EQ(find("status:running"), (Ids{7}));
    other.finish(id, RunEnd{});
    EXPECT_EQ(find("status:running"), Ids{});
    EXPECT_FALSE(search.refresh()) << "nothing has happened since";
}

TEST_F(Finding, KeepsUpWithEveryKindOfChange) {
    EXPECT_EQ(find("").size(), 6u);
    History other = History::open(path);
    const auto expectFresh = [&](const char* what) {
        RunSearch fresh(history);
        for (const char* query : {"", "status:done", "status:running", "tag:baseline", "command:bench",
                                  "-has:plan", "plan:new", "seconds>=0"}) {
            const Query q = parseQuery(query);
            EXPECT_EQ(search.find(q).runs, fresh.find(q).runs) << what << ": " << query;
        }
    };
    RunRecord bench = sampleRun();
    bench.command = "bench";
    bench.plan->name = "new.json";
    const RunId id = other.begin(bench);
    expectFresh("a run has begun");
    other.finish(id, bench);
    expectFresh("it has ended");
    other.addTags(std::span(&id, 1), std::vector<std::string>{"baseline"});
    expectFresh("it has a tag");
    other.prune(std::span(&id, 1), true, false); // the last number is free again
    other.recordRun(sampleRun());
    expectFresh("its number is another run's");
    const std::vector middle = {RunId(2), RunId(5)};
    other.prune(middle, true, false);
    other.recordRuns(std::vector<RunRecord>(2, bench));
    expectFresh("as many came as went");
}

TEST_F(Finding, AMeasureThatNobodyHasIsAProblem) {
    const RunList list = search.find(parseQuery("command:score speed>3"));
    ASSERT_TRUE(list.problem);
    EXPECT_EQ(list.problem->begin, 14u);
    EXPECT_NE(list.problem->remedy.find("kl"), std::string::npos);
}

TEST_F(Finding, Orders) {
    EXPECT_EQ(find("", {RunKey::Started, true, {}}), (Ids{6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(find("has:prompt", {RunKey::Measure, true, "kl"}), (Ids{4, 3, 2, 1}));
    EXPECT_EQ(find("run:3-5", {RunKey::Measure, false, "kl"}), (Ids{3, 4, 5}))
        << "those without one come last";
    EXPECT_EQ(find("run:3-5", {RunKey::Command, false, {}}), (Ids{4, 3, 5}));
    EXPECT_EQ(find("run:3-5", {RunKey::Plan, true, {}}), (Ids{4, 3, 5}));
    EXPECT_EQ(find("run:4-5", {RunKey::Density, true, {}}), (Ids{4, 5}));
    RunRecord old = sample("score", -400); // started long before it was recorded, as an import is
    history.recordRun(old);
    EXPECT_EQ(find("", {RunKey::Started, true, {}}).back(), 7);
}

TEST_F(Finding, FacetsCountWithoutTheirOwnTerms) {
    const auto facet = [&](const std::string& text, const std::string& field) {
        std::map<std::string, std::int64_t> counts;
        for (const Facet& f : search.facets(parseQuery(text)))
            if (f.field == field)
                for (const FacetValue& v : f.values) counts[v.value + (v.chosen ? "*" : "")] = v.count;
        return counts;
    };
    using Counts = std::map<std::string, std::int64_t>;
    EXPECT_EQ(facet("", "command"), (Counts{{"compare", 3}, {"score", 2}, {"search", 1}}));
    EXPECT_EQ(facet("command:compare", "command"), (Counts{{"compare*", 3}, {"score", 2}, {"search", 1}}));
    EXPECT_EQ(facet("command:compare", "plan"), (Counts{{"balanced-50", 2}, {"uniform-50", 1}}));
    EXPECT_EQ(facet("command:compare kl>0.05", "tag"), (Counts{{"baseline", 1}}));
    EXPECT_EQ(facet("kl>0.05", "month"), (Counts{{"2026-02", 2}}));
    EXPECT_EQ(facet("command:score,nothing", "command"),
              (Counts{{"compare", 3}, {"score*", 2}, {"search", 1}, {"nothing*", 0}}));
    EXPECT_EQ(facet("", "status"), (Counts{{"done", 5}, {"failed", 1}}));
    const auto most = search.facets(parseQuery(""), 1);
    EXPECT_EQ(most[0].values.size(), 1u);
    EXPECT_EQ(most[0].others, 2);
}

TEST_F(Finding, RowsOfAPage) {
    const auto rows = search.rows(std::vector{RunId(5), RunId(4), RunId(99), RunId(2)});
    ASSERT_EQ(rows.size(), 3u) << "one is not there";
    EXPECT_EQ(rows[0].outcome, "Out of memory: needs 4 GiB");
    EXPECT_EQ(rows[0].summary.status, RunStatus::Failed);
    EXPECT_EQ(rows[1].summary.planName, "uniform-50");
    EXPECT_EQ(rows[1].note, "drifted after the driver update");
    EXPECT_EQ(rows[1].length, 2048);
    EXPECT_EQ(rows[1].density, 0.5);
    ASSERT_TRUE(rows[1].headline);
    EXPECT_EQ(rows[1].headline->name, "kl");
    EXPECT_EQ(rows[1].headline->error, 0.001);
    EXPECT_EQ(rows[2].tags, std::vector<std::string>{"baseline"});
    EXPECT_EQ(rows[2].summary.seed, 18446744073709551615u);
}

TEST_F(Finding, Completes) {
    EXPECT_EQ(search.complete("x pla"), std::vector<std::string>{"plan:"});
    EXPECT_EQ(search.complete("k"), (std::vector<std::string>{"kind:", "kl>"}));
    EXPECT_EQ(search.complete("-command:s"), (std::vector<std::string>{"-command:score", "-command:search"}));
    EXPECT_EQ(search.complete("gpu:n"), (std::vector<std::string>{"gpu:\"NVIDIA H100 80GB\""}));
    EXPECT_TRUE(search.complete("nothing:").empty());
}

TEST_F(Finding, HostileTextStaysText) {
    const std::vector<std::string> hostile = {"'; DROP TABLE runs; --",
                                              "\" OR 1=1",
                                              std::string("a\0b", 3),
                                              "\xff\xfe\xc3",
                                              "NEAR(a b)",
                                              "a AND b OR NOT c",
                                              "{text}: x",
                                              "^*",
                                              "%_\\",
                                              "col : x",
                                              std::string(60'000, '"'),
                                              std::string(50'000, 'w'),
                                              "日本\xE2\x80\xAE"};
    for (const std::string& text : hostile) {
        search.find(parseQuery(text));
        for (const char* field : {"plan", "model", "tag", "note", "prompt", "error", "machine", "status"})
            search.find(parseQuery(exactTerm(field, text)));
        search.facets(parseQuery(exactTerm("plan", text)));
        search.complete("plan:" + text);
    }
    EXPECT_EQ(find("").size(), 6u);
    EXPECT_TRUE(history.check().empty());
    // The same as names, notes and prompts of runs.
    for (const std::string& text : hostile) {
        RunRecord run = sampleRun();
        run.plan->name = run.model->name = run.error = text;
        run.prompt = PromptRef{"h" + std::to_string(text.size()) + text.substr(0, 4), 1,
                               text + std::string(1'000'000, 'y')};
        const RunId id = history.recordRun(run);
        history.setNote(id, text);
        const RunList list = search.find(parseQuery(exactTerm("plan", text).substr(0, 60'000)));
        if (text.size() < 50'000) {
            EXPECT_EQ(std::ranges::count(list.runs, id), 1) << text;
        }
        EXPECT_EQ(history.show(id).note, text);
        EXPECT_EQ(search.rows(std::span(&id, 1)).size(), 1u);
    }
    EXPECT_TRUE(history.check().empty());
}

TEST_F(Finding, WrongTagsChangeNothing) {
    const std::vector<std::string> wrong = {
        "", " x", "x ", "a\nb", std::string("a\0b", 3), std::string(65, 'x'), "\xff"};
    for (const std::string& tag : wrong)
        EXPECT_THROW(history.addTags(std::vector{RunId(1)}, std::vector{std::string("good"), tag}),
                     UsageError);
    EXPECT_THROW(history.addTags(std::vector{RunId(1), RunId(99)}, std::vector<std::string>{"good"}),
                 UsageError);
    EXPECT_EQ(find("tag:good"), Ids{});
    EXPECT_THROW(history.setNote(RunId(99), "x"), UsageError);
    EXPECT_THROW(history.setNote(RunId(1), std::string((1 << 20) + 1, 'x')), UsageError);
}

} // namespace
} // namespace moa
