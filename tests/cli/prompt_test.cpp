// Prompts: where they come from, how short and how long they may be, and special tokens inside them.
#include "tests/cli/program_runner.h"

namespace moa::test {
namespace {

namespace fs = std::filesystem;

class Prompts : public CliTest {
protected:
    Json ids(const std::vector<std::string>& arguments, const std::string& input = {}) const {
        std::vector<std::string> all = {"tokenize", "moa-tiny"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return runJson(all, input)["ids"];
    }
    /// A file of `count` ids that are ordinary tokens.
    std::string someIds(int count) const {
        Json list = Json::array();
        for (int i = 0; i < count; ++i) list.push_back(3 + (i * 37) % 2000);
        return write("ids" + std::to_string(count) + ".json", list.dump());
    }
};

TEST_F(Prompts, EverySourceGivesTheSameIds) {
    const std::string text = "  The harbor\tof winter\n\nis copper. \n"; // nothing is trimmed
    const Json expected = ids({"--text", text});
    EXPECT_EQ(ids({"--text-file", write("prompt.txt", text)}), expected);
    EXPECT_EQ(ids({}, text), expected);
    EXPECT_EQ(ids({"--ids", write("ids.json", expected.dump())}), expected);
    const Json pieces = runJson({"tokenize", "moa-tiny", "--text", text})["pieces"];
    std::string joined;
    for (const Json& piece : pieces) joined += piece.get<std::string>();
    EXPECT_EQ(joined, text);
}

TEST_F(Prompts, ExactBytes) {
    EXPECT_EQ(ids({"--text", "a"}), ids({}, "a"));
    EXPECT_NE(ids({}, "a\n"), ids({}, "a"));
    EXPECT_NE(ids({}, " a"), ids({}, "a"));
    EXPECT_EQ(ids({}, std::string("a\0b", 3)).size(),
              ids({"--text", "a"}).size() + ids({}, std::string("\0b", 2)).size());
    EXPECT_FALSE(ids({}, "\xFF\xC3").empty()) << "bytes that are no UTF-8 become U+FFFD";
}

TEST_F(Prompts, DecodeIsTheOtherWay) {
    const std::string text = "line amber-river: REGISTER_CONTENT is <41827>";
    std::string list;
    for (const Json& id : ids({"--text", text})) list += (list.empty() ? "" : ",") + id.dump();
    EXPECT_EQ(runJson({"tokenize", "moa-tiny", "--decode", list})["text"], text);
    EXPECT_EQ(runJson({"tokenize", "moa-tiny", "--decode", ""})["text"], "");
    EXPECT_EQ(runJson({"tokenize", "moa-tiny", "--decode", "1"})["text"], "<|im_start|>");
}

TEST_F(Prompts, SpecialTokensInsideText) {
    const Json parsed = ids({"--text", "a<|im_end|>b"}),
               plain = ids({"--text", "a<|im_end|>b", "--no-special"});
    EXPECT_NE(std::find(parsed.begin(), parsed.end(), 2), parsed.end());
    EXPECT_EQ(std::find(plain.begin(), plain.end(), 2), plain.end());
    EXPECT_GT(plain.size(), parsed.size());
}

TEST_F(Prompts, ChatWrapsTheText) {
    EXPECT_EQ(ids({"--text", "What is it?", "--chat"}),
              ids({"--text", "<|im_start|>user\nWhat is it?<|im_end|>\n<|im_start|>assistant\n"}));
}

TEST_F(Prompts, ChatWithoutSpecialsParsesOnlyTheTemplates) {
    const Json open = ids({"--text", "a<|im_end|>b", "--chat"});
    const Json closed = ids({"--text", "a<|im_end|>b", "--chat", "--no-special"});
    EXPECT_EQ(std::count(open.begin(), open.end(), 2), 2);
    EXPECT_EQ(std::count(closed.begin(), closed.end(), 2), 1);
    EXPECT_EQ(std::count(closed.begin(), closed.end(), 1), 2);
}

TEST_F(Prompts, EmptyOnes) {
    EXPECT_EQ(ids({"--text", ""}), Json::array());
    EXPECT_EQ(ids({}, ""), Json::array());
    for (const std::string command : {"score", "generate"}) {
        const Outcome outcome = run({command, "moa-tiny", "--text", ""});
        EXPECT_EQ(outcome.code, 2);
        EXPECT_NE(outcome.err.find("the prompt is empty"), std::string::npos) << outcome.err;
        EXPECT_EQ(outcome.out, "");
    }
}

TEST_F(Prompts, OneToken) {
    const Json score = runJson({"score", "moa-tiny", "--ids", someIds(1)});
    EXPECT_EQ(score["tokens"], 1);
    EXPECT_TRUE(score["nll_mean"].is_null());
    EXPECT_EQ(score["top"].size(), 1u);
    EXPECT_EQ(runJson({"generate", "moa-tiny", "--ids", someIds(1), "--max-new", "3", "--ignore-end"})["ids"]
                  .size(),
              3u);
}

TEST_F(Prompts, AroundOneBlock) {
    const Json plan =
        runJson({"plan", "uniform", "--model", "moa-tiny", "--density", "1", "-o", path("all.json")});
    for (const int n : {2, 63, 64, 65, 129}) {
        const Json dense = runJson({"score", "moa-tiny", "--ids", someIds(n)});
        EXPECT_EQ(dense["tokens"], n);
        EXPECT_GT(dense["nll_mean"].get<double>(), 0);
        const Json covered = runJson({"score", "moa-tiny", "--ids", someIds(n), "--plan", path("all.json")});
        EXPECT_EQ(covered["nll_mean"], dense["nll_mean"])
            << n << " tokens: a plan that hides nothing is dense";
        EXPECT_EQ(covered["top"], dense["top"]) << n;
    }
}

TEST_F(Prompts, LongerThanTheContext) {
    for (const std::string command : {"score", "generate"}) {
        const Outcome outcome = run({command, "moa-tiny", "--ids", someIds(16385)});
        EXPECT_EQ(outcome.code, 1);
        EXPECT_NE(outcome.err.find("16385"), std::string::npos) << outcome.err;
        EXPECT_NE(outcome.err.find("16384"), std::string::npos) << outcome.err;
    }
}

TEST_F(Prompts, GenerationStopsAtTheContext) {
    fs::copy(MOA_SOURCE_DIR "/resources/models/moa-tiny", m_folder / "short", fs::copy_options::recursive);
    Json config = Json::parse(read("short/config.json"));
    config["max_position_embeddings"] = 100;
    write("short/config.json", config.dump());
    const Json result =
        runJson({"generate", path("short"), "--ids", someIds(98), "--max-new", "50", "--ignore-end"});
    EXPECT_EQ(result["finish"], "context");
    EXPECT_EQ(result["ids"].size(), 3u) << "two more fit the cache, and the last one needs no place in it";
}

} // namespace
} // namespace moa::test
