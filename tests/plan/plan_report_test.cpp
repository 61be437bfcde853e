// What show, check, diff and uniform say, against numbers worked out by hand from docs/method.md.
#include "engine/plan/plan_check.h"
#include "engine/plan/plan_diff.h"
#include "engine/plan/plan_summary.h"
#include "engine/plan/uniform_plan.h"
#include "tests/plan/plan_samples.h"

#include <algorithm>

namespace moa {
namespace {

using Json = nlohmann::json;
const std::vector<std::int64_t> kAt1024 = {1024};

TEST(PlanSummary, HasTheContractsKeysAndHandComputedValues) {
    // Caches at 1,024: 512 512 / 128 512 (span −1024 + 896 < 0, one sink and one block).
    const Json s = summarizePlan(samplePlan(), kAt1024, 64);
    EXPECT_EQ(s["layers"], 2);
    EXPECT_EQ(s["heads"], 4);
    EXPECT_EQ(s["kv_heads"], 2);
    EXPECT_EQ(s["distinct_rules"], 3);
    EXPECT_EQ(s["max_distinct_rules_per_layer"], 2);
    EXPECT_EQ(s["disagreeing_kv_heads"], 0);
    const Json at = s["at"]["1024"];
    EXPECT_EQ(at["cache"], Json::parse("[[512, 512], [128, 512]]"));
    EXPECT_DOUBLE_EQ(at["density"].get<double>(), 1664.0 / 4096);
    EXPECT_DOUBLE_EQ(at["mean_span"].get<double>(), (512 + 512 + 0 + 512) / 4.0);
    EXPECT_EQ(at["kv_bytes"], 1664 * 2 * 64 * 2);
}

TEST(PlanSummary, BytesAreNullWhileTheHeadDimensionIsUnknown) {
    EXPECT_TRUE(summarizePlan(samplePlan(), kAt1024, 0)["at"]["1024"]["kv_bytes"].is_null());
    EXPECT_THROW(summarizePlan(samplePlan(), std::vector<std::int64_t>{0}, 64), UsageError);
}

/// KV head 0 of layer 0: query heads want 128 and 512 of 1,024.
PlanFile disagreeing() {
    PlanFile file = samplePlanFile();
    file.plan.rule(LayerIndex(0), HeadIndex(0)) = {128, 0};
    file.document = planDocument(file);
    return file;
}

ModelToFit sampleModel() {
    ModelToFit model;
    model.config.layers = 2;
    model.config.heads = 4;
    model.config.kvHeads = 2;
    model.config.context = 4096;
    model.sha256 = std::string(64, 'a');
    return model;
}

bool has(const std::vector<PlanProblem>& problems, const std::string& code, Severity severity) {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const PlanProblem& p) { return p.code == code && p.severity == severity; });
}

TEST(PlanCheck, DisagreeingHeadsAreListedWithTheirCost) {
    const PlanFile file = disagreeing();
    const auto list = disagreements(file.plan, kAt1024);
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].layer, LayerIndex(0));
    EXPECT_EQ(list[0].kvHead, KvHeadIndex(0));
    EXPECT_EQ(list[0].cost[0].cache, 512);
    EXPECT_EQ(list[0].cost[0].least, 128);
    EXPECT_DOUBLE_EQ(list[0].cost[0].mean, 320);
    EXPECT_EQ(disagreeingKvHeads(file.plan), 1);
    const Json report = checkReport(file, sampleModel(), kAt1024);
    EXPECT_EQ(report["ok"], true);
    EXPECT_EQ(report["disagreeing"][0]["at"]["1024"]["cache"], 512);
    EXPECT_DOUBLE_EQ(report["extra_cache_tokens"]["1024"]["over_mean"].get<double>(), 192);
    EXPECT_DOUBLE_EQ(report["extra_cache_tokens"]["1024"]["over_least"].get<double>(), 384);
    EXPECT_DOUBLE_EQ(report["extra_cache_tokens"]["1024"]["share_of_cache"].get<double>(), 192.0 / 1664);
    EXPECT_TRUE(has(checkPlan(file, sampleModel(), kAt1024), "disagreeing_kv_heads", Severity::Warning));
}

TEST(PlanCheck, AGoodPlanHasOnlyNotes) {
    for (const PlanProblem& p : checkPlan(samplePlanFile(), sampleModel(), kAt1024))
        EXPECT_EQ(p.severity, Severity::Note) << p.message;
    EXPECT_TRUE(has(checkPlan(samplePlanFile(), sampleModel(), kAt1024), "narrow", Severity::Note));
}

TEST(PlanCheck, WrongShapesAreErrors) {
    ModelToFit model = sampleModel();
    model.config.layers = 3;
    model.config.heads = 8;
    model.config.kvHeads = 4;
    const auto problems = checkPlan(samplePlanFile(), model, {});
    for (const char* code : {"layers", "heads", "kv_heads"})
        EXPECT_TRUE(has(problems, code, Severity::Error)) << code;
    EXPECT_EQ(checkReport(samplePlanFile(), model, {})["ok"], false);
    EXPECT_EQ(problems.front().severity, Severity::Error);
}

