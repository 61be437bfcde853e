// Bad input of every kind: the exit code of the contract, one line on standard error, nothing on standard
// output.
#include "tests/cli/program_runner.h"

#include <algorithm>
#include <functional>

namespace moa::test {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1, kUsage = 2, kBadFile = 3;

class BadInput : public CliTest {
protected:
    /// A copy of the embedded model that a test then damages.
    std::string copyModel() const {
        fs::copy(MOA_SOURCE_DIR "/resources/models/moa-tiny", m_folder / "model",
                 fs::copy_options::recursive);
        return path("model");
    }
    void edit(const std::string& file, const std::function<void(Json&)>& change) const {
        Json document = Json::parse(read(file));
        change(document);
        write(file, document.dump());
    }
    void expectError(const std::vector<std::string>& arguments, int code, const std::string& mention) const {
        const Outcome outcome = run(arguments);
        std::string shown = "moa";
        for (const std::string& argument : arguments) shown += " " + argument;
        EXPECT_EQ(outcome.code, code) << shown << "\n" << outcome.err;
        EXPECT_EQ(outcome.out, "") << shown;
        EXPECT_TRUE(outcome.err.starts_with("moa: ")) << shown << "\n" << outcome.err;
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << shown << "\n"
                                                                               << outcome.err;
        EXPECT_NE(outcome.err.find(mention), std::string::npos) << shown << "\n" << outcome.err;
    }
};

TEST_F(BadInput, CommandLine) {
    struct Case {
        std::vector<std::string> arguments;
        std::string mention;
    };
    for (const auto& [arguments, mention] : std::vector<Case>{
             {{"frobnicate"}, "unknown command 'frobnicate'"},
             {{"info"}, "MODEL"},
             {{"info", "moa-tiny", "--frob"}, "--frob"},
             {{"info", "moa-tiny", "more"}, "more"},
             {{"info", "moa-tiny", "--context", "0"}, "--context"},
             {{"info", "moa-tiny", "--context", "16385"}, "16384"},
             {{"info", "moa-tiny", "--batch", "x"}, "--batch"},
             {{"--device", "tpu", "info", "moa-tiny"}, "--device"},
             {{"info", "moa-tiny", "--threads", "-1"}, "--threads"},
             {{"score", "moa-tiny", "--text", "a", "--ids", "f"}, "--ids"},
             {{"score", "moa-tiny", "--text", "a", "--positions", "9999"}, "--positions"},
             {{"score", "moa-tiny", "--text", "a", "--positions", "0,,1"}, "--positions"},
             {{"score", "moa-tiny", "--text", "a", "--plan", "p", "--windows", "w"}, "--windows"},
             {{"generate", "moa-tiny", "--text", "a", "--top-p", "1.5"}, "--top-p"},
             {{"generate", "moa-tiny", "--text", "a", "--temperature", "warm"}, "--temperature"},
             {{"generate", "moa-tiny", "--text", "a", "--max-new", "-4"}, "--max-new"},
             {{"tokenize", "moa-tiny", "--decode", "1,9999"}, "--decode"},
             {{"plan"}, "subcommand"},
             {{"plan", "uniform", "--model", "moa-tiny", "-o", "x.json"}, "--density"},
             {{"plan", "uniform", "--model", "moa-tiny", "-o", "x.json", "--density", "0"}, "ensity"},
             {{"plan", "uniform", "--model", "moa-tiny", "-o", "x.json", "--density", "0.5", "--sink", "3"},
              "sink"},
             {{"plan", "show", "x.json", "--lengths", "0"}, "--lengths"},
             {{"history", "show", "x"}, "ID"},
             {{"history", "export", "--format", "xml"}, "--format"},
         })
        expectError(arguments, kUsage, mention);
    EXPECT_EQ(run({}).code, kUsage);
}

TEST_F(BadInput, Devices) {
    for (const std::string device : {"cuda", "cuda:1"}) {
        expectError({"info", "moa-tiny", "--device", device}, kFailed, device);
        expectError({"score", "moa-tiny", "--text", "a", "--device", device}, kFailed, device);
    }
    EXPECT_EQ(run({"info", "moa-tiny", "--device", "auto"}).code, 0);
}

TEST_F(BadInput, Models) {
    expectError({"info", "no-such-model"}, kBadFile, "moa-tiny");
    expectError({"info", write("empty/readme", "")}, kBadFile, "readme");
    fs::create_directories(m_folder / "hollow");
    expectError({"score", path("hollow"), "--text", "a"}, kBadFile, "config.json");
}

TEST_F(BadInput, DamagedModel) {
    const std::string model = copyModel();
    const std::string weights = read("model/model.safetensors"), config = read("model/config.json");
    fs::resize_file(m_folder / "model/model.safetensors", weights.size() / 2);
    expectError({"score", model, "--text", "a"}, kBadFile, "model.safetensors");
    write("model/model.safetensors", weights);

    edit("model/config.json", [](Json& json) { json["hidden_size"] = 512; });
    expectError({"score", model, "--text", "a"}, kBadFile, "model.embed_tokens.weight");
    edit("model/config.json", [](Json& json) { json["num_attention_heads"] = 7; });
    expectError({"info", model}, kBadFile, "config.json");
    write("model/config.json", "{\"architectures\": [");
    expectError({"info", model}, kBadFile, "config.json");
    write("model/config.json", config);

    write("model/tokenizer.json", "[]");
    expectError({"tokenize", model, "--text", "a"}, kBadFile, "tokenizer.json");
    fs::remove(m_folder / "model/tokenizer.json");
    expectError({"tokenize", model, "--text", "a"}, kBadFile, "tokenizer.json");
}

TEST_F(BadInput, Plans) {
    const auto score = [](const std::string& plan) {
        return std::vector<std::string>{"score", "moa-tiny", "--text", "a b", "--plan", plan};
    };
    expectError(score("missing.json"), kBadFile, "missing.json");
    expectError(score(write("a.json", "not json")), kBadFile, "a.json");
    expectError(score(write("b.json", R"({"alphas": [[1, 2]], "betas": [[0]]})")), kBadFile, "b.json");
    expectError(score(write("c.json", R"({"alphas": [[64, 64]], "betas": [[0, 0]], "moa_workbench":
        {"version": 1, "kv_heads": 2, "sink": 64, "block": 64}})")),
                kBadFile, "c.json");
    expectError({"plan", "check", "c.json", "--lengths", "64", "--kv-heads", "5", "--model", "nope"},
                kBadFile, "nope");
    expectError({"plan", "diff", "c.json", "missing.json"}, kBadFile, "missing.json");
    expectError({"plan", "import", "missing.tsv", "-o", "x.json"}, kBadFile, "missing.tsv");
    expectError({"plan", "import", "c.json", "--share", "0.5", "-o", "x.json"}, kUsage, "--share");
}

TEST_F(BadInput, PromptFiles) {
    const auto ids = [](const std::string& file) {
        return std::vector<std::string>{"score", "moa-tiny", "--ids", file};
    };
    expectError({"score", "moa-tiny", "--text-file", "missing.txt"}, kBadFile, "missing.txt");
    expectError(ids("missing.json"), kBadFile, "missing.json");
    expectError(ids(write("a.json", "1 2 3")), kBadFile, "a.json");
    expectError(ids(write("b.json", "{}")), kBadFile, "array");
    expectError(ids(write("c.json", "[1, \"x\"]")), kBadFile, "[1]");
    expectError(ids(write("d.json", "[1, 2.5]")), kBadFile, "[1]");
    expectError(ids(write("e.json", "[1, 2048]")), kBadFile, "[1]");
    expectError(ids(write("f.json", "[-1]")), kBadFile, "[0]");
    expectError(ids(write("g.json", "[]")), kUsage, "empty");
}

TEST_F(BadInput, WindowFiles) {
    const auto windows = [](const std::string& file) {
        return std::vector<std::string>{"score", "moa-tiny", "--text", "a b", "--windows", file};
    };
    expectError(windows("missing.json"), kBadFile, "missing.json");
    expectError(windows(write("a.json", "[[64]]")), kBadFile, "6 layers");
    expectError(windows(write("b.json", R"({"sink": 63, "windows": []})")), kBadFile, "sink");
    expectError(
        windows(write("c.json", "[[64,64,64,0],[64,64,64,64],[64,64,64,64],[64,64,64,64],[64,64,64,64],"
                                "[64,64,64,64]]")),
        kBadFile, "[0][3]");
}

TEST_F(BadInput, OutputsThatCannotBeWritten) {
    expectError({"plan", "uniform", "--model", "moa-tiny", "--density", "0.5", "-o", path("no/such/x.json")},
                kBadFile, "x.json");
    EXPECT_FALSE(fs::exists(m_folder / "no"));
}

TEST_F(BadInput, Histories) {
    expectError({"history", "list", "--db", path("missing.sqlite")}, kBadFile, "missing.sqlite");
    expectError({"history", "list", "--db", write("text.sqlite", std::string(5000, 'x'))}, kBadFile,
                "text.sqlite");
    expectError({"history", "check", "--db", path("text.sqlite")}, kBadFile, "text.sqlite");
    EXPECT_EQ(read("text.sqlite"), std::string(5000, 'x'));
}

} // namespace
} // namespace moa::test
