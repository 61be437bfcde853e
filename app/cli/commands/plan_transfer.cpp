// `moa plan import|export`: plans of other tools. Published MoA JSON and DuoAttention patterns.
#include "app/cli/commands/plan_transfer.h"

#include "app/cli/commands/plan_options.h"

#include "engine/core/format.h"
#include "engine/plan/plan_io_duo.h"
#include "engine/plan/plan_io_published.h"

#include <filesystem>

namespace moa::cli {
namespace {

namespace fs = std::filesystem;

struct ImportOptions {
    std::string source, output;
    std::optional<double> threshold, share;
    PlanModelOptions model;
};

struct ExportOptions {
    std::string plan, output, format = "published";
    PlanModelOptions model;
};

/// DuoAttention patterns are a folder or a TSV; everything else is taken for a published plan.
bool isDuo(const std::string& source) {
    std::error_code ignored;
    return fs::is_directory(source, ignored) || fs::path(source).extension() == ".tsv";
}

ExitCode runImport(const ImportOptions& options, CliContext& cli) {
    const auto model = planModel(options.model, cli);
    const std::optional<int> kvHeads = kvHeadsOf(options.model, model.get());
    Json result = {{"file", options.output}, {"notes", Json::array()}};
    PlanFile plan;
    if (isDuo(options.source)) {
        Passport passport;
        if (model) {
            passport.modelName = model->name;
            passport.modelSha256 = model->sha256();
        }
        passport.headDim = options.model.headDim > 0 ? options.model.headDim
                           : model                   ? model->config.headDim
                                                     : 0;
        const std::optional<int> heads = model ? std::optional(model->config.heads) : std::nullopt;
        DuoImport import =
            importDuo(readDuo(options.source), {options.threshold, options.share}, heads, passport);
        result["format"] = "duo-attention";
        result["full_kv_heads"] = import.fullHeads;
        result["notes"] = import.notes;
        plan = std::move(import.file);
    } else {
        if (options.threshold || options.share)
            throw UsageError("--threshold and --share are for DuoAttention patterns; " + options.source +
                             " is read as a published plan");
        plan = importPublished(options.source, kvHeads);
        result["format"] = "published";
    }
    if (model)
        for (const PlanProblem& problem : checkPlan(plan, ModelToFit{model->config, ""}, {}))
            if (problem.severity == Severity::Error) throw FileError(options.source, "", problem.message);
    writePlan(options.output, plan);
    result.update(
        {{"layers", plan.plan.layers}, {"heads", plan.plan.heads}, {"kv_heads", plan.plan.kvHeads}});
    for (const Json& note : result["notes"]) cli.note(note.get<std::string>());
    return cli.conclude({.result = result, .text = "wrote " + options.output});
}

ExitCode runExport(const ExportOptions& options, CliContext& cli) {
    const std::vector<std::int64_t> lengths = lengthsOf(options.model);
    const auto model = planModel(options.model, cli);
    const PlanFile plan = readPlan(options.plan, kvHeadsOf(options.model, model.get()));
    if (options.format == "published") {
        exportPublished(options.output, plan.plan);
        return cli.conclude({.result = {{"format", "published"}, {"files", {options.output}}},
                             .text = "wrote " + options.output});
    }
    const DuoExport duo = exportDuo(plan.plan, lengths);
    writeDuo(options.output, duo.pattern);
    const fs::path folder = options.output;
    const Json files = {(folder / "full_attention_heads.tsv").string(), (folder / "config.json").string()};
    const std::string lost = duo.report["lost"].dump() + " of " + duo.report["kv_heads"].dump() +
                             " KV heads have no equal in DuoAttention";
    return cli.conclude({.result = {{"format", "duo-attention"}, {"files", files}, {"report", duo.report}},
                         .text = "wrote " + options.output + "; " + lost});
}

} // namespace

void addPlanTransferCommands(CLI::App& plan, CliContext& cli) {
    auto in = std::make_shared<ImportOptions>();
    CLI::App& import = cli.addCommand(
        plan, "import", "Read a plan of another tool",
        "  moa plan import published.json --kv-heads 8 -o plan.json\n"
        "  moa plan import full_attention_heads.tsv --share 0.5 --model moa-tiny -o plan.json");
    import.add_option("SOURCE", in->source, "published JSON, DuoAttention TSV or its folder")->required();
    import.add_option("-o,--out", in->output, "plan file to write")->required();
    CLI::Option* threshold =
        import.add_option("--threshold", in->threshold, "full heads: a score of at least this (0.5)");
    import.add_option("--share", in->share, "full heads: this share, the highest scores")
        ->excludes(threshold);
    addPlanModelOptions(import, in->model);
    cli.onRun(import, [in, &cli] { return runImport(*in, cli); });

    auto out = std::make_shared<ExportOptions>();
    CLI::App& exported = cli.addCommand(plan, "export", "Write a plan for another tool",
                                        "  moa plan export plan.json -o published.json\n"
                                        "  moa plan export plan.json --format duo -o pattern/");
    exported.add_option("PLAN", out->plan, "plan file")->required();
    exported.add_option("-o,--out", out->output, "file, or folder for duo")->required();
    exported.add_option("--format", out->format, "published or duo")
        ->check(CLI::IsMember({"published", "duo"}));
    addPlanModelOptions(exported, out->model);
    cli.onRun(exported, [out, &cli] { return runExport(*out, cli); });
}

} // namespace moa::cli
