// What each command promises: the keys of its JSON document, and numbers that agree with each other.
#include "tests/cli/program_runner.h"

#include <cmath>

namespace moa::test {
namespace {

class Commands : public CliTest {
protected:
    static void expectKeys(const Json& json, const std::vector<std::string>& keys) {
        for (const std::string& key : keys)
            EXPECT_TRUE(json.contains(key)) << key << " is missing in " << json.dump();
    }
    std::string plan(double density) const {
        const std::string file = path("u.json");
        runJson({"plan", "uniform", "--model", "moa-tiny", "--density", std::to_string(density), "-o", file});
        return file;
    }
    const std::string m_text =
        "There is important information hidden in the text below. Find it and remember it.";
};

TEST_F(Commands, HelpAndVersion) {
    const Outcome version = run({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_EQ(version.out, "moa 0.1.0\n");
    const Outcome help = run({"--help"});
    EXPECT_EQ(help.code, 0);
    for (const std::string command :
         {"info", "tokenize", "score", "generate", "chat", "plan", "history", "doctor"}) {
        EXPECT_NE(help.out.find("  " + command), std::string::npos) << command;
        const Outcome own = run({command, "--help"});
        EXPECT_EQ(own.code, 0);
        EXPECT_NE(own.out.find("Examples:"), std::string::npos) << command;
        EXPECT_NE(own.out.find("--no-db"), std::string::npos) << command;
    }
}

TEST_F(Commands, FlagsStandBeforeOrAfterTheCommand) {
    EXPECT_EQ(run({"--json", "info", "moa-tiny"}).json(), run({"info", "--json", "moa-tiny"}).json());
    EXPECT_EQ(run({"--json", "info", "moa-tiny"}).json(), run({"info", "moa-tiny", "--json"}).json());
}

TEST_F(Commands, Info) {
    const Json info = runJson({"info", "moa-tiny"});
    expectKeys(info, {"architecture", "layers", "heads", "kv_heads", "head_dim", "context", "vocab",
                      "quantisation", "weight_bytes", "kv_bytes", "activation_bytes"});
    EXPECT_EQ(info["layers"], 6);
    EXPECT_EQ(info["kv_heads"], 4);
    EXPECT_EQ(info["weight_bytes"], 5836032 * 4);
    EXPECT_EQ(info["kv_bytes"], 16384ll * 6 * 4 * 64 * 2 * 4);
    EXPECT_FALSE(info.contains("allocated_bytes"));
}

TEST_F(Commands, InfoPredictsWhatALoadTakes) {
    const Json info =
        runJson({"info", "moa-tiny", "--context", "2048", "--batch", "3", "--plan", plan(0.25), "--check"});
    EXPECT_EQ(info["kv_bytes"], 3 * 512ll * 6 * 4 * 64 * 2 * 4) << "a quarter of 2,048 tokens, three times";
    EXPECT_EQ(info["allocated"]["kv_bytes"], info["kv_bytes"]);
    EXPECT_EQ(info["allocated"]["weight_bytes"], info["weight_bytes"]);
    const Json dense = runJson({"info", "moa-tiny", "--context", "8192", "--batch", "2", "--check"});
    const double predicted = dense["weight_bytes"].get<double>() + dense["kv_bytes"].get<double>() +
                             dense["activation_bytes"].get<double>();
    EXPECT_NEAR(dense["allocated_bytes"].get<double>(), predicted, 0.1 * predicted);
}

TEST_F(Commands, Score) {
    const Json score = runJson({"score", "moa-tiny", "--text", m_text, "--top", "3", "--positions", "0,5"});
    expectKeys(score, {"tokens", "nll_mean", "top"});
    ASSERT_EQ(score["top"].size(), 2u);
    EXPECT_EQ(score["top"][1]["position"], 5);
    EXPECT_EQ(score["top"][1]["ids"].size(), 3u);
    const Json& logits = score["top"][1]["logits"];
    EXPECT_GE(logits[0].get<double>(), logits[1].get<double>());
    EXPECT_TRUE(std::isfinite(score["nll_mean"].get<double>()));
    const Json last = runJson({"score", "moa-tiny", "--text", m_text});
    EXPECT_EQ(last["top"].size(), 1u);
    EXPECT_EQ(last["top"][0]["position"], score["tokens"].get<int>() - 1);
    EXPECT_EQ(last["nll_mean"], score["nll_mean"]);
}

TEST_F(Commands, ScoreUnderWindowsEqualsTheSamePlan) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += m_text + " ";
    const std::string file = plan(0.25);
    const Json planned = runJson({"score", "moa-tiny", "--text", text, "--plan", file});
    const int tokens = planned["tokens"].get<int>();
    const Json cache =
        runJson({"plan", "show", file, "--lengths", std::to_string(tokens)})["at"][std::to_string(tokens)];
    Json windows = cache["cache"];
    for (Json& row : windows)
        for (Json& w : row) w = w.get<int>() - 64;
    const Json masked =
        runJson({"score", "moa-tiny", "--text", text, "--windows", write("w.json", windows.dump())});
    EXPECT_EQ(masked["nll_mean"], planned["nll_mean"]);
    EXPECT_NEAR(masked["density"].get<double>(), cache["density"].get<double>(), 1e-12);
    const Json dense = runJson({"score", "moa-tiny", "--text", text});
    EXPECT_NE(dense["nll_mean"], planned["nll_mean"]) << "a quarter of the keys must show";
    const Json sink = {{"sink", 64}, {"windows", windows}};
    EXPECT_EQ(
        runJson({"score", "moa-tiny", "--text", text, "--windows", write("s.json", sink.dump())})["nll_mean"],
        planned["nll_mean"]);
}

TEST_F(Commands, Generate) {
    const std::vector<std::string> question = {"generate", "moa-tiny", "--text", "What is the pass key?",
                                               "--chat"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), question.begin(), question.end());
        return more;
    };
    const Json greedy = runJson(with({"--max-new", "12", "--ignore-end"}));
    expectKeys(greedy, {"text", "ids", "prompt_tokens", "prefill_s", "decode_tok_s", "kv_bytes"});
    EXPECT_EQ(greedy["ids"].size(), 12u);
    EXPECT_EQ(greedy["finish"], "length");
    EXPECT_EQ(greedy["kv_bytes"], 128ll * 6 * 4 * 64 * 2 * 4) << "planned for 128 tokens";
    const std::vector<std::string> warm = {"--max-new",     "12",  "--ignore-end",
                                           "--temperature", "1.2", "--seed"};
    const auto seeded = [&](const std::string& seed) {
        std::vector<std::string> arguments = with(warm);
        arguments.push_back(seed);
        return runJson(arguments)["ids"];
    };
    EXPECT_EQ(seeded("7"), seeded("7"));
    EXPECT_NE(seeded("7"), seeded("8"));
    const Outcome people = run(with({"--max-new", "12", "--ignore-end"}));
    EXPECT_EQ(people.out, greedy["text"].get<std::string>() + "\n") << "streamed text is the text";
    EXPECT_EQ(runJson(with({"--max-new", "0"}))["ids"], Json::array());
}

TEST_F(Commands, GenerateUnderAPlanHoldsLess) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += m_text + " ";
    const Json dense = runJson({"generate", "moa-tiny", "--text", text, "--max-new", "4"});
    const Json sparse =
        runJson({"generate", "moa-tiny", "--text", text, "--max-new", "4", "--plan", plan(0.25)});
    EXPECT_LT(sparse["kv_bytes"].get<double>(), 0.35 * dense["kv_bytes"].get<double>());
    EXPECT_NEAR(sparse["density"].get<double>(),
                sparse["kv_bytes"].get<double>() / dense["kv_bytes"].get<double>(), 1e-9);
}

