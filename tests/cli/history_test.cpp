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

} // namespace
} // namespace moa::test
