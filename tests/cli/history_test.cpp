// Measuring commands leave a row each; rows can be listed, compared, exported and repeated; a history that
// fails never costs a result.
#include "tests/cli/program_runner.h"

namespace moa::test {
namespace {

namespace fs = std::filesystem;

class HistoryCli : public CliTest {
protected:
    Json score(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"score", "moa-tiny", "--text",
                                              "The harbor of winter is copper."};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return runJson(arguments);
    }
    Json runs() const { return runJson({"history", "list"})["runs"]; }
};

TEST_F(HistoryCli, EmptyUntilSomethingWasMeasured) {
    EXPECT_EQ(runs(), Json::array());
    runJson({"info", "moa-tiny"});
    runJson({"tokenize", "moa-tiny", "--text", "a"});
    score({"--no-db"});
    EXPECT_EQ(runs(), Json::array());
    EXPECT_FALSE(fs::exists(m_folder / "data"));
}

TEST_F(HistoryCli, ARowPerMeasurement) {
    const Json result = score();
    runJson({"generate", "moa-tiny", "--text", "a", "--max-new", "2", "--seed", "5"});
    const Json list = runs();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0]["command"], "generate");
    EXPECT_EQ(list[0]["seed"], 5);
    EXPECT_EQ(list[1]["status"], "done");
    const Json row = runJson({"history", "show", list[1]["id"].dump()});
    EXPECT_EQ(row["result"], result);
    EXPECT_EQ(row["model"]["name"], "moa-tiny");
    EXPECT_EQ(row["model"]["sha256"].get<std::string>().size(), 64u);
    EXPECT_EQ(row["arguments"][0], "score");
    EXPECT_TRUE(row["versions"].contains("OpenBLAS"));
    EXPECT_EQ(runJson({"history", "list", "--command", "score"})["runs"].size(), 1u);
    EXPECT_EQ(runJson({"history", "list", "--limit", "1"})["runs"].size(), 1u);
    EXPECT_EQ(runJson({"history", "check"})["ok"], true);
}

TEST_F(HistoryCli, WhatNeverBeganLeavesNoRow) {
    score();
    EXPECT_EQ(run({"generate", "moa-tiny", "--text", ""}).code, 2);
    EXPECT_EQ(run({"score", "moa-tiny", "--text", "a", "--plan", "missing.json"}).code, 3);
    EXPECT_EQ(runs().size(), 1u);
}

TEST_F(HistoryCli, RerunRepeatsAndCompares) {
    const Json first = score();
    const Json drift = runJson({"history", "rerun", "1"});
    EXPECT_EQ(drift["rerun_of"], 1);
    EXPECT_EQ(drift["run"], 2);
    EXPECT_EQ(drift["changed_results"], Json::array());
    bool seen = false;
    for (const Json& m : drift["measurements"])
        if (m["name"] == "nll_mean") {
            seen = true;
            EXPECT_EQ(m["a"], first["nll_mean"]);
            EXPECT_EQ(m["change"], 0.0);
        }
    EXPECT_TRUE(seen);
    EXPECT_EQ(runs()[0]["rerun_of"], 1);
    EXPECT_TRUE(runJson({"history", "rerun", "1", "--no-db"})["run"].is_null());
    EXPECT_EQ(runs().size(), 2u);
    EXPECT_EQ(runJson({"history", "diff", "1", "2"})["measurements"].size(), drift["measurements"].size());
}

TEST_F(HistoryCli, RerunKnowsAPromptFromStandardInput) {
    const Json first =
        runJson({"generate", "moa-tiny", "--max-new", "5", "--temperature", "1"}, "Once upon a time");
    EXPECT_EQ(runJson({"history", "rerun", "1"})["changed_results"], Json::array());
    EXPECT_EQ(runJson({"history", "show", "2"})["result"]["ids"], first["ids"]);
}

TEST_F(HistoryCli, RerunFromAnotherFolder) {
    write("prompt.txt", "The harbor of winter");
    runJson({"score", "moa-tiny", "--text-file", "prompt.txt"});
    fs::create_directories(m_folder / "elsewhere");
    Child child({"history", "rerun", "1", "--json"}, {}, environment(), m_folder / "elsewhere");
    const Outcome outcome = child.finish();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.json()["changed_results"], Json::array());
}

