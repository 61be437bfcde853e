#include "app/cli/commands/effective.h"

#include "app/cli/result_file.h"
#include "app/cli/score_json.h"
#include "app/cli/text_table.h"

#include "engine/compare/effective_context.h"
#include "engine/core/format.h"
#include "engine/profile/profile_file.h"

namespace moa::cli {
namespace {

Json resultOf(const EffectiveContext& outcome, std::int64_t meanSpan) {
    Json rows = Json::array();
    for (const EffectiveRow& row : outcome.rows)
        rows.push_back({{"length", row.length},
                        {"density", row.density},
                        {"dense", scoreJson(row.dense)},
                        {"plan", row.plan ? scoreJson(row.planned) : Json()},
                        {"plan_mean_span", row.plan ? Json(row.plan->meanSpan(row.length)) : Json()},
                        {"uniform", scoreJson(row.uniform)}});
    const auto multiple = [&](int tokens) { return static_cast<double>(tokens) / static_cast<double>(meanSpan); };
    return {{"rows", rows},
            {"effective",
             {{"dense", outcome.dense},
              {"plan", outcome.planned},
              {"uniform", outcome.uniform},
              {"mean_span", meanSpan},
              {"multiple", multiple(outcome.planned)},
              {"uniform_multiple", multiple(outcome.uniform)}}}};
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
    const auto loaded = cli.loadModel(request.model);
    cli.beginRun({.command = "retrieval",
                  .model = &loaded->files(),
                  .settings = {{"tasks", retrieval.tasks},
                               {"lengths", retrieval.lengths},
                               {"prompts", retrieval.prompts},
                               {"questions_per_prompt", retrieval.questionsPerPrompt},
                               {"effective_context", true},
                               {"mean_span", meanSpan},
                               {"estimate", request.estimate},
                               {"profile", request.profile}},
                  .seed = cli.options.seed});
    EffectiveContextOptions options;
    options.meanSpan = meanSpan;
    options.estimate = parseEstimate(request.estimate);
    options.retrieval = retrieval;
    const EffectiveContext outcome = measureEffectiveContext(*loaded, profile, options, cli.stopToken(), cli.progress());
    const Json result = resultOf(outcome, meanSpan);
    writeResult(request.out, result, [&] { return panelsOf(result, meanSpan); });
    Conclusion end{.result = result, .text = describe(result)};
    const std::string context = Json{{"mean_span", meanSpan}}.dump();
    end.measurements.push_back({"effective_context", "tokens", static_cast<double>(outcome.planned),
                                outcome.rows.empty() ? 0 : outcome.rows.back().planned.asked, {}, context});
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; the result holds the " + std::to_string(outcome.rows.size()) + " finished lengths";
    }
    return cli.conclude(std::move(end));
}

} // namespace moa::cli
