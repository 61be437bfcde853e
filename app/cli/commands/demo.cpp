// `moa demo`: the main job on the embedded model, and its table.
#include "app/cli/commands/commands.h"
#include "app/cli/demo_pipeline.h"
#include "engine/core/resources.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace moa::cli {
namespace {

struct DemoFlags {
    std::string out = "moa-demo";
    bool longInputs = false;
};

constexpr std::size_t kMasksPerDensity = 3; ///< moa, published, uniform

Json cell(const Score& score) {
    const Interval interval = score.interval95();
    return {{"right", score.right}, {"interval95", {interval.low, interval.high}}};
}

/// One row per task, length and density bound.
Json rowsOf(const DemoOutcome& outcome, const DemoOptions& options) {
    Json rows = Json::array();
    for (std::size_t d = 0; d < options.densities.size(); ++d)
        for (const RetrievalRow& row : outcome.retrieval.rows) {
            const std::size_t first = 1 + d * kMasksPerDensity;
            Json entry = {{"task", row.task},
                          {"length", row.length},
                          {"density", options.densities[d]},
                          {"asked", row.scores[0].asked},
                          {"plan_density", outcome.plans[2 * d].plan.plan.density(row.length)}};
            const auto add = [&](const std::string& name, std::size_t mask) {
                entry[name] = row.scores[mask].accuracy();
                entry["detail"][name] = cell(row.scores[mask]);
            };
            add("dense", 0);
            for (std::size_t m = 0; m < kMasksPerDensity; ++m) add(outcome.masks[first + m].name, first + m);
            rows.push_back(std::move(entry));
        }
    return rows;
}

std::string accuracyText(const Json& row, const char* name) {
    const Json& interval = row["detail"][name]["interval95"];
    return formatFixed(row[name].get<double>(), 2) + " (" + formatFixed(interval[0].get<double>(), 2) + "–" +
           formatFixed(interval[1].get<double>(), 2) + ")";
}

std::string table(const Json& rows) {
    TextTable text({"density", "task", "length", "asked", "dense", "MoA", "uniform", "published estimate"});
    for (const Json& row : rows)
        text.add({formatFixed(100 * row["density"].get<double>(), 0) + "%", row["task"].get<std::string>(),
                  std::to_string(row["length"].get<int>()), std::to_string(row["asked"].get<int>()),
                  accuracyText(row, "dense"), accuracyText(row, "moa"), accuracyText(row, "uniform"),
                  accuracyText(row, "published")});
    return text.text();
}

std::string describe(const Json& result) {
    std::string text = "Retrieval: share of whole answers right (95% interval)\n" + table(result["rows"]);
    TextTable plans({"plan", "estimate", "estimated loss", "bound", "gap", "answer loss at 8k", "dense"});
    for (const Json& plan : result["details"]) {
        const Json& v = plan["validation"];
        plans.add({plan["file"].get<std::string>(), plan["estimate"].get<std::string>(),
                   formatFixed(plan["objective"].get<double>(), 5),
                   plan["bound"].is_null() ? "–" : formatFixed(plan["bound"].get<double>(), 5),
                   plan["gap"].is_null() ? "–" : formatFixed(100 * plan["gap"].get<double>(), 2) + "%",
                   v.is_null() ? "–" : formatFixed(v["answer_nll"].get<double>(), 5),
                   v.is_null() ? "–" : formatFixed(v["dense_answer_nll"].get<double>(), 5)});
    }
    text += "\n" + plans.text();
    if (!result["compare"].is_null()) {
        const Json& c = result["compare"];
        text += "\n" +
                keyValueLines({{"dense answers", Json(c["dense"]).dump()},
                               {"sparsest plan answers", Json(c["sparse"]).dump()},
                               {"KL, mean", formatFixed(c["kl_mean"].get<double>(), 6) + " nats per token"},
                               {"first divergence",
                                c["first_divergence"].is_null() ? "none" : c["first_divergence"].dump()}});
    }
    text += keyValueLines({{"time", formatFixed(result["seconds"].get<double>(), 1) + " s"},
                           {"written to", result["out"].get<std::string>()}});
    return text;
}

Json resultOf(const DemoOutcome& outcome, const DemoOptions& options, const Model& model, double seconds) {
    Json plans = Json::array(), details = Json::array(), files = Json::array();
    for (const DemoPlan& plan : outcome.plans) {
        plans.push_back(plan.file.string());
        Json detail = outcomeJson(plan.search);
        detail["file"] = plan.file.string();
        detail["name"] = plan.name;
        detail["estimate"] = plan.estimate;
        if (plan.validation)
            detail["validation"] = {{"length", options.validationLength},
                                    {"answer_nll", plan.validation->answerNll},
                                    {"dense_answer_nll", plan.validation->denseAnswerNll},
                                    {"agreement", plan.validation->agreement}};
        else
            detail["validation"] = nullptr;
        details.push_back(std::move(detail));
    }
    for (const auto& file : outcome.files) files.push_back(file.string());
    Json result = {{"seconds", seconds}, {"out", options.out.string()},
                   {"plans", plans},     {"details", details},
                   {"files", files},     {"rows", rowsOf(outcome, options)},
                   {"compare", nullptr}, {"profile_seconds", outcome.profile.seconds}};
    if (const auto& c = outcome.compare) {
        const double sum = std::accumulate(c->kl.begin(), c->kl.end(), 0.0);
        result["compare"] = {{"dense", model.tokenizer.decode(c->dense.ids, true)},
                             {"sparse", model.tokenizer.decode(c->sparse.ids, true)},
                             {"kl_mean", c->kl.empty() ? 0 : sum / static_cast<double>(c->kl.size())},
                             {"first_divergence", c->firstDivergence ? Json(*c->firstDivergence) : Json()}};
    }
    return result;
}

ExitCode runDemoCommand(const DemoFlags& flags, CliContext& cli) {
    const auto start = std::chrono::steady_clock::now();
    const auto model = cli.loadModel("moa-tiny");
    DemoOptions options;
    options.out = flags.out;
    options.textFolder = resourcesFolder() / "texts";
    options.seed = cli.options.seed;
    options.toolVersion = MOA_VERSION;
    if (flags.longInputs) options.retrievalLengths = {1024, 2048, 4096, 8192, 16384};
    cli.beginRun({.command = "demo",
                  .model = &model->files(),
                  .settings = {{"profile_lengths", options.profileLengths},
                               {"profile_samples", options.profileSamples},
                               {"lengths", options.retrievalLengths},
                               {"prompts", options.prompts},
                               {"questions_per_prompt", options.questionsPerPrompt}},
                  .seed = cli.options.seed});
    const DemoOutcome outcome = runDemo(*model, options, cli.stopToken(), cli.progress());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const Json result = resultOf(outcome, options, model->files(), seconds);
    Conclusion end{.result = result, .text = describe(result), .searches = outcome.searches};
    end.measurements.push_back({"demo_seconds", "s", seconds, 1, {}});
    for (const Json& row : result["rows"])
        for (const char* name : {"dense", "moa", "uniform", "published"})
            end.measurements.push_back({"retrieval",
                                        "",
                                        row[name].get<double>(),
                                        row["asked"].get<int>(),
                                        {},
                                        Json{{"mask", name},
                                             {"task", row["task"]},
                                             {"length", row["length"]},
                                             {"density", row["density"]}}
                                            .dump()});
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; " +
                      (outcome.finishedStages.empty() ? "finished profile samples are"
                                                      : outcome.finishedStages + " and finished cells are") +
                      " kept in " + options.out.string() + ", the same command goes on";
    }
    return cli.conclude(std::move(end));
}

} // namespace

void addDemoCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<DemoFlags>();
    CLI::App& command = cli.addCommand(app, "demo", "The main job on the embedded model, with its table",
                                       "  moa demo\n  moa demo --out results --long");
    command.add_option("--out", flags->out, "folder for profile, plans and pictures")->capture_default_str();
    command.add_flag("--long", flags->longInputs, "also at 8,192 and 16,384 tokens (several minutes more)");
    cli.onRun(command, [flags, &cli] { return runDemoCommand(*flags, cli); });
}

} // namespace moa::cli