TEST_F(HistoryCli, RerunOverwritesNothing) {
    write("tables.json",
          R"({"layers": 1, "kv_heads": 2, "rules": [[64, 0], [128, 0], [0, 1]], "lengths": [1024],
        "loss": {"1024": [[3, 1, 0], [2, 1, 0]]}, "density": {"1024": [0.125, 0.1875, 1]}})");
    runJson({"search", "--tables", "tables.json", "-o", "plan.json", "--density", "0.6",
             "--min-density-share", "0"});
    write("plan.json", "mine now");
    const Json drift = runJson({"history", "rerun", "1"});
    EXPECT_EQ(read("plan.json"), "mine now");
    ASSERT_EQ(drift["outputs"].size(), 1u);
    EXPECT_TRUE(fs::exists(drift["outputs"][0].get<std::string>()));
    EXPECT_EQ(drift["changed_results"], Json::array());
    for (const Json& m : drift["measurements"])
        EXPECT_FALSE(m["a"].is_null() || m["b"].is_null()) << m.dump();
    fs::remove_all(fs::path(drift["outputs"][0].get<std::string>()).parent_path());
}

TEST_F(HistoryCli, Export) {
    score();
    const Json everything = run({"history", "export"}).json();
    EXPECT_EQ(everything["runs"].size(), 1u);
    const Outcome csv = run({"history", "export", "--format", "csv"});
    EXPECT_NE(csv.out.find("nll_mean"), std::string::npos);
    runJson({"history", "export", "-o", path("h.json")});
    EXPECT_EQ(Json::parse(read("h.json"))["runs"].size(), 1u);
    EXPECT_EQ(run({"history", "export", "--format", "csv", "--json"}).code, 2);
}

TEST_F(HistoryCli, MissingRuns) {
    score();
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"history", "show", "99"},
                                                      {"history", "rerun", "99"},
                                                      {"history", "diff", "1", "99"}})
        EXPECT_EQ(run(arguments).code, 2);
}

TEST_F(HistoryCli, ABrokenHistoryNeverCostsTheResult) {
    write("data/moa-workbench/history.sqlite", std::string(5000, 'x'));
    const Outcome outcome = run({"score", "moa-tiny", "--text", "a b", "--json"});
    EXPECT_EQ(outcome.code, 0) << "the default history only warns";
    EXPECT_EQ(outcome.json()["tokens"].get<int>() > 0, true);
    EXPECT_NE(outcome.err.find("not recorded in the history"), std::string::npos) << outcome.err;
    EXPECT_EQ(read("data/moa-workbench/history.sqlite"), std::string(5000, 'x'));
}

TEST_F(HistoryCli, ABrokenHistoryOfTheUsersChoiceIsAnError) {
    const std::string file = write("mine.sqlite", std::string(5000, 'x'));
    const Outcome outcome = run({"score", "moa-tiny", "--text", "a b", "--json", "--db", file});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_TRUE(outcome.json().contains("nll_mean")) << "the result comes first";
    EXPECT_NE(outcome.err.find("mine.sqlite"), std::string::npos) << outcome.err;
}

TEST_F(HistoryCli, NoHomeIsNoObstacle) {
    const Outcome outcome =
        run({"score", "moa-tiny", "--text", "a b", "--json"}, {}, {{"XDG_DATA_HOME", ""}, {"HOME", ""}});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.err.find("not recorded"), std::string::npos);
}

std::vector<int> idsOf(const Json& list) {
    std::vector<int> ids;
    for (const Json& run : list["runs"]) ids.push_back(run["id"].get<int>());
    return ids;
}

TEST_F(HistoryCli, QueriesFindRunsAndSayWhatIsWrong) {
    score();
    runJson({"generate", "moa-tiny", "--text", "Once upon a time", "--max-new", "2"});
    const auto find = [&](const std::string& query) {
        return idsOf(runJson({"history", "list", "--query", query}));
    };
    EXPECT_EQ(find("nll_mean>0"), std::vector<int>{1});
    EXPECT_EQ(find("-command:score"), std::vector<int>{2});
    EXPECT_EQ(find("harbor winter"), std::vector<int>{1}) << "words of the prompt";
    EXPECT_EQ(find("has:series n>3"), std::vector<int>{1});
    EXPECT_EQ(find("after:today"), (std::vector<int>{2, 1}));
    EXPECT_EQ(find("before:2020"), std::vector<int>{});
    EXPECT_EQ(idsOf(runJson({"history", "list", "--order", "run:asc"})), (std::vector<int>{1, 2}));
    const Json all = runJson({"history", "list", "--facets"});
    EXPECT_EQ(all["matched"], 2);
    EXPECT_EQ(all["facets"]["command"].size(), 2u);
    EXPECT_EQ(all["runs"][1]["headline"]["name"], "nll_mean");
    for (const char* wrong : {"colour:red", "nll_mean>", "tag:\"x", "speed>3", "before:soon"}) {
        const Outcome outcome = run({"history", "list", "--query", wrong});
        EXPECT_EQ(outcome.code, 2) << wrong;
        EXPECT_NE(outcome.err.find("the query, byte "), std::string::npos) << outcome.err;
    }
    EXPECT_EQ(run({"history", "list", "--order", "nothing"}).code, 2);
}

