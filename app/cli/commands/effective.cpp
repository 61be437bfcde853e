#include "app/cli/commands/effective.h"

#include "app/cli/result_file.h"
#include "app/cli/score_json.h"
#include "app/cli/text_table.h"

#include "engine/compare/effective_context.h"
#include "engine/core/format.h"
#include "engine/loader/json_reader.h"
#include "engine/profile/profile_file.h"

#include <map>

namespace moa::cli {
namespace {

constexpr std::uint64_t kMostBytes = 16ull << 20;

Json rowJson(const EffectiveRow& row) {
    return {{"length", row.length},
            {"density", row.density},
            {"dense", scoreJson(row.dense)},
            {"plan", row.plan ? scoreJson(row.planned) : Json()},
            {"plan_mean_span", row.plan ? Json(row.plan->meanSpan(row.length)) : Json()},
            {"uniform", scoreJson(row.uniform)}};
}

/// What two runs must share to be one.
Json setupOf(const Model& files, const EffectiveRequest& request, std::uint64_t seed) {
    return {{"model", files.sha256()},
            {"mean_span", request.meanSpan},
            {"estimate", request.estimate},
            {"tasks", request.retrieval.tasks},
            {"prompts", request.retrieval.prompts},
            {"questions_per_prompt", request.retrieval.questionsPerPrompt},
            {"seed", seed}};
}

Score readScore(const JsonView& json) {
    Score score;
    score.asked = static_cast<int>(json.at("asked").integer(1, 1 << 30));
    score.right = static_cast<int>(json.at("right").integer(0, score.asked));
    return score;
}

/// The rows of an earlier run's file, by length. Throws FileError, and UsageError where it measured something else.
std::map<int, Json> readRows(const std::string& path, const Json& setup) {
    std::map<int, Json> rows;
    if (path.empty()) return rows;
    const Json document = readJsonFile(path, kMostBytes);
    const JsonView root(document, path);
    if (root.at("setup").raw() != setup)
        throw UsageError("--resume " + path + ": that run has another model, mean span, tasks, samples or seed");
    const JsonView list = root.at("rows");
    for (std::size_t i = 0; i < list.size(); ++i) {
        const JsonView row = list[i];
        const auto span = row.find("plan_mean_span");
        Json kept = {{"length", row.at("length").integer(1, 1 << 30)},
                     {"density", row.at("density").number()},
                     {"dense", scoreJson(readScore(row.at("dense")))},
                     {"uniform", scoreJson(readScore(row.at("uniform")))},
                     {"plan", Json()},
                     {"plan_mean_span", span ? Json(span->number()) : Json()}};
        if (const auto plan = row.find("plan")) kept["plan"] = scoreJson(readScore(*plan));
        rows[kept["length"].get<int>()] = kept;
    }
    return rows;
}

/// The longest length up to which a side keeps its share, tokens.
int reachOf(const std::map<int, Json>& rows, const char* side) {
    int reach = 0;
    for (const auto& [length, row] : rows) {
        if (row[side].is_null() || row[side]["accuracy"].get<double>() < EffectiveContextOptions().threshold) break;
        reach = length;
    }
    return reach;
}

Json resultOf(const std::map<int, Json>& rows, const Json& setup, std::int64_t meanSpan) {
    Json result = {{"setup", setup}, {"rows", Json::array()}};
    for (const auto& [length, row] : rows) result["rows"].push_back(row);
    const auto multiple = [&](int tokens) { return static_cast<double>(tokens) / static_cast<double>(meanSpan); };
    const int plan = reachOf(rows, "plan"), uniform = reachOf(rows, "uniform");
    result["effective"] = {{"dense", reachOf(rows, "dense")},
                           {"plan", plan},
                           {"uniform", uniform},
                           {"mean_span", meanSpan},
                           {"multiple", multiple(plan)},
                           {"uniform_multiple", multiple(uniform)}};
    return result;
}

std::string describe(const Json& result) {
    TextTable table({"length", "cache", "mean span", "asked", "dense", "plan", "uniform"});
    const auto shown = [](const Json& score) {
        if (score.is_null()) return std::string("no such plan");
        return shownScore(score);
    };
    for (const Json& row : result["rows"])
        table.add({row["length"].dump(), formatFixed(100 * row["density"].get<double>(), 1) + "%",
                   row["plan_mean_span"].is_null() ? "–" : formatFixed(row["plan_mean_span"].get<double>(), 0),
                   row["dense"]["asked"].dump(), shown(row["dense"]), shown(row["plan"]), shown(row["uniform"])});
    const Json& e = result["effective"];
    return table.text() +
           keyValueLines({{"effective context, dense", e["dense"].dump()},
                          {"effective context, plan", e["plan"].dump() + ", " +
                                                          formatFixed(e["multiple"].get<double>(), 1) + " × its mean span"},
                          {"effective context, uniform", e["uniform"].dump() + ", " +
                                                             formatFixed(e["uniform_multiple"].get<double>(), 1) + " ×"}});
}

/// Answers over lengths, with intervals, and the 90% that an effective context keeps.
std::vector<Panel> panelsOf(const Json& result, std::int64_t meanSpan) {
    LinePanel panel;
    panel.title = "Right answers at a mean span of " + shortLength(static_cast<int>(meanSpan)) + " tokens";
    panel.xLabel = "tokens of the prompt";
    panel.percent = true;
    panel.yMost = 1;
    panel.yMark = EffectiveContextOptions().threshold;
    for (const Json& row : result["rows"]) panel.xNames.push_back(shortLength(row["length"].get<int>()));
    const struct {
        const char* name;
        Rgb colour;
    } sides[] = {{"dense", kDenseColour}, {"uniform", kUniformColour}, {"plan", kPlanColour}};
    for (const auto& [name, colour] : sides) {
        ChartSeries series{name, colour};
        series.dashed = std::string(name) != "plan";
        for (const Json& row : result["rows"]) {
            const Json& score = row[name];
            if (score.is_null()) break; // no plan is so small, nor at greater lengths
            series.x.push_back(row["length"].get<double>());
            series.y.push_back(score["accuracy"].get<double>());
            series.low.push_back(score["interval95"][0].get<double>());
            series.high.push_back(score["interval95"][1].get<double>());
        }
        panel.series.push_back(std::move(series));
    }
    return {panel};
}

} // namespace

ExitCode runEffectiveContext(const EffectiveRequest& request, CliContext& cli) {
    checkResultEnding(request.out);
    const RetrievalOptions& retrieval = request.retrieval;
    const std::int64_t meanSpan = request.meanSpan;
    const ProfileData profile = readProfile(request.profile, false);
    const auto files = cli.loadFiles(request.model);
    const Json setup = setupOf(*files, request, cli.options.seed);
    std::map<int, Json> rows = readRows(request.resume, setup);
    EffectiveContextOptions options;
    options.meanSpan = meanSpan;
    options.estimate = parseEstimate(request.estimate);
    options.retrieval = retrieval;
    if (retrieval.lengths.empty())
        for (const auto& [n, at] : profile.lengths) options.retrieval.lengths.push_back(n);
    std::erase_if(options.retrieval.lengths, [&](int n) { return rows.contains(n); });
    cli.beginRun({.command = "retrieval",
                  .model = files.get(),
                  .settings = {{"tasks", retrieval.tasks},
                               {"lengths", retrieval.lengths},
                               {"prompts", retrieval.prompts},
                               {"questions_per_prompt", retrieval.questionsPerPrompt},
                               {"effective_context", true},
                               {"mean_span", meanSpan},
                               {"estimate", request.estimate},
                               {"profile", request.profile}},
                  .seed = cli.options.seed});
    EffectiveContext outcome;
    if (!options.retrieval.lengths.empty()) {
        const auto model = cli.loadModel(files);
        outcome = measureEffectiveContext(*model, profile, options, cli.stopToken(), cli.progress());
    }
    for (const EffectiveRow& row : outcome.rows) rows[row.length] = rowJson(row);
    const Json result = resultOf(rows, setup, meanSpan);
    writeResult(request.out, result, [&] { return panelsOf(result, meanSpan); });
    Conclusion end{.result = result, .text = describe(result)};
    const std::string context = Json{{"mean_span", meanSpan}}.dump();
    end.measurements.push_back({"effective_context", "tokens", result["effective"]["plan"].get<double>(),
                                rows.empty() ? 0 : rows.rbegin()->second["dense"]["asked"].get<int>(), {}, context});
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; the result holds the " + std::to_string(outcome.rows.size()) + " finished lengths";
        if (request.out.ends_with(".json")) end.message += "; go on with --resume " + request.out;
    }
    return cli.conclude(std::move(end));
}

} // namespace moa::cli
