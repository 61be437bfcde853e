// `moa generate`: continues a prompt, dense or under a plan.
#include "app/cli/commands/commands.h"
#include "app/cli/plan_choice.h"
#include "app/cli/prompt.h"
#include "app/cli/sampling_options.h"
#include "app/cli/text_stream.h"

#include "engine/core/format.h"
#include "engine/model/generate.h"

namespace moa::cli {
namespace {

struct GenerateCommandOptions {
    std::string model, plan;
    GenerateOptions generate;
    bool ignoreEnd = false;
    PromptOptions prompt;
};

/// Why the text ends where it does.
std::string finishOf(const GenerateResult& run, const GenerateOptions& options) {
    if (run.completion == Completion::Cancelled) return "cancelled";
    if (run.ended) return "end";
    return static_cast<int>(run.ids.size()) >= options.maxNew ? "length" : "context";
}

std::string summary(const Json& r, std::uint64_t denseBytes) {
    const Json& speed = r["decode_tok_s"];
    return r["prompt_tokens"].dump() + " tokens read in " + formatFixed(r["prefill_s"].get<double>(), 2) +
           " s, " + std::to_string(r["ids"].size()) + " written" +
           (speed.is_null() ? "" : " at " + formatFixed(speed.get<double>(), 1) + " tok/s") + " (" +
           r["finish"].get<std::string>() + "); cache " + formatBytes(r["kv_bytes"].get<std::uint64_t>()) +
           " of " + formatBytes(denseBytes) + " dense";
}

std::vector<Measurement> measurementsOf(const Json& r) {
    const std::string context = Json{{"prompt_tokens", r["prompt_tokens"]}, {"density", r["density"]}}.dump();
    std::vector<Measurement> list = {
        {"prefill_s", "s", r["prefill_s"].get<double>(), 1, std::nullopt, context},
        {"kv_bytes", "B", r["kv_bytes"].get<double>(), 1, std::nullopt, context},
        {"new_tokens", "", static_cast<double>(r["ids"].size()), 1, std::nullopt, context}};
    if (!r["decode_tok_s"].is_null())
        list.push_back({"decode_tok_s", "tok/s", r["decode_tok_s"].get<double>(), 1, std::nullopt, context});
    return list;
}

Json resultOf(const GenerateResult& run, const GenerateOptions& options, const Sequence& sequence,
              const PlanChoice& plan, std::int64_t promptTokens, const Tokenizer& tokenizer) {
    const bool timed = run.decodeSteps > 0 && run.decodeSeconds > 0;
    return {{"text", tokenizer.decode(run.ids, true)},
            {"ids", run.ids},
            {"prompt_tokens", promptTokens},
            {"prefill_s", run.prefillSeconds},
            {"decode_tok_s", timed ? Json(run.decodeSteps / run.decodeSeconds) : Json(nullptr)},
            {"kv_bytes", sequence.kvBytes()},
            {"finish", finishOf(run, options)},
            {"status", run.completion == Completion::Cancelled ? "cancelled" : "done"},
            {"planned_tokens", sequence.capacity()},
            {"density", plan.density(sequence.capacity())},
            {"relayouts", sequence.relayouts()},
            {"missing_keys", sequence.missingKeys()}};
}

ExitCode runGenerate(const GenerateCommandOptions& options, CliContext& cli) {
    GenerateOptions how = options.generate;
    how.sampling.seed = cli.options.seed;
    how.stopAtEnd = !options.ignoreEnd;
    const std::shared_ptr<const Model> files = cli.loadFiles(options.model);
    const PlanChoice plan = choosePlan(options.plan, *files, cli);
    const Prompt prompt = readSomePrompt(options.prompt, *files, cli, "generation");
    const auto n = static_cast<std::int64_t>(prompt.ids.size());
    checkContext(*files, n);

    const std::unique_ptr<LanguageModel> model = cli.loadModel(files);
    cli.beginRun({.command = "generate",
                  .model = files.get(),
                  .plan = plan.get(),
                  .planPath = plan.path,
                  .prompt = prompt.ref(),
                  .settings = {{"prompt", prompt.describe()},
                               {"max_new", how.maxNew},
                               {"sampling", samplingJson(how.sampling)}},
                  .seed = how.sampling.seed});
    Sequence sequence(*model, plan.mask(), plannedLength(files->config, 0, n, how.maxNew));
    TextStream stream(files->tokenizer);
    const TokenFn onToken = [&](int id) { cli.stream(stream.push(id)); };
    const GenerateResult run =
        generate(*model, sequence, prompt.ids, how, onToken, cli.stopToken(), cli.progress());
    cli.stream(stream.finish() + "\n");

    Conclusion conclusion;
    conclusion.result = resultOf(run, how, sequence, plan, n, files->tokenizer);
    conclusion.measurements = measurementsOf(conclusion.result);
    const SparsePlan dense =
        uniformPlan(files->config.layers, files->config.heads, files->config.kvHeads, {0, 1});
    const std::int64_t element = bytesPerValue(model->backend().dtype());
    const auto denseBytes =
        dense.kvBytes(sequence.capacity(), files->config.headDim, static_cast<int>(element));
    if (run.completion == Completion::Cancelled) {
        conclusion.status = RunStatus::Cancelled;
        conclusion.message = "cancelled after " + std::to_string(run.ids.size()) +
                             " new tokens; the text so far is above" +
                             (cli.options.noDb ? "" : " and in the history");
    } else {
        cli.note(summary(conclusion.result, static_cast<std::uint64_t>(denseBytes)));
    }
    return cli.conclude(std::move(conclusion));
}

} // namespace

void addGenerateCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<GenerateCommandOptions>();
    CLI::App& command =
        cli.addCommand(app, "generate", "Continue a prompt, dense or under a plan",
                       "  moa generate moa-tiny --text 'The database' --max-new 40\n"
                       "  moa generate moa-tiny --text-file question.txt --chat --plan plan.json --json\n"
                       "  moa generate moa-tiny --text 'Once' --temperature 0.8 --top-p 0.95 --seed 7");
    command.add_option("MODEL", options->model, "folder, .safetensors file or name")->required();
    command.add_option("--plan", options->plan, "plan file (default: dense)");
    command.add_option("--max-new", options->generate.maxNew, "tokens to write at most")
        ->check(CLI::Range(0, 1 << 26));
    command.add_flag("--ignore-end", options->ignoreEnd, "go on after an end token");
    addSamplingOptions(command, options->generate.sampling);
    addPromptOptions(command, options->prompt);
    cli.onRun(command, [options, &cli] { return runGenerate(*options, cli); });
}

} // namespace moa::cli
