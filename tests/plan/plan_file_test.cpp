// Plans survive a save and load: rules to the bit, the passport, and every key this program does not know.
#include "engine/plan/plan_file.h"

#include "engine/plan/json_file.h"
#include "engine/plan/plan_io_published.h"
#include "tests/plan/plan_samples.h"

#include <limits>
#include <random>

namespace moa {
namespace {

using Json = nlohmann::json;

TEST(PlanFile, RoundTripKeepsRulesSinkAndPassport) {
    const TempFolder folder;
    PlanFile file = samplePlanFile();
    file.plan.sink = 128;
    writePlan(folder.file("plan.json"), file);
    const PlanFile back = readPlan(folder.file("plan.json"));
    EXPECT_EQ(back.plan.rules, file.plan.rules);
    EXPECT_EQ(back.plan.sink, 128);
    EXPECT_EQ(back.plan.kvHeads, 2);
    EXPECT_TRUE(back.kvHeadsKnown);
    EXPECT_EQ(back.modelName(), "moa-tiny");
    EXPECT_EQ(back.modelSha256(), std::string(64, 'a'));
    EXPECT_EQ(back.headDim(), 64);
    EXPECT_EQ(back.passport("search")["gap"], 0.0125);
    EXPECT_EQ(back.passport("measurements").size(), 1u);
    EXPECT_EQ(back.passport("nothing"), Json(nullptr));
}

TEST(PlanFile, RulesAreExactDoubles) {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> any(-3000, 3000);
    PlanFile file = samplePlanFile();
    for (Rule& r : file.plan.rules) r = {any(random), any(random) / 3000};
    file.plan.rules[0] = {std::numeric_limits<double>::denorm_min(), -0.0};
    file.plan.rules[1] = {1024 * (1 / 3.0), 0.1 + 0.2};
    EXPECT_EQ(parsePlan(planText(file), "text").plan.rules, file.plan.rules);
}

TEST(PlanFile, PassportHasTheContractsKeys) {
    const Json passport = planDocument(samplePlanFile())[kPassportKey];
    for (const char* key :
         {"version", "kv_heads", "sink", "block", "rules", "model", "profile", "search", "measurements"})
        EXPECT_TRUE(passport.contains(key)) << key;
    EXPECT_EQ(passport["block"], 64);
    EXPECT_EQ(passport["rules"], Json::parse("[[-1024.0, 0.875], [0.0, 0.5], [512.0, 0.0]]"));
}

TEST(PlanFile, UnknownKeysSurviveAnEdit) {
    Json document = planDocument(samplePlanFile());
    const Json strange = Json::parse(
        R"({"a": [1, {"b": null}], "ü\u0000": "日本 \ud83d\ude00", "big": 18446744073709551615})");
    document["somebody_elses"] = strange;
    document[kPassportKey]["future"] = strange;
    document[kPassportKey]["model"]["licence"] = "x";
    document[kPassportKey]["measurements"].push_back(strange);
    PlanFile file = parsePlan(document.dump(), "text");
    file.plan.rule(LayerIndex(1), HeadIndex(3)) = {192, 0};
    const Json back = Json::parse(planText(parsePlan(planText(file), "text")));
    EXPECT_EQ(back["somebody_elses"], strange);
    EXPECT_EQ(back[kPassportKey]["future"], strange);
    EXPECT_EQ(back[kPassportKey]["model"]["licence"], "x");
    EXPECT_EQ(back[kPassportKey]["measurements"][1], strange);
    EXPECT_EQ(back["alphas"][1][3], 192);
    EXPECT_EQ(back[kPassportKey]["rules"].size(), 4u); // the list follows the edit
}

TEST(PlanFile, PublishedFileLoadsWithoutLossAndExportsToTheSameNumbers) {
    const TempFolder folder;
    const std::string text = R"({"alphas": [[0.0, 1024.0, -2048.0, 64.5]], "betas": [[0.5, 0, 1.0, 0.125]]})";
    const std::string path = folder.write("published.json", text);
    const PlanFile file = importPublished(path, 2);
    EXPECT_EQ(file.plan.layers, 1);
    EXPECT_EQ(file.plan.heads, 4);
    EXPECT_EQ(file.plan.kvHeads, 2);
    EXPECT_EQ(file.plan.sink, 64);
    EXPECT_EQ(file.plan.rule(LayerIndex(0), HeadIndex(2)), (Rule{-2048, 1}));
    EXPECT_EQ(file.passport("kv_heads"), 2);
    exportPublished(folder.file("out.json"), file.plan);
    EXPECT_EQ(Json::parse(contents(folder.file("out.json"))), Json::parse(text));
}

TEST(PlanFile, KvHeadsOfABareFileAreNotInvented) {
    PlanFile file = parsePlan(R"({"alphas": [[0, 0]], "betas": [[1, 1]]})", "text");
    EXPECT_FALSE(file.kvHeadsKnown);
    EXPECT_EQ(file.plan.kvHeads, 2);
    EXPECT_FALSE(planDocument(file).contains(kPassportKey));
    EXPECT_THROW(addMeasurement(file, Json::object()), UsageError);
    EXPECT_NE(fileErrorOf([] {
                  parsePlan(R"({"alphas": [[0, 0]], "betas": [[1, 1]]})", "f", 3);
              }).find("3 KV heads"),
              std::string::npos);
}

TEST(PlanFile, ThePassportOutranksTheFallback) {
    EXPECT_EQ(parsePlan(planText(samplePlanFile()), "text", 4).plan.kvHeads, 2);
}

TEST(PlanFile, MeasurementsAreAppended) {
    PlanFile file = parsePlan(R"({"alphas": [[0, 0]], "betas": [[1, 1]]})", "text", 1);
    addMeasurement(file, {{"name", "answer_nll"}, {"value", 0.25}});
    const PlanFile back = parsePlan(planText(file), "text");
    EXPECT_EQ(back.plan.kvHeads, 1);
    EXPECT_EQ(back.passport("measurements")[0]["value"], 0.25);
}

TEST(PlanFile, ANewerPassportIsReadOnlyWhenItSaysThatWeCan) {
    Json document = planDocument(samplePlanFile());
    document[kPassportKey]["version"] = 2;
    const auto read = [&] { return parsePlan(document.dump(), "new.json"); };
    const std::string message = fileErrorOf(read);
    EXPECT_NE(message.find("new.json: $.moa_workbench.version"), std::string::npos) << message;
    EXPECT_NE(message.find("newer version"), std::string::npos) << message;
    document[kPassportKey]["readable_from"] = 1;
    EXPECT_EQ(planDocument(read())[kPassportKey]["version"], 2)
        << "its unknown parts are kept, so is its version";
    document[kPassportKey]["readable_from"] = 2;
    fileErrorOf(read);
}

TEST(PlanFile, MalformedPlansAreNeverWritten) {
    const TempFolder folder;
    const auto refuses = [&](auto&& damage) {
        PlanFile file = samplePlanFile();
        damage(file.plan);
        EXPECT_THROW(writePlan(folder.file("p.json"), file), UsageError);
    };
    refuses([](SparsePlan& p) { p.rules.pop_back(); });
    refuses([](SparsePlan& p) { p.kvHeads = 3; });
    refuses([](SparsePlan& p) { p.kvHeads = 0; });
    refuses([](SparsePlan& p) { p.sink = 65; });
    refuses([](SparsePlan& p) { p.sink = 320; });
    refuses([](SparsePlan& p) { p.rules[3].alpha = std::nan(""); });
    refuses([](SparsePlan& p) { p.rules[3].beta = INFINITY; });
    EXPECT_EQ(folder.entries(), 0u);
}

TEST(JsonText, NumbersStandInRowsAndBadBytesDoNotThrow) {
    const Json document = {{"grid", {{1, 2}, {3, 4.5}}}, {"empty", Json::array()}, {"text", "\xff"}};
    EXPECT_EQ(jsonfile::text(document), "{\n  \"empty\": [],\n  \"grid\": [\n    [1,2],\n    [3,4.5]\n  ],\n"
                                        "  \"text\": \"\xef\xbf\xbd\"\n}\n");
}

} // namespace
} // namespace moa
