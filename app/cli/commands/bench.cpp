// `moa bench`: what a card reaches on the shape of a model, from random weights and data made on it. No model
// file needed.
#include "app/cli/commands/bench_search.h"
#include "app/cli/commands/commands.h"
#include "app/cli/text_table.h"

#include "engine/backend/cuda/cuda_module.h"

#include <map>

namespace moa::cli {
namespace {

struct BenchOptions {
    std::string what = "decode", shape = "llama-7b", batch = "max", spans = "two";
    std::int64_t context = 4096;
    double density = 1;
    int cells = 1024;
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

Json benchPrefill(const BenchOptions& o, const ModelConfig& c, DeviceBench& bench) {
    PrefillBenchSpec spec;
    spec.tokens = o.context, spec.heads = c.heads, spec.headDim = c.headDim;
    spec.windows = windowsOf(o, c.heads);
    const PrefillBenchResult r = bench.prefill(spec);
    const double operations = 4.0 * c.headDim * r.visiblePairs;
    Json result = timesJson(r.times);
    result.update({{"tok_s", static_cast<double>(o.context) / r.times.seconds},
                   {"visible_pairs", r.visiblePairs},
                   {"TFLOPs", operations / r.times.seconds / 1e12}});
    return result;
}

ExitCode runBench(const BenchOptions& o, CliContext& cli) {
    if (o.what == "search") return runBenchSearch(o.shape, cli);
    if (o.context < 256) throw UsageError("--context: at least 256 tokens");
    const ModelConfig& c = shapes().at(o.shape);
    const auto bench = openCudaBench(0);
    const BenchRates rates = bench->rates();
    cli.throwIfCancelled();
    cli.beginRun(
        {.command = "bench",
         .settings = {{"what", o.what}, {"shape", o.shape}, {"context", o.context}, {"density", o.density}}});
    Json result = o.what == "decode"    ? benchDecode(o, c, *bench, rates)
                  : o.what == "prefill" ? benchPrefill(o, c, *bench)
                                        : timesJson(bench->heatmap(o.context, o.cells));
    result.update({{"what", o.what},
                   {"shape", o.shape},
                   {"context", o.context},
                   {"density", o.density},
                   {"device", cudaDevices().front().name},
                   {"copy_TBps", rates.copy / 1e12},
                   {"read_TBps", rates.read / 1e12}});
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
        cli.addCommand(app, "bench", "What a GPU reaches on a model's shape, with random weights",
                       "  moa bench decode --shape llama-7b --context 8192 --density 0.5\n"
                       "  moa bench decode --context 4096 --batch 1 --json\n"
                       "  moa bench prefill --context 16384 --density 0.25\n"
                       "  moa bench heatmap --context 32768\n"
                       "  moa bench search --shape llama-7b");
    command.add_option("WHAT", options->what, "decode, prefill (attention alone), heatmap or search (plans; no GPU)")
        ->required()
        ->check(CLI::IsMember({"decode", "prefill", "heatmap", "search"}));
    std::vector<std::string> names;
    for (const auto& [name, config] : shapes()) names.push_back(name);
    command.add_option("--shape", options->shape, "of the model")->check(CLI::IsMember(names));
    command.add_option("--context", options->context, "tokens");
    command.add_option("--batch", options->batch, "sequences, or max: as many as fit");
    command.add_option("--density", options->density, "share of keys kept")->check(CLI::Range(0.01, 1.0));
    command.add_option("--spans", options->spans, "two or five different spans over the heads")
        ->check(CLI::IsMember({"two", "five"}));
    command.add_flag("--mixed-lengths", options->mixed,
                     "sequences from an eighth of the context to all of it");
    command.add_option("--cells", options->cells, "of the heatmap's view along one side")
        ->check(CLI::Range(1, 4096));
    cli.onRun(command, [options, &cli] { return runBench(*options, cli); });
}

} // namespace moa::cli