TEST_F(Commands, Doctor) {
    const Json doctor = runJson({"doctor"});
    expectKeys(doctor, {"version", "devices", "backends", "versions", "resources", "history", "missing"});
    EXPECT_EQ(doctor["devices"][0]["kind"], "cpu");
    EXPECT_EQ(doctor["resources"]["models"], Json({"moa-tiny"}));
    EXPECT_EQ(doctor["history"]["state"], "not made yet");
    EXPECT_FALSE(std::filesystem::exists(m_folder / "data")) << "looking makes nothing";
    EXPECT_TRUE(doctor["versions"].contains("SQLite"));
    const Outcome lost = run({"doctor", "--json"}, {}, {{"MOA_RESOURCES", path("nowhere")}});
    EXPECT_EQ(lost.code, 0);
    EXPECT_FALSE(lost.json()["missing"].empty());
}

TEST_F(Commands, QuietSaysNothingButTheResult) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"score", "moa-tiny", "--text", m_text, "--quiet"},
          {"generate", "moa-tiny", "--text", m_text, "--max-new", "3", "--quiet"}})
        EXPECT_EQ(run(arguments).err, "");
}

TEST_F(Commands, FullStandardOutputIsAFailure) {
    const std::string command = std::string(MOA_PROGRAM) + " info moa-tiny --json > /dev/full 2> /dev/null";
    EXPECT_EQ(std::system(command.c_str()) >> 8, 1);
}

} // namespace
} // namespace moa::test
