// `moa attention`: what the heads of a model look at in a text, or how much their keys matter to its last
// tokens, as an array of block × block sums.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_choice.h"
#include "app/cli/prompt.h"
#include "app/cli/text_table.h"
#include "app/cli/windows_file.h"

#include "engine/capture/attention_maps.h"
#include "engine/capture/export.h"
#include "engine/core/format.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace moa::cli {
namespace {

struct AttentionOptions {
    std::string model, plan, windows, layer = "all", head = "all", what = "attention", out;
    std::int64_t block = kBlock, lossLast = 0;
    bool logScale = false;
    PromptOptions prompt;
};

/// Indices of "all" (none: the engine's word for all) or "0,3".
template <class Id>
std::vector<Id> indices(const std::string& flag, const std::string& text, int count) {
    std::vector<Id> list;
    if (text == "all") return list;
    for (const int i : parseIntegers(flag, text, 0, count - 1)) list.push_back(Id(i));
    if (list.empty()) throw UsageError(flag + ": expected a number, a list like 0,3, or all");
    return list;
}

bool isOne(const std::string& text) {
    return text != "all" && text.find(',') == std::string::npos;
}

/// One map is [rows, cols], anything else [layers, heads, rows, cols]. `layers`, `heads`: chosen ones.
std::vector<std::size_t> shapeOf(const AttentionOptions& options, std::size_t layers, std::size_t heads,
                                 std::int64_t tokens) {
    const std::int64_t block = std::min(options.block, tokens);
    const auto cells = static_cast<std::size_t>((tokens + block - 1) / block);
    if (isOne(options.layer) && isOne(options.head)) return {cells, cells};
    return {layers, heads, cells, cells};
}

std::vector<std::size_t> shapeOf(const AttentionOptions& options, const AttentionMaps& maps) {
    return shapeOf(options, maps.layers.size(), maps.heads.size(), maps.tokens);
}

std::string titleOf(const AttentionOptions& options) {
    const bool one = isOne(options.layer) && isOne(options.head);
    const std::string what = options.what == "influence" ? "Influence" : "Attention";
    return what + (one ? ", layer " + options.layer + ", head " + options.head : "");
}

Json resultOf(const AttentionOptions& options, const AttentionMaps& maps) {
    Json layers = Json::array(), heads = Json::array();
    for (const LayerIndex l : maps.layers) layers.push_back(l.value);
    for (const HeadIndex h : maps.heads) heads.push_back(h.value);
    Json result = {{"what", options.what},   {"tokens", maps.tokens}, {"layers", layers},
                   {"heads", heads},         {"rows", maps.cells},    {"cols", maps.cells},
                   {"block", options.block}, {"sum", maps.sum()},     {"shape", shapeOf(options, maps)}};
    if (options.what == "influence") {
        result["loss"] = maps.loss;
        result["loss_last"] = options.lossLast > 0 ? options.lossLast : maps.tokens - 1;
    }
    if (!options.out.empty()) result["file"] = options.out;
    return result;
}

std::string describe(const Json& r) {
    std::string shape;
    for (const Json& n : r["shape"])
        shape += (shape.empty() ? "" : " × ") + std::to_string(n.get<std::int64_t>());
    std::vector<std::pair<std::string, std::string>> lines = {
        {"tokens", std::to_string(r["tokens"].get<std::int64_t>())},
        {"array", shape + " cells of " + std::to_string(r["block"].get<std::int64_t>()) + " tokens"},
        {"sum", formatFixed(r["sum"].get<double>(), 6)}};
    if (r.contains("loss"))
        lines.push_back({"loss", formatFixed(r["loss"].get<double>(), 4) + " nats a token over the last " +
                                     std::to_string(r["loss_last"].get<std::int64_t>())});
    lines.push_back({"density", formatFixed(r["density"].get<double>(), 3)});
    lines.push_back({"time", formatFixed(r["seconds"].get<double>(), 2) + " s"});
    if (r.contains("file")) lines.push_back({"file", r["file"].get<std::string>()});
    return keyValueLines(lines);
}

void writeMaps(const AttentionOptions& options, const AttentionMaps& maps) {
    HeatmapLook look;
    look.map = options.what == "influence" ? ColourMap::Influence : ColourMap::Attention;
    look.logScale = options.logScale;
    look.title = titleOf(options);
    look.block = static_cast<int>(std::min<std::int64_t>(options.block, std::numeric_limits<int>::max()));
    writeArray(options.out, {maps.values, shapeOf(options, maps)}, look);
}

ExitCode runAttention(const AttentionOptions& options, CliContext& cli) {
    const bool influence = options.what == "influence";
    if (!options.out.empty()) checkArrayEnding(options.out);
    if (!influence && options.lossLast > 0)
        throw UsageError("--loss-last needs --what influence: attention has no loss");
    const std::shared_ptr<const Model> files = cli.loadFiles(options.model);
    AttentionMapOptions wanted;
    wanted.value = influence ? MapValue::Influence : MapValue::Attention;
    wanted.layers = indices<LayerIndex>("--layer", options.layer, files->config.layers);
    wanted.heads = indices<HeadIndex>("--head", options.head, files->config.heads);
    wanted.block = options.block;
    wanted.lossLast = options.lossLast;
    const PlanChoice plan = choosePlan(options.plan, *files, cli);
    const Prompt prompt = readSomePrompt(options.prompt, *files, cli, "an attention map");
    const auto n = static_cast<std::int64_t>(prompt.ids.size());
    checkContext(*files, n);
    if (!options.out.empty()) {
        const ModelConfig& c = files->config;
        const std::size_t layers =
            wanted.layers.empty() ? static_cast<std::size_t>(c.layers) : wanted.layers.size();
        const std::size_t heads =
            wanted.heads.empty() ? static_cast<std::size_t>(c.heads) : wanted.heads.size();
        checkArrayShape(options.out, shapeOf(options, layers, heads, n));
    }
    if (!options.windows.empty())
        wanted.windows = readWindows(options.windows, files->config);
    else if (plan.file)
        wanted.windows = windowsAt(plan.file->plan, n);

    const std::unique_ptr<LanguageModel> model = cli.loadModel(files);
    const auto start = std::chrono::steady_clock::now();
    const AttentionMaps maps = captureAttention(*model, prompt.ids, wanted, cli.stopToken(), cli.progress());
    if (maps.completion == Completion::Cancelled) throw CancelledError();
    if (!options.out.empty()) writeMaps(options, maps);
    Json result = resultOf(options, maps);
    result["density"] = wanted.windows ? densityOf(*wanted.windows, n) : 1.0;
    result["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return cli.conclude({.result = result, .text = describe(result)});
}

} // namespace

void addAttentionCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<AttentionOptions>();
    CLI::App& command =
        cli.addCommand(app, "attention", "What the heads look at in a text, as arrays and pictures",
                       "  moa attention moa-tiny --text-file README.md --layer 2 --head 3 --out head.png\n"
                       "  moa attention moa-tiny --text-file README.md --out all.npy --json\n"
                       "  moa attention moa-tiny --ids ids.json --what influence --loss-last 8 --plan "
                       "plan.json --out all.svg");
    command.add_option("MODEL", options->model, "folder, .safetensors file or name")->required();
    command.add_option("--layer", options->layer, "layer, a list like 0,3, or all (all)");
    command.add_option("--head", options->head, "query head, a list, or all (all)");
    CLI::Option* plan = command.add_option("--plan", options->plan, "plan file (default: dense)");
    command
        .add_option("--windows", options->windows,
                    "JSON [layer][KV head] of windows in tokens, instead of a plan")
        ->excludes(plan);
    command
        .add_option(
            "--what", options->what,
            "attention: sums of A; influence: sums of |E|, what hiding a key does to the loss (attention)")
        ->check(CLI::IsMember({"attention", "influence"}));
    command
        .add_option("--loss-last", options->lossLast,
                    "influence: the loss is the mean over this many last tokens (all but the first)")
        ->check(CLI::Range(std::int64_t(1), std::int64_t(1) << 40));
    command.add_option("--block", options->block, "tokens per cell side; 1: single tokens (64)")
        ->check(CLI::Range(std::int64_t(1), std::int64_t(1) << 40));
    command.add_option("--out", options->out, "file for the array: .npy, .csv, .png or .svg");
    command.add_flag("--log-scale", options->logScale, "colours of pictures over four decades");
    addPromptOptions(command, options->prompt);
    cli.onRun(command, [options, &cli] { return runAttention(*options, cli); });
}

} // namespace moa::cli
