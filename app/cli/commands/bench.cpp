// `moa bench`: what this machine reaches on the shape of a model, from random weights and data made for it. No
// model file needed.
#include "app/cli/commands/bench_history.h"
#include "app/cli/commands/bench_search.h"
#include "app/cli/commands/commands.h"
#include "app/cli/text_table.h"

#include "engine/backend/cuda/cuda_module.h"
#include "engine/capture/card_tiles.h"
#include "engine/model/model_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <map>

namespace moa::cli {
namespace {

struct BenchOptions {
    std::string what = "decode", shape = "llama-7b", batch = "max", spans = "two";
    std::int64_t context = 4096;
    double density = 1;
    int cells = 1024, runs = 100'000;
    bool mixed = false;
};

ModelConfig shapeOf(int layers, int heads, int kvHeads, int headDim, int hidden, int intermediate,
                    int vocab) {
    ModelConfig c;
    c.layers = layers, c.heads = heads, c.kvHeads = kvHeads, c.headDim = headDim;
    c.hidden = hidden, c.intermediate = intermediate, c.vocab = vocab;
    c.dtype = DType::F16;
    return c;
}

const std::map<std::string, ModelConfig>& shapes() {
    static const std::map<std::string, ModelConfig> known{
        {"moa-tiny", shapeOf(6, 8, 4, 64, 256, 640, 2048)},
        {"smollm2", shapeOf(30, 9, 3, 64, 576, 1536, 49152)},
        {"llama-7b", shapeOf(32, 32, 32, 128, 4096, 11008, 32000)},
        {"llama-13b", shapeOf(40, 40, 40, 128, 5120, 13824, 32000)},
        {"llama-3-8b", shapeOf(32, 32, 8, 128, 4096, 14336, 128256)},
    };
    return known;
}

std::vector<std::int64_t> windowsOf(const BenchOptions& o, int heads) {
    return o.spans == "five" ? fiveSpanWindows(heads, o.context, o.density)
                             : twoSpanWindows(heads, o.context, o.density);
}

/// Seconds as the contract names them, with the spread of the timings.
Json timesJson(const BenchTimes& t) {
    return {{"seconds", t.seconds}, {"seconds_min", t.least}, {"seconds_max", t.most}};
}

int batchOf(const BenchOptions& o) {
    if (o.batch == "max") return 0;
    try {
        std::size_t used = 0;
        const int batch = std::stoi(o.batch, &used);
        if (used == o.batch.size() && batch > 0) return batch;
    } catch (const std::logic_error&) {
        // No number at all, or one beyond int: said below.
    }
    throw UsageError("--batch " + o.batch + ": a number of sequences from 1 on, or max");
}

Json benchDecode(const BenchOptions& o, const ModelConfig& c, DeviceBench& bench, const BenchRates& rates) {
    DecodeBenchSpec spec;
    spec.config = c, spec.context = o.context, spec.batch = batchOf(o), spec.mixedLengths = o.mixed;
    spec.windows = rotatedWindows(windowsOf(o, c.kvHeads), c.layers);
    const DecodeBenchResult r = bench.decode(spec);
    Json result = timesJson(r.times);
    result.update({{"batch", r.batch},
                   {"tok_s", r.batch / r.times.seconds},
                   {"bytes", r.bytes},
                   {"TBps", r.bytes / r.times.seconds / 1e12},
                   {"share_of_read_rate", r.bytes / r.times.seconds / rates.read},
                   {"kv_bytes", r.kvBytes},
                   {"weight_bytes", r.weightBytes},
                   {"allocated_bytes", r.allocatedBytes},
                   {"joules_per_token", r.joulesPerToken < 0 ? Json(nullptr) : Json(r.joulesPerToken)}});
    return result;
}

/// A whole prompt, and the attention of one layer alone.
Json benchPrefill(const BenchOptions& o, const ModelConfig& c, DeviceBench& bench) {
    PrefillBenchSpec spec;
    spec.tokens = o.context, spec.heads = c.heads, spec.headDim = c.headDim;
    spec.windows = windowsOf(o, c.heads);
    const PrefillBenchResult r = bench.prefill(spec);
    const BenchTimes whole = bench.wholePrefill(c, o.context, rotatedWindows(windowsOf(o, c.kvHeads), c.layers));
    Json result = timesJson(whole);
    result.update({{"tok_s", static_cast<double>(o.context) / whole.seconds},
                   {"attention_seconds", r.times.seconds},
                   {"visible_pairs", r.visiblePairs},
                   {"TFLOPs", 4.0 * c.headDim * r.visiblePairs / r.times.seconds / 1e12}});
    return result;
}

ModelBenchSpec modelSpec(const BenchOptions& o, const ModelConfig& c) {
    ModelBenchSpec spec;
    spec.config = c, spec.context = o.context;
    spec.batch = std::max(1, batchOf(o)); // on the processor a larger batch reads no less for a token
    spec.windows = denseWindows(c.layers, c.kvHeads);
    spec.windows.windows = rotatedWindows(windowsOf(o, c.kvHeads), c.layers);
    return spec;
}

/// What the programs' own code reaches on the device of --device: everything on the processor, and what a card has no
/// bench of its own for.
Json benchModel(const BenchOptions& o, ModelConfig c, CliContext& cli) {
    c.context = static_cast<int>(o.context) + 64;
    ModelBench bench(cli.backend(), cli.stopToken());
    const BenchRates rates = bench.hostRates();
    const ModelBenchSpec spec = modelSpec(o, c);
    const ModelBenchResult r = o.what == "decode"    ? bench.decode(spec)
                               : o.what == "prefill" ? bench.prefill(spec)
                               : o.what == "load"    ? bench.load(c)
                                                     : bench.profile(spec);
    Json result = timesJson(r.times);
    result.update({{"batch", spec.batch}, {"weight_bytes", r.weightBytes}, {"kv_bytes", r.kvBytes}});
    const double tokens = o.what == "decode" ? spec.batch : static_cast<double>(o.context);
    if (o.what != "load") result["tok_s"] = tokens / r.times.seconds;
    if (r.peakBytes > 0) result["peak_bytes"] = r.peakBytes;
    if (r.bytes > 0) {
        const double rate = r.bytes / r.times.seconds;
        result.update({{"bytes", r.bytes}, {"TBps", rate / 1e12}, {"share_of_read_rate", rate / rates.read}});
    }
    result.update({{"device", cli.backend().device().name},
                   {"copy_TBps", rates.copy / 1e12},
                   {"read_TBps", rates.read / 1e12}});
    return result;
}

/// One head pooled into a square view as the workbench does it: all its tiles, from captured rows to host memory.
Json benchHeatmap(const BenchOptions& o, const ModelConfig& c, const DeviceChoice& device, CliContext& cli) {
    const auto n = static_cast<std::size_t>(o.context), d = static_cast<std::size_t>(c.headDim);
    CapturedLayer layer;
    layer.shape = {1, 1, c.headDim}, layer.n = o.context, layer.windows = {WindowMap::kFullWindow};
    layer.dtype = device.valueType(DType::F16);
    layer.q.resize(n * d), layer.k.resize(n * d);
    for (std::size_t i = 0; i < n * d; ++i) {
        layer.q[i] = static_cast<float>(i * 7919 % 211) / 105.f - 1;
        layer.k[i] = static_cast<float>(i * 104729 % 223) / 111.f - 1;
    }
    layer.lse.assign(n, std::log(static_cast<float>(n)));
    TileKey key;
    while (key.block < TileKey::kMaxBlock && std::int64_t(key.block) * o.cells < o.context) key.block *= 2;
    std::vector<TileKey> keys;
    const auto side = static_cast<int>((o.context + key.tokens() - 1) / key.tokens());
    for (key.row = 0; key.row < side; ++key.row)
        for (key.col = 0; key.col <= key.row; ++key.col) keys.push_back(key);
    const auto card = device.onCard() ? openCudaTiles(device.card) : nullptr;
    std::vector<double> seconds;
    for (int i = 0; i < 6; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const auto ignore = [](const TileKey&, const auto&) {};
        if (card) computeTilesOnCard(*card, layer, keys, ignore);
        else computeTiles(layer, keys, cli.backend().device().threads, cli.stopToken(), ignore);
        cli.throwIfCancelled();
        // The first one uploads the head.
        if (i > 0) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(seconds.begin(), seconds.end());
    Json result = timesJson({seconds[2], seconds.front(), seconds.back()});
    result["tiles"] = keys.size();
    if (card) result["kernel_seconds"] = openCudaBench(device.card)->heatmap(o.context, o.cells).seconds;
    result["device"] = device.onCard() ? cudaDevices()[static_cast<std::size_t>(device.card)].name
                                       : cli.backend().device().name;
    return result;
}

Json benchCard(const BenchOptions& o, const ModelConfig& c, int card, CliContext& cli) {
    const auto bench = openCudaBench(card);
    const BenchRates rates = bench->rates();
    cli.throwIfCancelled();
    Json result = o.what == "decode" ? benchDecode(o, c, *bench, rates) : benchPrefill(o, c, *bench);
    result.update({{"device", cudaDevices()[static_cast<std::size_t>(card)].name},
                   {"copy_TBps", rates.copy / 1e12},
                   {"read_TBps", rates.read / 1e12}});
    return result;
}

ExitCode runBench(const BenchOptions& o, CliContext& cli) {
    if (o.what == "search") return runBenchSearch(o.shape, cli);
    if (o.what == "history") return runBenchHistory(o.runs, cli);
    if (o.context < 256) throw UsageError("--context: at least 256 tokens");
    const ModelConfig& c = shapes().at(o.shape);
    const DeviceChoice device = chooseDevice(cli.options.device);
    cli.beginRun(
        {.command = "bench",
         .settings = {{"what", o.what}, {"shape", o.shape}, {"context", o.context}, {"density", o.density}},
         .device = device.onCard() ? cudaDevices()[static_cast<std::size_t>(device.card)] : cli.backend().device()});
    const bool ofModel = o.what == "load" || o.what == "profile";
    Json result = o.what == "heatmap"           ? benchHeatmap(o, c, device, cli)
                  : device.onCard() && !ofModel ? benchCard(o, c, device.card, cli)
                                                : benchModel(o, c, cli);
    result.update({{"what", o.what}, {"shape", o.shape}, {"context", o.context}, {"density", o.density}});
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& [name, value] : result.items())
        lines.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
    const std::string context = Json{{"tokens", o.context}, {"density", o.density}}.dump();
    std::vector<Measurement> measurements{{"seconds", "s", result["seconds"], 1, std::nullopt, context}};
    if (result.contains("tok_s"))
        measurements.push_back({o.what + "_tok_s", "tok/s", result["tok_s"], 1, std::nullopt, context});
    return cli.conclude({.result = result, .text = keyValueLines(lines), .measurements = measurements});
}

} // namespace

void addBenchCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<BenchOptions>();
    CLI::App& command =
        cli.addCommand(app, "bench", "What this machine reaches on a model's shape, with random weights",
                       "  moa bench decode --shape llama-7b --context 8192 --density 0.5\n"
                       "  moa bench decode --context 4096 --batch 1 --json\n"
                       "  moa bench prefill --context 16384 --density 0.25\n"
                       "  moa bench heatmap --context 32768\n"
                       "  moa bench search --shape llama-7b\n"
                       "  moa bench history --runs 100000");
    command.add_option("WHAT", options->what, "decode, prefill, profile, load, heatmap, search (of plans) or history")
        ->required()
        ->check(CLI::IsMember({"decode", "prefill", "profile", "load", "heatmap", "search", "history"}));
    std::vector<std::string> names;
    for (const auto& [name, config] : shapes()) names.push_back(name);
    command.add_option("--shape", options->shape, "of the model")->check(CLI::IsMember(names));
    command.add_option("--context", options->context, "tokens");
    command.add_option("--batch", options->batch, "sequences, or max: as many as fit the card");
    command.add_option("--density", options->density, "share of keys kept")->check(CLI::Range(0.01, 1.0));
    command.add_option("--spans", options->spans, "two or five different spans over the heads")
        ->check(CLI::IsMember({"two", "five"}));
    command.add_flag("--mixed-lengths", options->mixed,
                     "sequences from an eighth of the context to all of it");
    command.add_option("--cells", options->cells, "of the heatmap's view along one side")
        ->check(CLI::Range(1, 4096));
    command.add_option("--runs", options->runs, "of the history")->check(CLI::Range(1, 10'000'000));
    cli.onRun(command, [options, &cli] { return runBench(*options, cli); });
}

} // namespace moa::cli
