// `moa plan show|check|diff|uniform`: plans as files, without running a model.
#include "app/cli/commands/commands.h"
#include "app/cli/commands/plan_options.h"
#include "app/cli/commands/plan_transfer.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/plan/plan_diff.h"
#include "engine/plan/plan_summary.h"
#include "engine/plan/uniform_plan.h"

namespace moa::cli {
namespace {

struct PlanOptions {
    std::string file, other, output;
    double density = 0.5;
    int sink = kDefaultSink;
    PlanModelOptions model;
};

std::string summaryText(const Json& s) {
    const auto number = [&](const char* key) { return s[key].dump(); };
    std::string text =
        keyValueLines({{"layers", number("layers")},
                       {"heads", number("heads") + " query, " + number("kv_heads") + " KV"},
                       {"sink", number("sink") + " tokens"},
                       {"distinct rules", number("distinct_rules") + ", at most " +
                                              number("max_distinct_rules_per_layer") + " a layer"},
                       {"disagreeing KV heads", number("disagreeing_kv_heads")}});
    TextTable table({"tokens", "density", "mean span", "keys and values, FP16"});
    std::map<std::int64_t, const Json*> rows; // keys of the document are texts: 16384 would come before 2048
    for (const auto& [n, at] : s["at"].items()) rows[std::stoll(n)] = &at;
    for (const auto& [n, at] : rows)
        table.add({std::to_string(n), formatFixed((*at)["density"].get<double>(), 4),
                   formatFixed((*at)["mean_span"].get<double>(), 1),
                   (*at)["kv_bytes"].is_null() ? "–" : formatBytes((*at)["kv_bytes"].get<std::uint64_t>())});
    return text + "\n" + table.text();
}

ExitCode runShow(const PlanOptions& options, CliContext& cli) {
    const std::vector<std::int64_t> lengths = lengthsOf(options.model);
    const auto model = planModel(options.model, cli);
    const PlanFile plan = readPlan(options.file, kvHeadsOf(options.model, model.get()));
    if (!plan.kvHeadsKnown)
        cli.note("moa: the plan does not say how many KV heads there are; every query head counts as one "
                 "(--kv-heads)");
    Json result = summarizePlan(plan.plan, lengths, headDimOf(options.model, model.get(), plan));
    result["file"] = options.file;
    if (plan.hasPassport()) result["passport"] = plan.document[kPassportKey];
    return cli.conclude({.result = result, .text = summaryText(result)});
}

std::string checkText(const Json& report) {
    std::string text;
    for (const Json& problem : report["problems"])
        text += problem["severity"].get<std::string>() + ": " + problem["message"].get<std::string>() + "\n";
    return text + (report["ok"].get<bool>() ? "the plan can run" : "the plan cannot run");
}

ExitCode runCheck(const PlanOptions& options, CliContext& cli) {
    const std::vector<std::int64_t> lengths = lengthsOf(options.model);
    const auto model = planModel(options.model, cli);
    const PlanFile plan = readPlan(options.file, kvHeadsOf(options.model, model.get()));
    std::optional<ModelToFit> fit;
    if (model) fit = ModelToFit{model->config, plan.modelSha256().empty() ? "" : model->sha256()};
    const Json report = checkReport(plan, fit, lengths);
    const ExitCode code = cli.conclude({.result = report, .text = checkText(report)});
    return report["ok"].get<bool>() ? code : ExitCode::BadFile;
}

std::string diffText(const Json& diff) {
    std::string text = diff["changed_kv_heads"].dump() + " KV heads differ\n\n";
    TextTable table(
        {"tokens", "density a", "density b", "mean span a", "mean span b", "wider in b", "narrower"});
    std::map<std::int64_t, const Json*> rows;
    for (const auto& [n, at] : diff["at"].items()) rows[std::stoll(n)] = &at;
    for (const auto& [n, at] : rows) {
        const auto pair = [&](const char* key, int which, int decimals) {
            return formatFixed((*at)[key][static_cast<std::size_t>(which)].get<double>(), decimals);
        };
        table.add({std::to_string(n), pair("density", 0, 4), pair("density", 1, 4), pair("mean_span", 0, 1),
                   pair("mean_span", 1, 1), (*at)["wider"].dump(), (*at)["narrower"].dump()});
    }
    return text + table.text();
}

ExitCode runDiff(const PlanOptions& options, CliContext& cli) {
    const std::vector<std::int64_t> lengths = lengthsOf(options.model);
    const auto model = planModel(options.model, cli);
    const std::optional<int> kvHeads = kvHeadsOf(options.model, model.get());
    const PlanFile a = readPlan(options.file, kvHeads), b = readPlan(options.other, kvHeads);
    const Json diff = diffPlans(a.plan, b.plan, lengths);
    return cli.conclude({.result = diff, .text = diffText(diff)});
}

ExitCode runUniform(const PlanOptions& options, CliContext& cli) {
    const std::vector<std::int64_t> lengths = lengthsOf(options.model);
    const std::shared_ptr<const Model> model = cli.loadFiles(options.model.model);
    const ModelConfig& c = model->config;
    const SparsePlan plan = uniformAtDensity(c.layers, c.heads, c.kvHeads, options.density, options.sink);
    Passport passport;
    passport.modelName = model->name;
    passport.modelSha256 = model->sha256();
    passport.headDim = c.headDim;
    passport.search = {{"kind", "uniform"}, {"density", options.density}};
    writePlan(options.output, makePlanFile(plan, passport));
    Json result = summarizePlan(plan, lengths, c.headDim);
    result["file"] = options.output;
    return cli.conclude({.result = result, .text = "wrote " + options.output + "\n" + summaryText(result)});
}

void addUniform(CLI::App& plan, CliContext& cli) {
    auto options = std::make_shared<PlanOptions>();
    CLI::App& command = cli.addCommand(plan, "uniform", "Write a plan with one window for all heads",
                                       "  moa plan uniform --model moa-tiny --density 0.5 -o uniform50.json");
    addPlanModelOptions(command, options->model);
    command.get_option("--model")->required();
    command.add_option("--density", options->density, "share of a dense cache to keep")
        ->default_str("")
        ->required()
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--sink", options->sink, "tokens at the start that stay visible");
    command.add_option("-o,--out", options->output, "plan file to write")->required();
    cli.onRun(command, [options, &cli] { return runUniform(*options, cli); });
}

using PlanRun = ExitCode (*)(const PlanOptions&, CliContext&);

void addFileCommand(CLI::App& plan, CliContext& cli, const char* name, const char* description,
                    const char* examples, PlanRun run, bool twoFiles) {
    auto options = std::make_shared<PlanOptions>();
    CLI::App& command = cli.addCommand(plan, name, description, examples);
    command.add_option("PLAN", options->file, "plan file")->required();
    if (twoFiles) command.add_option("OTHER", options->other, "plan file to compare with")->required();
    addPlanModelOptions(command, options->model);
    cli.onRun(command, [options, run, &cli] { return run(*options, cli); });
}

} // namespace

void addPlanCommand(CLI::App& app, CliContext& cli) {
    CLI::App& plan =
        cli.addCommand(app, "plan", "Look at plans, check, compare, make, import and export them",
                       "  moa plan show plan.json\n"
                       "  moa plan check plan.json --model moa-tiny");
    plan.require_subcommand(1);
    addFileCommand(plan, cli, "show", "Shape, rules and size of a plan",
                   "  moa plan show plan.json --lengths 4096,16384\n"
                   "  moa plan show published.json --kv-heads 8 --head-dim 128 --json",
                   runShow, false);
    addFileCommand(plan, cli, "check",
                   "Whether a plan can run, and what is odd about it (exit code 3 if it cannot)",
                   "  moa plan check plan.json --model moa-tiny", runCheck, false);
    addFileCommand(plan, cli, "diff", "Two plans of one model, KV head by KV head",
                   "  moa plan diff a.json b.json --json", runDiff, true);
    addUniform(plan, cli);
    addPlanTransferCommands(plan, cli);
}

} // namespace moa::cli
