// Judging on the command line: needle grids that are stopped and go on, sweeps, users' metrics, measured saving, and
// nonsense in their flags.
#include "tests/cli/program_runner.h"

#include <csignal>

namespace moa::test {
namespace {

namespace fs = std::filesystem;
const std::string kProfile = MOA_SOURCE_DIR "/resources/models/moa-tiny/moa-tiny.moaprofile";

class Judge : public CliTest {
protected:
    std::string plan(const std::string& density) const {
        const std::string file = path("u" + density + ".json");
        runJson({"plan", "uniform", "--model", "moa-tiny", "--density", density, "-o", file});
        return file;
    }
    void expectError(const std::vector<std::string>& arguments, int code, const std::string& mention) const {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.code, code) << outcome.err;
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err.find(mention), std::string::npos) << mention << "\n" << outcome.err;
    }
};

std::vector<std::string> grid(std::vector<std::string> more) {
    std::vector<std::string> all{"retrieval", "moa-tiny", "--grid", "--task", "lines", "--lengths", "512", "--depths", "3"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

TEST_F(Judge, AGridSaysWhatIsLostAndDrawsIt) {
    const Json result = runJson(grid({"--samples", "2", "--plan", plan("0.5"), "-o", path("g.svg")}));
    ASSERT_EQ(result["rows"].size(), 3u);
    const Json &early = result["rows"][0], &late = result["rows"][2];
    EXPECT_EQ(early["dense"]["asked"], 2);
    EXPECT_EQ(early["depth_to"], late["depth_from"].get<double>() / 2);
    EXPECT_LT(early["difference"].get<double>(), 0);
    EXPECT_EQ(early["first_lost"], 0);
    EXPECT_EQ(late["plan"]["right"], 2);
    EXPECT_NE(read("g.svg").find("plan − dense"), std::string::npos);
    EXPECT_TRUE(runJson(grid({"--samples", "1"}))["rows"][0]["plan"].is_null()) << "dense alone";
}

TEST_F(Judge, AStoppedGridGoesOn) {
    const std::string file = path("g.json"), half = plan("0.5");
    Child child(grid({"--samples", "1000", "--plan", half, "-o", file}), "", environment(), m_folder);
    ASSERT_TRUE(child.waitFor("needles at", std::chrono::seconds(60)));
    child.signal(SIGINT);
    const Outcome stopped = child.finish();
    EXPECT_EQ(stopped.code, 130);
    EXPECT_NE(stopped.err.find("--resume " + file), std::string::npos) << stopped.err;
    const Json kept = Json::parse(read("g.json"));
    const auto have = kept["rows"][0]["samples"].size();
    const Json more = runJson(grid({"--samples", std::to_string(have + 1), "--plan", half, "--resume", file}));
    EXPECT_EQ(more["rows"][0]["samples"].size(), have + 1);
    for (std::size_t i = 0; i < have; ++i) EXPECT_EQ(more["rows"][0]["samples"][i], kept["rows"][0]["samples"][i]);
    expectError(grid({"--resume", file}), 2, "another model, plan, seed or number of depths");
    write("bad.json", "{\"setup\": 3");
    expectError(grid({"--resume", path("bad.json")}), 3, "bad.json");
}

TEST_F(Judge, UsersMetricsComeWithDenseAndTheLargestDrop) {
    const std::string text = "The pass key is 46196. Remember it. What is the pass key?";
    const std::string file = write("mine.jsonl", Json{{"prompt", text}, {"answers", {"46196", "The pass key is 46196."}}, {"metric", "f1"}}.dump() + "\n" +
                                                     Json{{"prompt", text}, {"response", "46196"}, {"metric", "contains"}}.dump() + "\n");
    const Json result = runJson({"retrieval", "moa-tiny", "--task", file, "--plan", plan("1"), "-o", path("rows.csv")});
    ASSERT_EQ(result["rows"].size(), 2u);
    EXPECT_EQ(result["rows"][0]["metric"], "f1");
    EXPECT_EQ(result["rows"][1]["metric"], "contains");
    for (const Json& row : result["rows"]) {
        EXPECT_EQ(row["score"], row["dense"]["score"]) << "a plan that shows everything";
        EXPECT_EQ(row["drop"], 0);
        EXPECT_TRUE(row.contains("uniform"));
    }
    EXPECT_EQ(result["largest_drop"], 0);
    EXPECT_NE(read("rows.csv").find("dense.score"), std::string::npos);
    expectError({"retrieval", "moa-tiny", "--task", write("odd.jsonl", R"({"prompt": "p", "response": "r", "metric": "bleu"})")}, 3, "rouge-l");
}

TEST_F(Judge, SweepsSearchAPlanForEveryPoint) {
    const Json density = runJson({"retrieval", "moa-tiny", "--against-density", "--densities", "0.25,1", "--lengths", "1024", "--task", "lines",
                                  "--samples", "1", "--profile", kProfile, "-o", path("d.png")});
    ASSERT_EQ(density["rows"].size(), 2u);
    EXPECT_GT(density["rows"][0]["plan"]["tok_s"].get<double>(), 0);
    EXPECT_GT(density["rows"][0]["plan"]["right"].get<int>(), density["rows"][0]["uniform"]["right"].get<int>());
    EXPECT_TRUE(read("d.png").starts_with("\x89PNG"));
    const Json spans = runJson({"retrieval", "moa-tiny", "--span-grid", "256,1024", "--lengths", "1024", "--task", "lines", "--samples", "1",
                                "--profile", kProfile, "-o", path("s.csv")});
    ASSERT_EQ(spans["rows"].size(), 2u);
    EXPECT_EQ(spans["rows"][0]["span"], 256);
    EXPECT_TRUE(spans["rows"][0]["dense"]["tok_s"].is_null());
}

TEST_F(Judge, AnEffectiveContextGoesOnLengthByLength) {
    const std::vector<std::string> common{"retrieval", "moa-tiny", "--effective-context", "--profile", kProfile, "--mean-span", "512",
                                          "--task", "lines", "--samples", "1", "--questions", "2"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), common.begin(), common.end());
        return more;
    };
    const std::string file = path("reach.json");
    const Json first = runJson(with({"--lengths", "1024", "-o", file}));
    const Json both = runJson(with({"--lengths", "1024,2048", "--resume", file, "-o", path("reach.png")}));
    ASSERT_EQ(both["rows"].size(), 2u);
    EXPECT_EQ(both["rows"][0], first["rows"][0]) << "not asked again";
    EXPECT_EQ(both["effective"]["mean_span"], 512);
    EXPECT_TRUE(read("reach.png").starts_with("\x89PNG"));
    std::vector<std::string> other = with({"--resume", file});
    other[6] = "256";
    expectError(other, 2, "another model, mean span");
}

