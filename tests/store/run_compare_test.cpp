// Comparisons, lineage, trends and the page to share.
#include "store/query/lineage.h"
#include "store/query/measures.h"
#include "store/query/run_compare.h"
#include "store/query/trend.h"
#include "store/report/html_report.h"
#include "store/report/svg_chart.h"
#include "tests/store/store_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace moa {
namespace {

struct Comparing : testing::Test {
    StoreFolder folder;
    History history = History::open(folder.file("h.sqlite"));

    RunId add(double retrieval, double speed, const std::string& plan = "half.json",
              const std::string& json = R"({"alphas": [[64, 0]], "betas": [[0, 0.5]]})") {
        RunRecord run = sampleRun();
        run.plan = PlanRef{plan, json, "sha of " + json, "search", std::nullopt};
        run.measurements[0].value = retrieval;
        run.measurements[1].value = speed;
        run.series = {{"kl", "nats", 0, {0.5F, 0.25F, 0.125F}}};
        return history.recordRun(run);
    }
    static const ComparisonRow& row(const RunComparison& c, const std::string& name) {
        const auto found = std::ranges::find(c.rows, name, &ComparisonRow::name);
        if (found == c.rows.end()) throw std::runtime_error("no row " + name);
        return *found;
    }
};

TEST_F(Comparing, TicksByDirectionAndError) {
    const RunId base = add(0.98, 100),
                worse = add(0.5, 90, "edited.json", R"({"alphas": [[128, 0]], "betas": [[0, 0.5]]})"),
                within = add(0.99, 100);
    const std::vector runs = {worse, base, within};
    const RunComparison c = compareRuns(history, runs, 1);
    EXPECT_EQ(c.baseline, 1u);
    const ComparisonRow& retrieval = row(c, "retrieval, length 1024");
    EXPECT_EQ(retrieval.cells[0].tick, Tick::Worse);
    EXPECT_EQ(retrieval.cells[1].tick, Tick::Same);
    EXPECT_EQ(retrieval.cells[2].tick, Tick::Differs) << "within the errors it is neither";
    EXPECT_EQ(row(c, "decode_tok_s").cells[0].tick, Tick::Worse) << "slower";
    EXPECT_EQ(compareRuns(history, runs, 0).rows.size(), c.rows.size());
    EXPECT_EQ(row(compareRuns(history, runs, 0), "decode_tok_s").cells[1].tick, Tick::Better);
    EXPECT_EQ(row(c, "Rules that differ from run 1").cells[0].text, "1 head");
    EXPECT_EQ(row(c, "Rules that differ from run 1").cells[2].text, "none");
    EXPECT_FALSE(row(c, "Command").differs);
    EXPECT_TRUE(row(c, "Plan").differs);
    EXPECT_EQ(c.different, static_cast<std::size_t>(std::ranges::count_if(c.rows, &ComparisonRow::differs)));
}

TEST_F(Comparing, ValuesThatOnlyOneHas) {
    RunRecord bare;
    bare.command = "bench";
    bare.measurements = {{"retrieval", "", std::nan(""), 1, std::nullopt, R"({"length": 1024})"}};
    const std::vector runs = {add(1, 1), history.recordRun(bare)};
    const RunComparison c = compareRuns(history, runs);
    EXPECT_EQ(row(c, "retrieval, length 1024").cells[1].text, "");
    EXPECT_EQ(row(c, "retrieval, length 1024").cells[1].tick, Tick::Differs);
    EXPECT_EQ(row(c, "Model").cells[1].text, "");
    EXPECT_THROW(compareRuns(history, std::span(runs).first(1)), UsageError);
    EXPECT_THROW(compareRuns(history, runs, 2), UsageError);
    EXPECT_THROW(compareRuns(history, std::vector{RunId(1), RunId(99)}), UsageError);
    EXPECT_THROW(compareRuns(history, std::vector<RunId>(7, RunId(1))), UsageError);
}

TEST_F(Comparing, MarkdownIsATableWhateverTheNames) {
    const std::vector runs = {add(1, 1, "a|b\n<script>`x`"), add(0.5, 2)};
    const std::string text = markdownOf(compareRuns(history, runs), true);
    EXPECT_NE(text.find("a\\|b \\<script\\>\\`x\\`"), std::string::npos) << text;
    EXPECT_EQ(text.find("| Command |"), std::string::npos) << "the same in both";
    EXPECT_EQ(text.find("two"), std::string::npos) << "what was typed stays out";
    EXPECT_NE(text.find("**0.5** worse"), std::string::npos) << text;
}

TEST_F(Comparing, DirectionsOfMeasures) {
    EXPECT_EQ(directionOf("retrieval"), Direction::HigherIsBetter);
    EXPECT_EQ(directionOf("decode_tok_s"), Direction::HigherIsBetter);
    EXPECT_EQ(directionOf("prefill_s"), Direction::LowerIsBetter);
    EXPECT_EQ(directionOf("kl_max"), Direction::LowerIsBetter);
    EXPECT_EQ(directionOf("kv_bytes"), Direction::LowerIsBetter);
    EXPECT_EQ(directionOf("colour"), Direction::None);
}

struct Lines : Comparing {
    PlanId save(const std::string& name, const std::string& json, const std::string& origin,
                std::optional<PlanId> parent = std::nullopt) {
        return history.recordPlan({name, json, "sha of " + json, origin, parent});
    }
    static bool leads(const Lineage& l, const std::string& from, const std::string& to,
                      const std::string& how) {
        return std::ranges::any_of(l.edges, [&](const LineageEdge& e) {
            return l.nodes[e.from].label == from && l.nodes[e.to].label == to && e.kind == how;
        });
    }
};

TEST_F(Lines, FromTheProfileToTheRunsThatUsedAnEdit) {
    RunRecord profile = sampleRun();
    profile.command = "profile";
    profile.plan.reset();
    profile.profile.reset();
    profile.writtenProfile = ProfileRef{"p.moaprofile", "beef", {1024}, 8, "lines"};
    history.recordRun(profile);
    RunRecord search = sampleRun();
    search.command = "search";
    search.plan.reset();
    search.profile = profile.writtenProfile;
    SearchRecord found;
    found.plan = PlanRef{"found.json", R"({"a": 1})", "sha of {\"a\": 1}", "search", std::nullopt};
    found.status = "optimal";
    search.searches = {found};
    history.recordRun(search);
    RunRecord compared = sampleRun();
    compared.command = "compare";
    compared.plan = PlanRef{"edited.json", R"({"a": 2})", "", "edit", std::nullopt, "sha of {\"a\": 1}"};
    const RunId run = history.recordRun(compared);
    const PlanId edited = *history.show(run).summary.plan;
    save("copy.json", R"({"a": 1})", "file");

    const Lineage l = lineageOf(history, edited);
    EXPECT_TRUE(leads(l, "profile", "p.moaprofile", "profiled"));
    EXPECT_TRUE(leads(l, "p.moaprofile", "search", "searched"));
    EXPECT_TRUE(leads(l, "search", "found.json", "found"));
    EXPECT_TRUE(leads(l, "found.json", "edited.json", "edit"));
    EXPECT_TRUE(leads(l, "found.json", "copy.json", "copied"));
    EXPECT_TRUE(leads(l, "edited.json", "compare", "used"));
    EXPECT_EQ(l.nodes[0].label, "edited.json");
    EXPECT_TRUE(l.nodes[0].isFocus);
    EXPECT_EQ(l.nodes[0].depth, 4);
    EXPECT_THROW(lineageOf(history, PlanId(99)), UsageError);
}

TEST_F(Lines, CyclesAndCrowdsEnd) {
    const PlanId a = save("a", "[1]", "search"), b = save("b", "[2]", "edit", a);
    save("a", "[1]", "edit", b); // the same plan again, now said to come from its own child
    EXPECT_EQ(lineageOf(history, b).nodes.size(), 2u);
    PlanId last = a;
    for (int i = 0; i < 300; ++i)
        last = save("p" + std::to_string(i), "[3, " + std::to_string(i) + "]", "edit", last);
    EXPECT_LE(lineageOf(history, last).nodes.size(), 200u);
    for (int i = 0; i < 12; ++i) {
        RunRecord run = sampleRun();
        run.plan = PlanRef{"b", "[2]", "", "file", std::nullopt};
        history.recordRun(run);
    }
    const Lineage l = lineageOf(history, b, 5);
    EXPECT_EQ(l.omittedRuns, 7);
}

TEST_F(Comparing, TrendsAreOldestFirstAndLimited) {
    for (int i = 0; i < 5; ++i) {
        RunRecord run = sampleRun();
        run.started = *parseIsoTime("2026-01-05T00:00:00Z") - std::chrono::hours(24 * i);
        run.measurements[0].value = i;
        history.recordRun(run);
    }
    const Trend all = measureTrend(history, "retrieval");
    ASSERT_EQ(all.points.size(), 5u);
    EXPECT_EQ(all.points[0].value, 4) << "by the time it started";
    EXPECT_EQ(all.points[0].length, 1024);
    EXPECT_EQ(all.points[0].planName, "half.json");
    const std::vector some = {RunId(2), RunId(4)};
    EXPECT_EQ(measureTrend(history, "retrieval", some).points.size(), 2u);
    const Trend few = measureTrend(history, "retrieval", {}, 2);
    EXPECT_EQ(few.points.size(), 2u);
    EXPECT_EQ(few.omitted, 3);
    EXPECT_TRUE(measureTrend(history, "' OR 1=1").points.empty());
}

TEST_F(Comparing, TheReportAsksForNothingAndEscapesEverything) {
    const std::string hostile = "<script>alert(\"x\")</script>' onload=&\x01\xff";
    RunRecord run = sampleRun();
    run.command = run.error = run.device = run.model->name = run.plan->name = run.plan->origin = hostile;
    run.model->quantisation = run.profile->path = run.profile->calibration = hostile;
    run.accelerator = Accelerator{hostile, 1, hostile, hostile};
    run.status = RunStatus::Failed;
    run.prompt = PromptRef{"abc", 3, "a secret prompt"};
    run.arguments = {"score", "--text", "a secret prompt"};
    run.result = R"({"text": "a secret answer"})";
    run.measurements = {{hostile, hostile, 0.5, 1, 0.1, R"({"task": "</td><img src=x>"})"}};
    run.series = {{hostile, hostile, 0, {1, 2, std::numeric_limits<float>::quiet_NaN(), 3}}};
    const RunId a = history.recordRun(run), b = add(0.9, 50);
    history.setNote(a, hostile);
    for (const std::vector<RunId>& runs : {std::vector{a}, std::vector{a, b}}) {
        const std::string html = htmlReport(history, runs);
        for (const char* banned : {"<script", "<img", "onload=&\x01", "secret", "http:", "https:", "src=\"",
                                   "href=", "url(", "@import"})
            EXPECT_EQ(html.find(banned), std::string::npos) << banned;
        EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
        EXPECT_NE(html.find("<svg"), std::string::npos);
        EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
        EXPECT_EQ(std::ranges::count(html, '\x01'), 0);
    }
    EXPECT_THROW(htmlReport(history, {}), UsageError);
    EXPECT_THROW(htmlReport(history, std::vector{RunId(99)}), UsageError);
}

TEST(SvgChart, DrawsWhatThereIs) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(lineChart({}, ""), "");
    EXPECT_EQ(lineChart({{"a", 0, {nan, nan}}}, ""), "");
    EXPECT_NE(lineChart({{"a", 0, {1}}}, "").find("<path"), std::string::npos);
    const std::string gap = lineChart({{"a", 5, {1, nan, 3, 4}}}, "nats");
    const std::size_t path = gap.find(" d=\"");
    EXPECT_EQ(std::count(gap.begin() + static_cast<std::ptrdiff_t>(path), gap.end(), 'M'), 2)
        << "a gap lifts the pen";
    // A spike among 100,000 values is drawn, in a few thousand characters.
    std::vector<float> many(100'000, 0.0F);
    many[54'321] = 7;
    const std::string spike = lineChart({{"a", 0, many}}, "");
    EXPECT_LT(spike.size(), 60'000u);
    EXPECT_NE(spike.find(" 12.0L"), std::string::npos) << "its top is the chart's";
    EXPECT_EQ(barChart({{"a", std::nan(""), std::nullopt, 0}}), "");
    EXPECT_NE(barChart({{"a<b", -2, 0.5, 9}}).find("a&lt;b"), std::string::npos);
    EXPECT_EQ(shortNumber(0.000123), "0.000123");
    EXPECT_EQ(shortNumber(1234.5), "1234.5");
}

} // namespace
} // namespace moa
