// `moa plan`: what it says of plans, and plans that go out to other tools and come back.
#include "tests/cli/program_runner.h"

namespace moa::test {
namespace {

class Plans : public CliTest {
protected:
    std::string uniform(const std::string& density, const std::string& name) const {
        runJson({"plan", "uniform", "--model", "moa-tiny", "--density", density, "-o", path(name)});
        return path(name);
    }
};

TEST_F(Plans, Show) {
    const std::string file = uniform("0.5", "u.json");
    const Json show = runJson({"plan", "show", file, "--lengths", "1024,4096"});
    for (const char* key : {"layers", "heads", "kv_heads", "distinct_rules", "max_distinct_rules_per_layer",
                            "disagreeing_kv_heads", "at"})
        EXPECT_TRUE(show.contains(key)) << key;
    EXPECT_EQ(show["at"].size(), 2u);
    const Json& at = show["at"]["4096"];
    EXPECT_EQ(at["density"], 0.5);
    EXPECT_EQ(at["mean_span"], 2048.0);
    EXPECT_EQ(at["kv_bytes"], 2048ll * 6 * 4 * 64 * 2 * 2) << "FP16; the head size is in the passport";
    EXPECT_EQ(at["cache"][5][3], 2048);
    EXPECT_NE(run({"plan", "show", file}).out.find("0.5000"), std::string::npos);
}

TEST_F(Plans, Check) {
    const Json good = runJson({"plan", "check", uniform("0.5", "u.json"), "--model", "moa-tiny"});
    EXPECT_EQ(good["ok"], true);
    const std::string other = write("other.json", R"({"alphas": [[128, 256, 64, 64]], "betas": [[0, 0, 0, 0]],
        "moa_workbench": {"version": 1, "kv_heads": 2, "sink": 64, "block": 64}})");
    const Outcome bad = run({"plan", "check", other, "--model", "moa-tiny", "--json"});
    EXPECT_EQ(bad.code, 3);
    EXPECT_EQ(bad.json()["ok"], false);
    const Json alone = runJson({"plan", "check", other});
    EXPECT_EQ(alone["disagreeing"].size(), 1u);
}

TEST_F(Plans, Diff) {
    const Json diff =
        runJson({"plan", "diff", uniform("0.5", "a.json"), uniform("0.25", "b.json"), "--lengths", "4096"});
    EXPECT_EQ(diff["changed_kv_heads"], 24);
    EXPECT_EQ(diff["at"]["4096"]["density"], Json({0.5, 0.25}));
    EXPECT_EQ(runJson({"plan", "diff", path("a.json"), path("a.json")})["changed_kv_heads"], 0);
}

TEST_F(Plans, PublishedFilesGoOutAndBack) {
    const std::string file = uniform("0.5", "u.json");
    runJson({"plan", "export", file, "-o", path("published.json")});
    const Json published = Json::parse(read("published.json"));
    EXPECT_EQ(published.size(), 2u);
    EXPECT_EQ(published["betas"][0].size(), 8u);
    const Json back =
        runJson({"plan", "import", path("published.json"), "--model", "moa-tiny", "-o", path("back.json")});
    EXPECT_EQ(back["kv_heads"], 4);
    EXPECT_EQ(runJson({"plan", "diff", file, path("back.json")})["changed_kv_heads"], 0);
}

TEST_F(Plans, DuoAttentionGoesInAndOut) {
    std::string tsv;
    for (int l = 0; l < 6; ++l) tsv += "0.9\t0.1\t0.2\t0.7\n";
    write("duo/full_attention_heads.tsv", tsv);
    write("duo/config.json", R"({"sink_size": 64, "recent_size": 256})");
    const Json import =
        runJson({"plan", "import", path("duo"), "--model", "moa-tiny", "-o", path("plan.json")});
    EXPECT_EQ(import["full_kv_heads"], 12);
    const Json quarter = runJson({"plan", "import", path("duo"), "--share", "0.25", "--model", "moa-tiny",
                                  "-o", path("quarter.json")});
    EXPECT_EQ(quarter["full_kv_heads"], 6);
    const Json cache =
        runJson({"plan", "show", path("plan.json"), "--lengths", "1024"})["at"]["1024"]["cache"];
    EXPECT_EQ(cache[0], Json({1024, 320, 320, 1024}));
    const Json out = runJson({"plan", "export", path("plan.json"), "--format", "duo", "-o", path("out")});
    EXPECT_EQ(out["report"]["lost"], 0);
    EXPECT_EQ(out["files"].size(), 2u);
}

TEST_F(Plans, WrongKvHeadsAreRefused) {
    write("p.json", R"({"alphas": [[64, 64, 64]], "betas": [[0, 0, 0]]})");
    EXPECT_EQ(run({"plan", "show", path("p.json"), "--kv-heads", "2"}).code, 3);
    EXPECT_EQ(runJson({"plan", "show", path("p.json")})["kv_heads"], 3);
}

} // namespace
} // namespace moa::test
