#include "app/cli/commands/effective.h"

#include "app/cli/text_table.h"

#include "engine/compare/effective_context.h"
#include "engine/core/format.h"
#include "engine/profile/profile_file.h"

namespace moa::cli {
namespace {

Json scoreJson(const Score& score) {
    const Interval interval = score.interval95();
    return {{"accuracy", score.accuracy()},
            {"asked", score.asked},
            {"right", score.right},
            {"interval95", {interval.low, interval.high}}};
}

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
        return formatFixed(score["accuracy"].get<double>(), 3) + " (" +
               formatFixed(score["interval95"][0].get<double>(), 2) + "–" +
               formatFixed(score["interval95"][1].get<double>(), 2) + ")";
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

} // namespace

ExitCode runEffectiveContext(const std::string& model, const std::string& profilePath, std::int64_t meanSpan,
                             const std::string& estimate, const RetrievalOptions& retrieval, CliContext& cli) {
    const ProfileData profile = readProfile(profilePath, false);
    const auto loaded = cli.loadModel(model);
    cli.beginRun({.command = "retrieval",
                  .model = &loaded->files(),
                  .settings = {{"tasks", retrieval.tasks},
                               {"lengths", retrieval.lengths},
                               {"prompts", retrieval.prompts},
                               {"questions_per_prompt", retrieval.questionsPerPrompt},
                               {"effective_context", true},
                               {"mean_span", meanSpan},
                               {"estimate", estimate},
                               {"profile", profilePath}},
                  .seed = cli.options.seed});
    EffectiveContextOptions options;
    options.meanSpan = meanSpan;
    options.estimate = parseEstimate(estimate);
    options.retrieval = retrieval;
    const EffectiveContext outcome = measureEffectiveContext(*loaded, profile, options, cli.stopToken(), cli.progress());
    const Json result = resultOf(outcome, meanSpan);
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