TEST_F(HistoryCli, TagsAndNotes) {
    score();
    score();
    EXPECT_EQ(runJson({"history", "tag", "1", "2", "--add", "baseline,draft"})["tags"].size(), 2u);
    EXPECT_EQ(runJson({"history", "tag", "--query", "tag:draft run:2", "--remove", "draft"})["runs"], 1);
    EXPECT_EQ(runJson({"history", "show", "2"})["tags"], Json::array({"baseline"}));
    runJson({"history", "note", "1", "drifted '; DROP TABLE runs; --"});
    EXPECT_EQ(runJson({"history", "note", "1"})["note"], "drifted '; DROP TABLE runs; --");
    EXPECT_EQ(idsOf(runJson({"history", "list", "--query", "drift"})), std::vector<int>{1});
    EXPECT_TRUE(runJson({"history", "note", "1", ""})["note"].is_null());
    EXPECT_EQ(run({"history", "tag", "--add", "x"}).code, 2) << "no run was named";
    EXPECT_EQ(run({"history", "tag", "1", "--add", "a\nb"}).code, 2);
    EXPECT_EQ(run({"history", "note", "9", "x"}).code, 2);
}

TEST_F(HistoryCli, OutAndInAgain) {
    score();
    runJson({"history", "tag", "1", "--add", "baseline"});
    runJson({"history", "export", "-o", path("h.json")});
    const auto in = [&](const std::string& file, const std::string& db) {
        return runJson({"history", "import", file, "--db", path(db)});
    };
    EXPECT_EQ(in(path("h.json"), "other.sqlite")["runs"], 1);
    EXPECT_EQ(in(path("h.json"), "other.sqlite")["known"], 1);
    runJson({"history", "backup", path("copy.sqlite")});
    EXPECT_EQ(in(path("copy.sqlite"), "third.sqlite")["runs"], 1);
    const Json there = runJson({"history", "show", "1", "--db", path("third.sqlite")});
    const Json here = runJson({"history", "show", "1"});
    EXPECT_EQ(there["uid"], here["uid"]);
    EXPECT_EQ(there["series"], here["series"]);
    EXPECT_EQ(there["tags"], Json::array({"baseline"}));
    EXPECT_EQ(run({"history", "import", write("bad.json", "{")}).code, 3);
    EXPECT_EQ(run({"history", "prune"}).code, 2) << "it must be said what";
    EXPECT_EQ(runJson({"history", "prune", "--query", "command:score", "--dry-run"})["kept"], 1)
        << "it is tagged";
    EXPECT_EQ(runJson({"history", "prune", "--query", "command:score", "--marked", "--compact"})["runs"], 1);
    EXPECT_EQ(runs(), Json::array());
    const Outcome pasted = run({"history", "export", "--format", "markdown", "--db", path("third.sqlite")});
    EXPECT_NE(pasted.out.find("| 1 | "), std::string::npos) << pasted.out;
}

TEST_F(HistoryCli, ComparesAndReports) {
    score();
    runJson({"score", "moa-tiny", "--text", "Another <script> text"});
    const Json two = runJson({"history", "diff", "1", "2"});
    EXPECT_TRUE(two.contains("fields") && two.contains("rows"));
    const Json three = runJson({"history", "diff", "1", "2", "1", "--baseline", "2"});
    EXPECT_EQ(three["baseline"], 2);
    EXPECT_EQ(run({"history", "diff", "1"}).code, 2);
    EXPECT_EQ(run({"history", "diff", "1", "2", "--baseline", "3"}).code, 2);
    EXPECT_EQ(runJson({"history", "report", "1", "2", "-o", path("r.html")})["runs"], Json::array({1, 2}));
    const std::string html = read("r.html");
    EXPECT_TRUE(html.starts_with("<!DOCTYPE html>"));
    EXPECT_NE(html.find("<svg"), std::string::npos) << "the losses of every token";
    for (const char* typed : {"harbor", "Another"})
        EXPECT_EQ(html.find(typed), std::string::npos) << "typed text stays here";
    EXPECT_EQ(run({"history", "report", "9", "-o", path("x.html")}).code, 2);
    EXPECT_FALSE(fs::exists(path("x.html")));
}

