// `moa validate`: what plans cost on answers the dense model wrote, at a length they were not made for.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_choice.h"
#include "engine/core/resources.h"
#include "app/cli/text_table.h"

#include "engine/compare/validation.h"
#include "engine/core/format.h"

#include <algorithm>
#include <cmath>

namespace moa::cli {
namespace {

struct ValidateFlags {
    std::string model, data = "lines,facts";
    std::vector<std::string> plans;
    int length = 8192, samples = 8;
    bool heads = false;
};

Json headsJson(const PlanValidation& plan) {
    Json heads = Json::array();
    for (const HeadLoss& head : plan.heads)
        heads.push_back({{"layer", head.layer.value},
                         {"kv_head", head.kvHead.value},
                         {"measured", head.measured},
                         {"estimated", head.estimated}});
    return heads;
}

Json resultOf(const ValidationOutcome& outcome, const ValidateFlags& flags) {
    Json plans = Json::array();
    for (std::size_t i = 0; i < outcome.plans.size(); ++i) {
        const PlanValidation& plan = outcome.plans[i];
        const Interval interval = plan.retrieval.interval95();
        Json entry = {{"file", flags.plans[i]},
                      {"density", plan.density},
                      {"answer_nll", plan.answerNll},
                      {"dense_answer_nll", plan.denseAnswerNll},
                      {"loss_increase", plan.answerNll - plan.denseAnswerNll},
                      {"standard_error", plan.standardError()},
                      {"retrieval", plan.retrieval.accuracy()},
                      {"asked", plan.retrieval.asked},
                      {"right", plan.retrieval.right},
                      {"interval95", {interval.low, interval.high}},
                      {"agreement", plan.agreement}};
        if (flags.heads) {
            entry["heads"] = headsJson(plan);
            entry["head_correlation"] =
                std::isfinite(plan.headCorrelation) ? Json(plan.headCorrelation) : Json();
        }
        plans.push_back(std::move(entry));
    }
    return {{"plans", plans},
            {"best", flags.plans[outcome.best]},
            {"length", flags.length},
            {"samples", outcome.samples}};
}

std::string describe(const Json& result) {
    TextTable table({"plan", "density", "answer loss", "dense", "increase", "answers kept", "tokens kept"});
    for (const Json& plan : result["plans"])
        table.add({plan["file"].get<std::string>(), formatFixed(plan["density"].get<double>(), 4),
                   formatFixed(plan["answer_nll"].get<double>(), 5),
                   formatFixed(plan["dense_answer_nll"].get<double>(), 5),
                   formatFixed(plan["loss_increase"].get<double>(), 5) + " ± " +
                       formatFixed(plan["standard_error"].get<double>(), 5),
                   std::to_string(plan["right"].get<int>()) + "/" + std::to_string(plan["asked"].get<int>()),
                   formatFixed(plan["agreement"].get<double>(), 4)});
    std::string text = table.text() + keyValueLines({{"best", result["best"].get<std::string>()}});
    for (const Json& plan : result["plans"]) {
        if (!plan.contains("heads")) continue;
        std::vector<Json> heads = plan["heads"].get<std::vector<Json>>();
        std::stable_sort(heads.begin(), heads.end(), [](const Json& a, const Json& b) {
            return a["measured"].get<double>() > b["measured"].get<double>();
        });
        TextTable worst({"head", "measured, nats", "estimated, nats"});
        for (std::size_t i = 0; i < std::min<std::size_t>(8, heads.size()); ++i)
            worst.add({"L" + std::to_string(heads[i]["layer"].get<int>()) + " KV" +
                           std::to_string(heads[i]["kv_head"].get<int>()),
                       formatFixed(heads[i]["measured"].get<double>(), 5),
                       formatFixed(heads[i]["estimated"].get<double>(), 5)});
        text +=
            "\n" + plan["file"].get<std::string>() + ", each KV head alone under the plan:\n" + worst.text();
        if (!plan["head_correlation"].is_null())
            text += "rank correlation " + formatFixed(plan["head_correlation"].get<double>(), 3) + "\n";
    }
    return text;
}

ExitCode runValidate(const ValidateFlags& flags, CliContext& cli) {
    const auto files = cli.loadFiles(flags.model);
    std::vector<SparsePlan> plans;
    std::optional<PlanChoice> first;
    for (const std::string& path : flags.plans) {
        PlanChoice choice = choosePlan(path, *files, cli);
        plans.push_back(choice.file->plan);
        if (!first) first = std::move(choice);
    }
    const auto model = cli.loadModel(files);
    const std::vector<std::string> data = splitList(flags.data);
    CalibrationSet set(*model, resourcesFolder() / "texts", data, cli.options.seed);
    cli.beginRun({.command = "validate",
                  .model = files.get(),
                  .plan = first->get(),
                  .planPath = first->path,
                  .settings = {{"plans", flags.plans},
                               {"length", flags.length},
                               {"samples", flags.samples},
                               {"data", data}},
                  .seed = cli.options.seed});
    const ValidationOptions options{flags.length, flags.samples, flags.heads};
    const ValidationOutcome outcome =
        validatePlans(*model, set, plans, options, cli.stopToken(), cli.progress());
    const Json result = resultOf(outcome, flags);
    Conclusion end{.result = result, .text = describe(result)};
    for (std::size_t i = 0; i < outcome.plans.size(); ++i)
        end.measurements.push_back({"answer_nll",
                                    "nats",
                                    outcome.plans[i].answerNll,
                                    outcome.samples,
                                    {},
                                    Json{{"plan", flags.plans[i]}, {"length", flags.length}}.dump()});
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; the result is of " + std::to_string(outcome.samples) + " finished samples";
    }
    return cli.conclude(std::move(end));
}

} // namespace

void addValidateCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<ValidateFlags>();
    CLI::App& command = cli.addCommand(app, "validate", "Measure plans on answers the dense model wrote",
                                       "  moa validate moa-tiny a.json b.json --length 8192\n"
                                       "  moa validate moa-tiny a.json --length 2048 --heads");
    command.add_option("MODEL", flags->model, "folder, .safetensors file or name")->required();
    command.add_option("PLAN", flags->plans, "plan files")->required();
    command.add_option("--length", flags->length, "tokens")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--samples", flags->samples, "prompts")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command.add_option("--data", flags->data, "lines, facts, passkey, JSONL files")->capture_default_str();
    command.add_flag("--heads", flags->heads, "also measure every KV head alone, beside its estimate");
    cli.onRun(command, [flags, &cli] { return runValidate(*flags, cli); });
}

} // namespace moa::cli