TEST(PlanCheck, OtherWeightsStaleRulesAndLongLengthsAreSaid) {
    ModelToFit model = sampleModel();
    model.sha256 = std::string(64, 'b');
    PlanFile edited = samplePlanFile();
    edited.plan.rule(LayerIndex(0), HeadIndex(0)) = {777, 0};
    const auto problems = checkPlan(edited, model, std::vector<std::int64_t>{8192});
    EXPECT_TRUE(has(problems, "model", Severity::Warning));
    EXPECT_TRUE(has(problems, "stale_rules", Severity::Warning));
    EXPECT_TRUE(has(problems, "context", Severity::Note));
    const PlanFile bare = parsePlan(R"({"alphas": [[0, 0]], "betas": [[1, 1]]})", "text");
    EXPECT_TRUE(has(checkPlan(bare, std::nullopt, {}), "kv_heads_unknown", Severity::Note));
}

TEST(PlanDiff, ListsChangedKvHeadsAndTotals) {
    SparsePlan b = samplePlan();
    for (int h = 0; h < 2; ++h) b.rule(LayerIndex(1), HeadIndex(h)) = {256, 0};
    const Json d = diffPlans(samplePlan(), b, kAt1024);
    EXPECT_EQ(d["changed_kv_heads"], 1);
    EXPECT_EQ(d["heads"][0]["layer"], 1);
    EXPECT_EQ(d["heads"][0]["kv_head"], 0);
    EXPECT_EQ(d["heads"][0]["cache"]["1024"], Json::parse("[128, 256]"));
    EXPECT_EQ(d["heads"][0]["rules"][1], Json::parse("[[256.0, 0.0], [256.0, 0.0]]"));
    EXPECT_EQ(d["at"]["1024"]["cache_tokens"], Json::parse("[1664, 1792]"));
    EXPECT_EQ(d["at"]["1024"]["wider"], 1);
    EXPECT_EQ(d["at"]["1024"]["narrower"], 0);
    EXPECT_EQ(diffPlans(b, b, kAt1024)["changed_kv_heads"], 0);
}

TEST(PlanDiff, PlansOfOneModelWithOtherHeadCountsCompareByKvHead) {
    // The same rule for 2 and for 4 query heads of 2 KV heads is the same plan to the cache.
    EXPECT_EQ(diffPlans(uniformPlan(1, 2, 2, {0, 0.5}), uniformPlan(1, 4, 2, {0, 0.5}),
                        kAt1024)["changed_kv_heads"],
              0);
    EXPECT_THROW(diffPlans(samplePlan(), uniformPlan(3, 4, 2, {0, 1}), kAt1024), UsageError);
    EXPECT_THROW(diffPlans(samplePlan(), uniformPlan(2, 4, 4, {0, 1}), kAt1024), UsageError);
    EXPECT_THROW(diffPlans(samplePlan(), samplePlan(), std::vector<std::int64_t>{-1}), UsageError);
}

TEST(UniformPlan, HoldsTheAskedShareWhereBlocksAllow) {
    for (const double density : {0.125, 0.25, 0.5, 0.75, 1.0})
        for (const std::int64_t n : {1024, 2048, 4096})
            EXPECT_DOUBLE_EQ(uniformAtDensity(3, 4, 2, density).density(n), density)
                << density << " at " << n;
    EXPECT_EQ(uniformAtDensity(3, 4, 2, 0.5).rules.front(), (Rule{0, 0.5}));
}

TEST(UniformPlan, ElsewhereItIsTheNextBlockAbove) {
    for (const double density : {0.3, 0.371, 0.9})
        for (const std::int64_t n : {1000, 2048, 5000}) {
            const double got = uniformAtDensity(1, 1, 1, density).density(n);
            const double asked = density * double(n) / double(denseCache(n, 64));
            EXPECT_GE(got, asked - 1.0 / double(n));
            EXPECT_LT(got, asked + 64.0 / double(n));
        }
    EXPECT_DOUBLE_EQ(uniformAtDensity(1, 1, 1, 0.01).density(1024), 128.0 / 1024); // never under sink + block
}

TEST(UniformPlan, RefusesNonsense) {
    for (const double density : {0.0, -0.5, 1.5, std::nan("")})
        EXPECT_THROW(uniformAtDensity(2, 4, 2, density), UsageError);
    EXPECT_THROW(uniformAtDensity(0, 4, 2, 0.5), UsageError);
    EXPECT_THROW(uniformAtDensity(2, 4, 3, 0.5), UsageError);
    EXPECT_THROW(uniformAtDensity(2, 4, 2, 0.5, 100), UsageError);
}

} // namespace
} // namespace moa