TEST_F(HistoryCli, WithoutPromptsOnlyHashesAreKept) {
    const std::string secret = "The harbor of secrets";
    runJson({"generate", "moa-tiny", "--text", secret, "--max-new", "3", "--no-prompts"});
    const Json second = runJson({"generate", "moa-tiny", "--max-new", "3", "--no-prompts"}, secret);
    std::string everything;
    for (const char* part : {"", "-wal"})
        everything += read(std::string("data/moa-workbench/history.sqlite") + part);
    EXPECT_EQ(everything.find("secrets"), std::string::npos);
    const Json row = runJson({"history", "show", "1"});
    EXPECT_TRUE(row["prompt"]["text"].is_null());
    EXPECT_EQ(row["prompt"]["sha256"], runJson({"history", "show", "2"})["prompt"]["sha256"]);
    EXPECT_FALSE(row["result"].contains("text"));
    EXPECT_TRUE(row["result"].contains("ids_sha256"));
    // Whoever still has the prompt can repeat the run; another prompt is noticed.
    const Json same = runJson({"history", "rerun", "1"}, secret);
    EXPECT_EQ(same["changed_results"], Json::array());
    bool isOther = false;
    const Json other = runJson({"history", "rerun", "1"}, "Something else");
    for (const Json& field : other["fields"])
        isOther |= field["name"] == "prompt";
    EXPECT_TRUE(isOther);
}

TEST_F(HistoryCli, ARetrievalRunAgainGivesTheSameNumber) {
    runJson({"plan", "uniform", "--model", "moa-tiny", "--density", "0.5", "-o", path("half.json")});
    runJson({"retrieval", "moa-tiny", "--plan", path("half.json"), "--task", "lines", "--lengths", "1024",
             "--samples", "2", "--seed", "7"});
    const Json again = runJson({"history", "rerun", "1"});
    ASSERT_FALSE(again["measurements"].empty());
    for (const Json& m : again["measurements"])
        if (m["name"] == "retrieval") {
            EXPECT_EQ(m["verdict"], "identical");
            EXPECT_EQ(m["a"], m["b"]);
        }
    EXPECT_EQ(again["drift"]["drifted"], 0);
    EXPECT_EQ(again["fields"], Json::array()) << "the same machine, program, model and plan";
    const Json lineage = runJson({"history", "lineage", "2"});
    EXPECT_EQ(lineage["nodes"][0]["label"], "half.json");
    EXPECT_EQ(lineage["edges"].size(), 2u) << "both runs used it";
    // Elsewhere: the stored row says another machine, and the report names it.
    fs::create_directories(m_folder / "elsewhere");
    runJson({"history", "export", "-o", path("h.json")});
    std::string text = read("h.json");
    for (std::size_t at = 0; (at = text.find("\"cores\": ", at)) != std::string::npos; at += 9)
        text.insert(at + 9, "9");
    runJson({"history", "import", write("moved.json", text), "--db", path("elsewhere/h.sqlite")});
    const Json drift = runJson({"history", "rerun", "1", "--db", path("elsewhere/h.sqlite")});
    ASSERT_EQ(drift["fields"].size(), 1u) << drift["fields"].dump();
    EXPECT_EQ(drift["fields"][0]["name"], "machine");
}

TEST_F(HistoryCli, ADamagedHistoryOfOnesOwnIsSetAside) {
    score();
    const std::string file = "data/moa-workbench/history.sqlite";
    { // everything into the file itself
        runJson({"history", "tag", "1", "--add", "x"});
    }
    std::string bad = read(file).substr(0, 5000);
    fs::remove(path(file + "-wal"));
    write(file, bad);
    const Outcome outcome = run({"score", "moa-tiny", "--text", "a b", "--json"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.err.find("history.sqlite.damaged-1"), std::string::npos) << outcome.err;
    EXPECT_TRUE(read(file + ".damaged-1") == bad);
    EXPECT_EQ(runs().size(), 1u) << "a new one was begun";
    EXPECT_EQ(run({"score", "moa-tiny", "--text", "a b", "--db", path(file + ".damaged-1")}).code, 3)
        << "named ones stay";
    EXPECT_TRUE(read(file + ".damaged-1") == bad);
}

} // namespace
} // namespace moa::test
