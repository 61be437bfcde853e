// One head of a long text pooled into a square view from cached queries, keys and row log-sum-exp. A JSON
// line a figure.
//   heatmap_bench [TOKENS:CELLS]…
#include "tests/bench/gpu/bench_support.h"

namespace moa::bench {
namespace {

void runCase(DeviceBench& bench, const char* text) {
    int n = 0, cells = 0;
    if (std::sscanf(text, "%d:%d", &n, &cells) != 2) throw UsageError("not TOKENS:CELLS");
    const BenchTimes t = bench.heatmap(n, cells);
    std::printf("{\"what\": \"heatmap\", \"tokens\": %d, \"cells\": %d, \"ms\": %.4f, \"ms_min\": %.4f, "
                "\"ms_max\": %.4f}\n",
                n, cells, t.seconds * 1e3, t.least * 1e3, t.most * 1e3);
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    return moa::bench::runCases(
        count, arguments, [](moa::DeviceBench&) {}, moa::bench::runCase);
}
