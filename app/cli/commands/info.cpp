// `moa info`: what a model is and what it will take in memory, before anything is loaded; --check loads it
// and says what it took.
#include "app/cli/commands/commands.h"
#include "app/cli/plan_choice.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/model/memory_estimate.h"
#include "engine/model/sequence.h"

#include <algorithm>

namespace moa::cli {
namespace {

struct InfoOptions {
    std::string model, plan;
    std::int64_t context = 0;
    int batch = 1;
    bool check = false;
};

/// Loads the model, makes `batch` sequences of `context` tokens and runs a first chunk through each.
Json measure(const InfoOptions& options, std::shared_ptr<const Model> files, const PlanChoice& plan,
             std::int64_t context, CliContext& cli) {
    Backend& device = cli.backend(files->config.dtype); // its own memory is not the model's
    const std::uint64_t before = device.usedBytes();
    const std::unique_ptr<LanguageModel> model = cli.loadModel(files);
    std::vector<Sequence> sequences;
    std::uint64_t kv = 0;
    for (int b = 0; b < options.batch; ++b) {
        sequences.emplace_back(*model, plan.maskAt(context), context);
        kv += sequences.back().kvBytes();
    }
    std::vector<int> tokens(static_cast<std::size_t>(std::min(model->chunkRows(), context)), 0);
    std::vector<ForwardItem> items;
    for (Sequence& sequence : sequences) items.push_back({&sequence, tokens, 1});
    const LogitsFn ignore = [](std::size_t, std::int64_t, std::span<const float>) {};
    if (model->forward(items, ignore, cli.stopToken()) == Completion::Cancelled) throw CancelledError();
    const std::uint64_t taken = device.usedBytes() - before;
    return {{"allocated_bytes", taken},
            {"allocated",
             {{"weight_bytes", model->weightBytes()},
              {"kv_bytes", kv},
              {"activation_bytes", taken - model->weightBytes() - kv}}}};
}

std::string describe(const Json& r) {
    const auto bytes = [&](const Json& value) { return formatBytes(value.get<std::uint64_t>()); };
    const auto number = [&](const char* key) { return std::to_string(r[key].get<std::int64_t>()); };
    std::vector<std::pair<std::string, std::string>> lines = {
        {"model", r["model"].get<std::string>()},
        {"architecture", r["architecture"].get<std::string>()},
        {"parameters", number("parameters")},
        {"layers", number("layers")},
        {"heads", number("heads") + " query, " + number("kv_heads") + " KV, of " + number("head_dim")},
        {"context", number("context") + " tokens"},
        {"vocabulary", number("vocab")},
        {"weights in the file", bytes(r["file_bytes"]) + " (" + r["dtype"].get<std::string>() + ")"},
        {"chat template", r["chat_template"].get<std::string>()},
        {"on " + r["device"].get<std::string>(), "in " + r["element_type"].get<std::string>()},
        {"  weights", bytes(r["weight_bytes"])},
        {"  keys and values", bytes(r["kv_bytes"]) + " for " + number("batch") + " × " + number("tokens") +
                                  " tokens, density " + formatFixed(r["density"].get<double>(), 3)},
        {"  activations", bytes(r["activation_bytes"])},
    };
    if (r.contains("allocated_bytes"))
        lines.push_back({"allocated after a load", bytes(r["allocated_bytes"])});
    return keyValueLines(lines);
}

ExitCode runInfo(const InfoOptions& options, CliContext& cli) {
    const std::shared_ptr<const Model> files = cli.loadFiles(options.model);
    const ModelConfig& c = files->config;
    const PlanChoice plan = choosePlan(options.plan, *files, cli);
    const std::int64_t context = options.context > 0 ? options.context : c.context;
    if (context > c.context)
        throw UsageError("--context " + std::to_string(context) + ": the model's context is " +
                         std::to_string(c.context) + " tokens");
    const DType type = cli.backend(c.dtype).dtype();
    const MemoryEstimate memory = estimateMemory(
        c, {type, context, options.batch, plan.get() ? &plan.get()->plan : nullptr,
            weightBytes(*files, type, cli.backend().keepsBlocks())});
    const std::string fileType(tensorTypeName(files->mainType()));
    Json result = {{"model", files->name},
                   {"architecture", c.architecture},
                   {"parameters", parameterCount(c)},
                   {"layers", c.layers},
                   {"heads", c.heads},
                   {"kv_heads", c.kvHeads},
                   {"head_dim", c.headDim},
                   {"hidden", c.hidden},
                   {"intermediate", c.intermediate},
                   {"context", c.context},
                   {"vocab", c.vocab},
                   {"quantisation", weightType(files->mainType()) ? "none" : fileType},
                   {"dtype", fileType},
                   {"file_bytes", files->weightBytes()},
                   {"chat_template", files->chat.name()},
                   {"device", cli.backend().device().kind},
                   {"element_type", dtypeName(type)},
                   {"batch", options.batch},
                   {"tokens", context},
                   {"density", plan.density(context)},
                   {"weight_bytes", memory.weights},
                   {"kv_bytes", memory.kvPlan},
                   {"activation_bytes", memory.activations}};
    if (options.check) result.update(measure(options, files, plan, context, cli));
    return cli.conclude({.result = result, .text = describe(result)});
}

} // namespace

void addInfoCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<InfoOptions>();
    CLI::App& command =
        cli.addCommand(app, "info", "What a model is and how much memory it takes",
                       "  moa info moa-tiny\n"
                       "  moa info moa-tiny --context 8192 --batch 4 --plan plan.json --check --json");
    command.add_option("MODEL", options->model, "folder, .safetensors file or name")->required();
    command
        .add_option("--context", options->context, "tokens a sequence holds (default: the model's context)")
        ->default_str("")
        ->check(CLI::PositiveNumber);
    command.add_option("--batch", options->batch, "sequences at once")->check(CLI::Range(1, 65536));
    command.add_option("--plan", options->plan, "plan file (default: dense)");
    command.add_flag("--check", options->check, "load it and say what was allocated");
    cli.onRun(command, [options, &cli] { return runInfo(*options, cli); });
}

} // namespace moa::cli
