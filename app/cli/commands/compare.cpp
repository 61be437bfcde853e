// `moa compare`: dense and sparse side by side, free-running and in lockstep on the dense model's tokens.
#include "app/cli/commands/commands.h"
#include "app/cli/plan_choice.h"
#include "app/cli/prompt.h"
#include "app/cli/text_table.h"

#include "engine/compare/lockstep.h"
#include "engine/core/format.h"

#include <algorithm>
#include <numeric>

namespace moa::cli {
namespace {

struct CompareFlags {
    std::string model, plan;
    int maxNew = 64;
    PromptOptions prompt;
};

Json side(const LockstepRun& run, const Model& model) {
    return {{"text", model.tokenizer.decode(run.ids, false)},
            {"ids", run.ids},
            {"kv_bytes", run.kvBytes},
            {"prefill_s", run.prefillSeconds},
            {"decode_tok_s", run.decodeTokensPerSecond}};
}

std::string describe(const Json& result) {
    const auto& kl = result["kl"];
    double sum = 0, most = 0;
    for (const Json& value : kl) {
        sum += value.get<double>();
        most = std::max(most, value.get<double>());
    }
    TextTable table({"", "KV cache", "tok/s", "text"});
    for (const char* name : {"dense", "sparse"})
        table.add({name, formatBytes(result[name]["kv_bytes"].get<std::uint64_t>()),
                   formatFixed(result[name]["decode_tok_s"].get<double>(), 1),
                   Json(result[name]["text"]).dump()});
    const Json& divergence = result["first_divergence"];
    return table.text() +
           keyValueLines({{"first divergence", divergence.is_null() ? "none" : "token " + divergence.dump()},
                          {"KL, mean", formatFixed(kl.empty() ? 0 : sum / static_cast<double>(kl.size()), 6) +
                                           " nats per token"},
                          {"KL, largest", formatFixed(most, 6) + " nats"}});
}

ExitCode runCompare(const CompareFlags& flags, CliContext& cli) {
    const auto files = cli.loadFiles(flags.model);
    const PlanChoice plan = choosePlan(flags.plan, *files, cli);
    const Prompt prompt = readSomePrompt(flags.prompt, *files, cli, "a comparison");
    checkContext(*files, static_cast<std::int64_t>(prompt.ids.size()), 1);
    const auto model = cli.loadModel(files);
    cli.beginRun({.command = "compare",
                  .model = files.get(),
                  .plan = plan.get(),
                  .planPath = plan.path,
                  .settings = {{"prompt", prompt.describe()}, {"max_new", flags.maxNew}}});
    const LockstepOutcome outcome =
        runLockstep(*model, plan.mask(), prompt.ids, flags.maxNew, cli.stopToken(), cli.progress());
    const Json result = {
        {"dense", side(outcome.dense, *files)},
        {"sparse", side(outcome.sparse, *files)},
        {"prompt_tokens", prompt.ids.size()},
        {"first_divergence", outcome.firstDivergence ? Json(*outcome.firstDivergence) : Json()},
        {"kl", outcome.kl},
        {"rank", outcome.rank}};
    Conclusion end{.result = result, .text = describe(result)};
    if (!outcome.kl.empty())
        end.measurements.push_back({"kl",
                                    "nats",
                                    std::accumulate(outcome.kl.begin(), outcome.kl.end(), 0.0) /
                                        static_cast<double>(outcome.kl.size()),
                                    static_cast<std::int64_t>(outcome.kl.size()),
                                    {},
                                    Json{{"prompt_tokens", prompt.ids.size()}}.dump()});
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; the result holds what was finished";
    }
    return cli.conclude(std::move(end));
}

} // namespace

void addCompareCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<CompareFlags>();
    CLI::App& command = cli.addCommand(app, "compare", "Dense and sparse side by side",
                                       "  moa compare moa-tiny plan.json --text-file prompt.txt --chat\n"
                                       "  moa compare moa-tiny plan.json --ids ids.json --max-new 32 --json");
    command.add_option("MODEL", flags->model, "folder, .safetensors file or name")->required();
    command.add_option("PLAN", flags->plan, "plan file")->required();
    command.add_option("--max-new", flags->maxNew, "tokens")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    addPromptOptions(command, flags->prompt);
    cli.onRun(command, [flags, &cli] { return runCompare(*flags, cli); });
}

} // namespace moa::cli
