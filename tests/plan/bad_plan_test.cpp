// Damaged and lying plan files: only FileError may come out, it names the place, and nothing crashes.
#include "engine/plan/plan_file.h"

#include "tests/plan/plan_samples.h"

#include <random>
#include <sys/stat.h>

namespace moa {
namespace {

using Json = nlohmann::json;

struct BadPlan {
    const char* name;
    const char* text;
    const char* says; ///< part of the message
};

void PrintTo(const BadPlan& bad, std::ostream* out) {
    *out << bad.name;
}

class BadPlanFile : public testing::TestWithParam<BadPlan> {};

TEST_P(BadPlanFile, IsRefusedWithItsPlace) {
    const std::string message = fileErrorOf([] { parsePlan(GetParam().text, "bad.json"); });
    EXPECT_EQ(message.rfind("bad.json: ", 0), 0u) << message;
    EXPECT_NE(message.find(GetParam().says), std::string::npos) << message;
}

#define MOA_RULES "\"alphas\": [[0, 0], [0, 0]], \"betas\": [[1, 1], [1, 1]]"
INSTANTIATE_TEST_SUITE_P(
    Cases, BadPlanFile,
    testing::Values(
        BadPlan{"empty", "", "line 1, column 1"}, BadPlan{"blank", " \n ", "the file ends here"},
        BadPlan{"number", "3", "$: expected an object"}, BadPlan{"array", "[]", "$: expected an object"},
        BadPlan{"null", "null", "$"}, BadPlan{"html", "<html>\n</html>", "line 1, column 1"},
        BadPlan{"bom and rubbish", "\xef\xbb\xbfx", "expected valid JSON"},
        BadPlan{"bad utf-8", "{\"alphas\": \"\xff\"}", "line 1"},
        BadPlan{"second document", "{" MOA_RULES "} {}", "line 1"},
        BadPlan{"no alphas", R"({"betas": [[1]]})", "$.alphas"},
        BadPlan{"no betas", R"({"alphas": [[1]]})", "$.betas"},
        BadPlan{"alphas no array", R"({"alphas": 1, "betas": [[1]]})", "$.alphas"},
        BadPlan{"alphas empty", R"({"alphas": [], "betas": []})", "$.alphas"},
        BadPlan{"row empty", R"({"alphas": [[]], "betas": [[]]})", "$.alphas[0]"},
        BadPlan{"row no array", R"({"alphas": [[1], 2], "betas": [[1], [1]]})", "$.alphas[1]"},
        BadPlan{"ragged", R"({"alphas": [[1, 2], [1]], "betas": [[1, 1], [1, 1]]})", "$.alphas[1]"},
        BadPlan{"ragged long", R"({"alphas": [[1], [1, 2]], "betas": [[1], [1]]})", "$.alphas[1]"},
        BadPlan{"fewer betas", R"({"alphas": [[1], [1]], "betas": [[1]]})", "$.betas"},
        BadPlan{"fewer beta heads", R"({"alphas": [[1, 1]], "betas": [[1]]})", "$.betas"},
        BadPlan{"text value", R"({"alphas": [["1"]], "betas": [[1]]})", "$.alphas[0][0]"},
        BadPlan{"null value", R"({"alphas": [[null]], "betas": [[1]]})", "$.alphas[0][0]"},
        BadPlan{"bool value", R"({"alphas": [[true]], "betas": [[1]]})", "$.alphas[0][0]"},
        BadPlan{"nan", R"({"alphas": [[NaN]], "betas": [[1]]})", "line 1"},
        BadPlan{"infinite", R"({"alphas": [[1e999]], "betas": [[1]]})", "range of a double"},
        BadPlan{"huge alpha", R"({"alphas": [[1e300]], "betas": [[1]]})", "$.alphas[0][0]"},
        BadPlan{"huge beta", R"({"alphas": [[0]], "betas": [[-1e9]]})", "$.betas[0][0]"},
        BadPlan{"passport no object", "{" MOA_RULES R"(, "moa_workbench": []})", "$.moa_workbench"},
        BadPlan{"passport empty", "{" MOA_RULES R"(, "moa_workbench": {}})", "$.moa_workbench.version"},
        BadPlan{"version text", "{" MOA_RULES R"(, "moa_workbench": {"version": "1"}})",
                "$.moa_workbench.version"},
        BadPlan{"version 0", "{" MOA_RULES R"(, "moa_workbench": {"version": 0}})",
                "$.moa_workbench.version"},
        BadPlan{"no kv_heads", "{" MOA_RULES R"(, "moa_workbench": {"version": 1}})",
                "$.moa_workbench.kv_heads"},
        BadPlan{"kv_heads 0", "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 0}})",
                "$.moa_workbench.kv_heads"},
        BadPlan{"kv_heads more than heads",
                "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 4}})",
                "$.moa_workbench.kv_heads"},
        BadPlan{"kv_heads fraction", "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1.5}})",
                "$.moa_workbench.kv_heads"},
        BadPlan{"kv_heads huge",
                "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 18446744073709551615}})",
                "$.moa_workbench.kv_heads"},
        BadPlan{
            "kv_heads no divisor",
            R"({"alphas": [[0, 0, 0]], "betas": [[1, 1, 1]], "moa_workbench": {"version": 1, "kv_heads": 2}})",
            "$.moa_workbench.kv_heads"},
        BadPlan{"sink odd", "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "sink": 100}})",
                "$.moa_workbench.sink"},
        BadPlan{"sink negative",
                "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "sink": -64}})",
                "$.moa_workbench.sink"},
        BadPlan{"sink large",
                "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "sink": 320}})",
                "$.moa_workbench.sink"},
        BadPlan{"block", "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "block": 32}})",
                "$.moa_workbench.block"},
        BadPlan{"model", "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "model": "m"}})",
                "$.moa_workbench.model"},
        BadPlan{"model name",
                "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "model": {"name": 1}}})",
                "$.moa_workbench.model.name"},
        BadPlan{"measurements",
                "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "measurements": {}}})",
                "$.moa_workbench.measurements"},
        BadPlan{"rules", "{" MOA_RULES R"(, "moa_workbench": {"version": 1, "kv_heads": 1, "rules": [[1]]}})",
                "$.moa_workbench.rules[0]"}));
#undef MOA_RULES

TEST(BadPlan, TruncatedAnywhereIsRefused) {
    const std::string text = planText(samplePlanFile());
    for (std::size_t bytes = 0; bytes + 2 < text.size(); ++bytes) // the last two are "}\n"
        fileErrorOf([&] { parsePlan(std::string_view(text).substr(0, bytes), "cut.json"); });
}

TEST(BadPlan, FlippedBytesAreReadOrRefusedNeverWorse) {
    const std::string text = planText(samplePlanFile());
    std::mt19937 random(11);
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string damaged = text;
        for (int k = 0; k < 1 + i % 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
        try {
            const PlanFile file = parsePlan(damaged, "flip.json");
            requireWellFormed(file.plan);
        } catch (const FileError&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 1000);
}

TEST(BadPlan, DeepNestingIsRefusedEvenInUnknownKeys) {
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    EXPECT_NE(fileErrorOf([&] { parsePlan(deep, "deep.json"); }).find("nested"), std::string::npos);
    fileErrorOf([&] { parsePlan(R"({"alphas": [[0]], "betas": [[1]], "x": )" + deep + "}", "deep.json"); });
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    fileErrorOf([&] { parsePlan(objects, "deep.json"); });
}

TEST(BadPlan, OversizedShapesAreRefused) {
    std::string row = "[0";
    for (int i = 0; i < 5000; ++i) row += ",0";
    row += "]";
    EXPECT_NE(fileErrorOf([&] {
                  parsePlan("{\"alphas\": [" + row + "], \"betas\": [[0]]}", "wide.json");
              }).find("$.alphas[0]"),
              std::string::npos);
    std::string rows = "[[0]";
    for (int i = 0; i < 5000; ++i) rows += ",[0]";
    EXPECT_NE(fileErrorOf([&] {
                  parsePlan("{\"alphas\": " + rows + "], \"betas\": [[0]]}", "tall.json");
              }).find("4096 layers"),
              std::string::npos);
}

TEST(BadPlan, FilesThatAreNoFilesAreRefusedAtOnce) {
    const TempFolder folder;
    EXPECT_NE(fileErrorOf([&] { readPlan(folder.file("missing.json")); }).find("missing.json"),
              std::string::npos);
    EXPECT_NE(fileErrorOf([&] { readPlan(folder.path()); }).find("regular file"), std::string::npos);
    ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
    fileErrorOf([&] { readPlan(folder.file("pipe")); }); // does not wait for a writer
    fileErrorOf([] { readPlan("/dev/zero"); });
    fileErrorOf([] { readPlan(""); });
    // A sparse file claims 1 TiB and holds nothing: refused before a byte is allocated.
    folder.write("sparse.json", "");
    std::error_code failed;
    std::filesystem::resize_file(folder.file("sparse.json"), std::uintmax_t(1) << 40, failed);
    if (!failed) {
        EXPECT_NE(fileErrorOf([&] { readPlan(folder.file("sparse.json")); }).find("at most"),
                  std::string::npos);
    }
}

} // namespace
} // namespace moa
