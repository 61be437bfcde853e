// Decode of a 7B shape from random weights: tokens per second, bytes per second, share of the read rate
// measured in the same run. One JSON line a figure.
//   decode_bench [CONTEXT:BATCH:DENSITY[:five|:mixed]]…     BATCH 0: as many as fit
#include "tests/bench/gpu/bench_support.h"

namespace moa::bench {
namespace {

BenchRates g_rates; // measured before the first case

void runCase(DeviceBench& bench, const char* text) {
    long long context = 0;
    double density = 1;
    char kind[16] = "two";
    DecodeBenchSpec spec;
    if (std::sscanf(text, "%lld:%d:%lf:%15s", &context, &spec.batch, &density, kind) < 3 || context < 256)
        throw UsageError("not CONTEXT:BATCH:DENSITY[:KIND]");
    spec.config = llama7b();
    spec.context = context;
    spec.mixedLengths = std::string(kind) == "mixed";
    spec.windows =
        rotatedWindows(std::string(kind) == "five" ? fiveSpanWindows(spec.config.kvHeads, context, density)
                                                   : twoSpanWindows(spec.config.kvHeads, context, density),
                       spec.config.layers);
    const DecodeBenchResult r = bench.decode(spec);
    const double perToken = 4.0 * spec.config.headDim * spec.config.layers * spec.config.kvHeads;
    std::printf(
        "{\"what\": \"decode\", \"context\": %lld, \"batch\": %d, \"density\": %.4f, \"plan\": \"%s\", "
        "\"ms\": %.3f, \"ms_min\": %.3f, \"ms_max\": %.3f, \"tok_s\": %.1f, \"bytes\": %.0f, \"TBps\": %.3f, "
        "\"share_of_read\": %.3f, \"joules_per_token\": %.4f, \"kv_bytes\": %llu, \"allocated_bytes\": %llu, "
        "\"weight_bytes\": %llu}\n",
        context, r.batch, static_cast<double>(r.kvBytes) / perToken / r.batch / static_cast<double>(context),
        kind, r.times.seconds * 1e3, r.times.least * 1e3, r.times.most * 1e3, r.batch / r.times.seconds,
        r.bytes, r.bytes / r.times.seconds / 1e12, r.bytes / r.times.seconds / g_rates.read, r.joulesPerToken,
        static_cast<unsigned long long>(r.kvBytes), static_cast<unsigned long long>(r.allocatedBytes),
        static_cast<unsigned long long>(r.weightBytes));
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    using namespace moa::bench;
    const auto measureRates = [](moa::DeviceBench& bench) {
        g_rates = bench.rates();
        std::printf("{\"what\": \"rates\", \"copy_TBps\": %.3f, \"read_TBps\": %.3f}\n", g_rates.copy / 1e12,
                    g_rates.read / 1e12);
    };
    return runCases(count, arguments, measureRates, runCase);
}