TEST_F(Judge, CompareMeasuresWhatIsSaved) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "There is important information hidden in the text below. ";
    const Json result = runJson({"compare", "moa-tiny", plan("0.25"), "--text", text, "--max-new", "4", "--saving", "--batch", "2"});
    EXPECT_TRUE(result["memory"]["together"].get<bool>());
    EXPECT_GT(result["memory"]["dense"].get<double>(), result["memory"]["sparse"].get<double>());
    const Json& saving = result["saving"];
    EXPECT_EQ(saving["batch"], 2);
    EXPECT_LT(saving["sparse"]["kv_bytes"].get<double>(), 0.4 * saving["dense"]["kv_bytes"].get<double>());
    EXPECT_NEAR(saving["sparse"]["tok_s"].get<double>() * saving["sparse"]["step_s"].get<double>(), 2, 1e-6);
    EXPECT_EQ(saving["spans"].back()["heads"], 0);
}

TEST_F(Judge, NonsenseIsRefusedBeforeAnythingRuns) {
    const auto refused = [&](std::vector<std::string> flags, const std::string& mention, int code = 2) {
        flags.insert(flags.begin(), {"retrieval", "moa-tiny"});
        expectError(flags, code, mention);
    };
    refused({"--grid", "--effective-context"}, "give one of them");
    refused({"--grid", "--depths", "0"}, "--depths");
    refused({"--grid", "--depths", "33"}, "--depths");
    refused({"--grid", "--lengths", "20000"}, "16384");
    refused({"--grid", "--task", "mine.jsonl"}, "lines, facts or passkey");
    refused({"--grid", "-o", "grid.jpg"}, "expected .json, .csv, .png or .svg");
    refused({"-o", "rows.png"}, "--grid");
    refused({"--resume", "g.json"}, "--grid");
    refused({"--grid", "--resume", "no.json"}, "no.json", 3);
    refused({"--against-density"}, "--profile");
    refused({"--against-density", "--profile", "no.moaprofile"}, "no.moaprofile", 3);
    refused({"--against-density", "--profile", kProfile, "--densities", "1.5"}, "1.5");
    refused({"--against-density", "--profile", kProfile, "--uniform", "0.5"}, "leave --plan and --uniform out");
    refused({"--against-density", "--profile", kProfile, "--lengths", "777"}, "777");
    refused({"--span-grid", "12", "--profile", kProfile}, "--span-grid");
    refused({"--densities", "0.5"}, "--against-density");
    expectError({"compare", "moa-tiny", "p.json", "--text", "a", "--batch", "2"}, 2, "--saving");
    expectError({"compare", "moa-tiny", "p.json", "--text", "a", "--saving", "--batch", "0"}, 2, "--batch");
}

} // namespace
} // namespace moa::test
