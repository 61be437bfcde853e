// DuoAttention patterns in and out, and what an export says it could not keep.
#include "engine/plan/plan_io_duo.h"

#include "tests/plan/plan_samples.h"

namespace moa {
namespace {

using Json = nlohmann::json;
const std::vector<std::int64_t> kLengths = {1024, 4096};

const char* const kScores = "-9.584426879882812500e-05\t5.585937500000000000e-01\n"
                            "1.000000000000000000e+00\t2.021789550781250000e-04\n";
const char* const kConfig = R"({"model_name": "m", "sink_size": 128, "recent_size": 256, "threshold": 0.5})";

/// A folder as DuoAttention publishes it: numbers as numpy.savetxt writes them, slightly out of range.
struct Published {
    TempFolder folder;
    Published(const std::string& scores, const std::string& config) {
        folder.write("full_attention_heads.tsv", scores);
        folder.write("config.json", config);
    }
};

TEST(Duo, ImportsAFolderOrItsTsv) {
    const Published p(kScores, kConfig);
    for (const std::string& path : {p.folder.path(), p.folder.file("full_attention_heads.tsv")}) {
        const DuoPattern pattern = readDuo(path);
        EXPECT_EQ(pattern.layers, 2);
        EXPECT_EQ(pattern.kvHeads, 2);
        EXPECT_EQ(pattern.scores, (std::vector<double>{0, 0.55859375, 1, 2.02178955078125e-04}));
        const DuoImport import = importDuo(pattern, {}, 4);
        EXPECT_EQ(import.fullHeads, 2);
        EXPECT_TRUE(import.notes.empty());
        const SparsePlan& plan = import.file.plan;
        EXPECT_EQ(plan.sink, 128);
        EXPECT_EQ(plan.heads, 4);
        for (int h : {0, 1}) EXPECT_EQ(plan.rule(LayerIndex(0), HeadIndex(h)), (Rule{384, 0}));
        for (int h : {2, 3}) EXPECT_EQ(plan.rule(LayerIndex(0), HeadIndex(h)), (Rule{0, 1}));
        EXPECT_EQ(plan.rule(LayerIndex(1), HeadIndex(0)), (Rule{0, 1}));
        EXPECT_EQ(plan.cache(LayerIndex(1), KvHeadIndex(1), 4096), 384);
        EXPECT_EQ(import.file.passport("search")["imported"], "DuoAttention");
    }
}

TEST(Duo, ThresholdAndShareChooseTheFullHeads) {
    DuoPattern pattern{1, 4, {0.5, 0.25, 0.5, 0.75}, 64, 256};
    const auto full = [&](DuoSelection s) { return importDuo(pattern, s, std::nullopt).fullHeads; };
    EXPECT_EQ(full({}), 3);
    EXPECT_EQ(full({0.75, {}}), 1);
    EXPECT_EQ(full({0.0, {}}), 4);
    EXPECT_EQ(full({{}, 0.0}), 0);
    EXPECT_EQ(full({{}, 0.5}), 2);
    EXPECT_EQ(full({{}, 1.0}), 4);
    const SparsePlan half =
        importDuo(pattern, {{}, 0.5}, std::nullopt).file.plan; // equal scores: the first one
    EXPECT_EQ(half.rules[0], (Rule{0, 1}));
    EXPECT_EQ(half.rules[2], (Rule{320, 0}));
    EXPECT_THROW(full({0.5, 0.5}), UsageError);
    EXPECT_THROW(full({1.5, {}}), UsageError);
    EXPECT_THROW(full({{}, -0.1}), UsageError);
    EXPECT_THROW(importDuo(pattern, {}, 6), UsageError);
}

TEST(Duo, SizesOffTheBlockGridAreSaid) {
    const DuoImport import = importDuo({1, 1, {0}, 4, 250}, {}, std::nullopt);
    EXPECT_EQ(import.file.plan.sink, 64);
    EXPECT_EQ(import.file.plan.rules[0], (Rule{254, 0}));
    EXPECT_EQ(import.notes.size(), 2u);
    EXPECT_EQ(importDuo({1, 1, {0}, 1000, 64}, {}, std::nullopt).file.plan.sink, 256);
}

TEST(Duo, ExportAndImportRoundTripWhatItCanExpress) {
    const TempFolder folder;
    SparsePlan plan = uniformPlan(3, 4, 2, {320, 0});
    for (int h : {2, 3}) plan.rule(LayerIndex(1), HeadIndex(h)) = {0, 1};
    const DuoExport out = exportDuo(plan, kLengths);
    EXPECT_EQ(out.report["lost"], 0);
    EXPECT_EQ(out.report["represented"], 6);
    EXPECT_EQ(out.report["recent_size"], 256);
    writeDuo(folder.file("new/pattern"), out.pattern);
    const DuoImport back = importDuo(readDuo(folder.file("new/pattern")), {}, 4);
    EXPECT_EQ(back.file.plan.rules, plan.rules);
    EXPECT_EQ(back.file.plan.sink, plan.sink);
}

TEST(Duo, ExportReportsHeadsItCannotExpress) {
    SparsePlan plan = uniformPlan(1, 4, 4, {320, 0});
    plan.rules[1] = {0, 0.75}; // grows: most of the input
    plan.rules[2] = {0, 0.25}; // grows: little of it
    plan.rules[3] = {1024, 0}; // constant, but another window than the most frequent (320 ties, larger wins)
    const DuoExport out = exportDuo(plan, kLengths);
    EXPECT_EQ(out.report["recent_size"], 960);
    EXPECT_EQ(out.report["lost"], 3);
    const Json& heads = out.report["heads"];
    EXPECT_EQ(heads[0]["kv_head"], 0);
    EXPECT_EQ(heads[0]["cache"]["4096"], Json::parse("[320, 1024]"));
    EXPECT_EQ(heads[1]["exported_as"], "full");
    EXPECT_EQ(heads[1]["cache"]["4096"], Json::parse("[3072, 4096]"));
    EXPECT_EQ(heads[2]["exported_as"], "streaming");
    EXPECT_DOUBLE_EQ(heads[2]["score"].get<double>(), 0.25);
    EXPECT_DOUBLE_EQ(out.report["density"]["4096"][0].get<double>(), plan.density(4096));
    // A head one block short of everything is no full head, however long the text.
    EXPECT_EQ(exportDuo(uniformPlan(1, 1, 1, {-64, 1}), kLengths).report["lost"], 1);
    EXPECT_THROW(exportDuo(plan, {}), UsageError);
}

TEST(Duo, BadPatternsAreRefusedWithTheirPlace) {
    const auto refused = [](const std::string& scores, const std::string& config, const std::string& says) {
        const Published p(scores, config);
        const std::string message = fileErrorOf([&] { readDuo(p.folder.path()); });
        EXPECT_NE(message.find(says), std::string::npos) << message;
    };
    refused("", kConfig, "it is empty");
    refused("\n\n", kConfig, "it is empty");
    refused("0.5\t1\n0.5\n", kConfig, "line 2");
    refused("0.5\tx\n", kConfig, "line 1, column 2");
    refused("0.5\t\n", kConfig, "line 1, column 2");
    refused("0.5\tnan\n", kConfig, "line 1, column 2");
    refused("0.5\tinf\n", kConfig, "line 1, column 2");
    refused("0.5\t1.5\n", kConfig, "line 1, column 2");
    refused("0.5 0.5\n", kConfig, "line 1, column 1");
    refused(std::string(1, '\0') + "\n", kConfig, "line 1, column 1");
    refused(kScores, "{", "config.json");
    refused(kScores, R"({"recent_size": 256})", "$.sink_size");
    refused(kScores, R"({"sink_size": -1, "recent_size": 256})", "$.sink_size");
    refused(kScores, R"({"sink_size": 64, "recent_size": 0})", "$.recent_size");
    refused(kScores, R"({"sink_size": 64, "recent_size": 1e12})", "$.recent_size");
    refused(kScores, R"({"sink_size": 64, "recent_size": null})", "$.recent_size");
    std::string wide = "1";
    for (int i = 0; i < 5000; ++i) wide += "\t1";
    refused(wide, kConfig, "4096 KV heads");
    const TempFolder folder;
    folder.write("full_attention_heads.tsv", kScores);
    EXPECT_NE(fileErrorOf([&] { readDuo(folder.path()); }).find("config.json"), std::string::npos);
    fileErrorOf([&] { readDuo(folder.file("absent")); });
}

} // namespace
} // namespace moa
