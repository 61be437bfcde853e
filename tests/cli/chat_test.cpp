// `moa chat` with its turns from a file: a conversation on one cache, plans swapped on the way.
#include "tests/cli/program_runner.h"

namespace moa::test {
namespace {

class Chat : public CliTest {
protected:
    Json chat(const std::string& input, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"chat", "moa-tiny", "--max-new", "16"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return runJson(arguments, input);
    }
};

TEST_F(Chat, TurnsShareOneCache) {
    const Json talk = chat("What is the pass key?\nAnd again?\n");
    ASSERT_EQ(talk["messages"].size(), 4u);
    EXPECT_EQ(talk["messages"][0]["role"], "user");
    EXPECT_EQ(talk["messages"][2]["content"], "And again?");
    EXPECT_GT(talk["tokens"].get<int>(), 20);
}

TEST_F(Chat, TheSecondTurnAnswersAsTheWholeTextWould) {
    const Json talk = chat("What is the pass key?\nAnd again?\n");
    const std::string first = talk["messages"][1]["content"], second = talk["messages"][3]["content"];
    const std::string whole = "<|im_start|>user\nWhat is the pass key?<|im_end|>\n<|im_start|>assistant\n" +
                              first +
                              "<|im_end|>\n<|im_start|>user\nAnd again?<|im_end|>\n<|im_start|>assistant\n";
    EXPECT_EQ(runJson({"generate", "moa-tiny", "--text", whole, "--max-new", "16"})["text"], second);
}

TEST_F(Chat, APlanThatHidesNothingChangesNothing) {
    runJson({"plan", "uniform", "--model", "moa-tiny", "--density", "1", "-o", path("all.json")});
    const Json dense = chat("What is the pass key?\nAnd again?\n");
    const Json swapped = chat("What is the pass key?\n/plan " + path("all.json") + "\nAnd again?\n/save " +
                              path("chat.json") + "\n");
    EXPECT_EQ(swapped["messages"], dense["messages"]);
    EXPECT_EQ(swapped["plan"], path("all.json"));
    EXPECT_EQ(Json::parse(read("chat.json"))["messages"], dense["messages"]);
}

TEST_F(Chat, MistakesDoNotEndIt) {
    const Outcome outcome =
        run({"chat", "moa-tiny", "--max-new", "4", "--json"},
            "/plan missing.json\n/frob\n/plan\n/help\n/stats\n\nHello\n/quit\nNever read\n");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.json()["messages"].size(), 2u);
    for (const std::string part : {"missing.json", "unknown command /frob", "expected a file", "/save FILE"})
        EXPECT_NE(outcome.err.find(part), std::string::npos) << part;
}

TEST_F(Chat, EndsWithTheInput) {
    const Outcome outcome = run({"chat", "moa-tiny", "--max-new", "4", "--quiet"}, "Hello");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_FALSE(outcome.out.empty()) << "a last line without its newline counts";
}

} // namespace
} // namespace moa::test
