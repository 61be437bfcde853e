// Causal prefill attention of 32 heads, dense and under plans: milliseconds, and TFLOP/s on the visible
// (query, key) pairs. One JSON line a figure.
//   prefill_bench [TOKENS:HEAD_DIM:DENSITY[:portable] | whole:TOKENS]…     whole: a 7B model from prompt to
//   first token
#include "tests/bench/gpu/bench_support.h"

namespace moa::bench {
namespace {

void runCase(DeviceBench& bench, const char* text) {
    long long n = 0;
    if (std::sscanf(text, "whole:%lld", &n) == 1) {
        const BenchTimes t = bench.wholePrefill(
            llama7b(), n, std::vector<std::int64_t>(static_cast<std::size_t>(llama7b().layers * llama7b().kvHeads), n));
        std::printf("{\"what\": \"whole_prefill\", \"tokens\": %lld, \"ms\": %.3f, \"ms_min\": %.3f, "
                    "\"ms_max\": %.3f, "
                    "\"tok_s\": %.1f}\n",
                    n, t.seconds * 1e3, t.least * 1e3, t.most * 1e3, static_cast<double>(n) / t.seconds);
        return;
    }
    double density = 1;
    char kind[16] = "best";
    PrefillBenchSpec spec;
    if (std::sscanf(text, "%lld:%d:%lf:%15s", &n, &spec.headDim, &density, kind) < 3 || n < 128)
        throw UsageError("not TOKENS:HEAD_DIM:DENSITY[:portable]");
    spec.tokens = n;
    spec.windows = density >= 1 ? std::vector<std::int64_t>(static_cast<std::size_t>(spec.heads), n)
                                : twoSpanWindows(spec.heads, n, density);
    spec.portable = kind[0] == 'p';
    const PrefillBenchResult r = bench.prefill(spec);
    const double all = spec.heads * (static_cast<double>(n) * static_cast<double>(n + 1) / 2);
    std::printf(
        "{\"what\": \"prefill\", \"tokens\": %lld, \"head_dim\": %d, \"density\": %.3f, \"path\": \"%s\", "
        "\"ms\": %.4f, \"ms_min\": %.4f, \"ms_max\": %.4f, \"visible_TFLOPs\": %.1f, \"visible_share\": "
        "%.4f}\n",
        n, spec.headDim, density, kind, r.times.seconds * 1e3, r.times.least * 1e3, r.times.most * 1e3,
        4.0 * spec.headDim * r.visiblePairs / r.times.seconds / 1e12, r.visiblePairs / all);
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    return moa::bench::runCases(
        count, arguments, [](moa::DeviceBench&) {}, moa::bench::runCase);
}
