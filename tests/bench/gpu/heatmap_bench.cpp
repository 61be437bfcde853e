// One head of a long text pooled into a square view from cached queries, keys and row log-sum-exp. A JSON
// line a figure.
//   heatmap_bench [TOKENS:CELLS]…
#include "engine/backend/cuda/device_memory.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/heatmap.h"
#include "tests/bench/gpu/bench_support.h"

#include <cmath>

namespace moa::bench {
namespace {

namespace k = kernels::cuda;

void runCase(const char* text) {
    int n = 0, cells = 0;
    if (std::sscanf(text, "%d:%d", &n, &cells) != 2 || cells < 1 || n < cells)
        throw UsageError(std::string("not a case: ") + text);
    constexpr int d = 128;
    const std::int64_t count = static_cast<std::int64_t>(n) * d;
    const auto view = static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells) * 4;
    cuda::DeviceMemory q(static_cast<std::size_t>(count) * 2, "q"), key(q.bytes(), "k"), mean(view, "view"),
        max(view, "view"), lse(static_cast<std::size_t>(n) * 4, "lse");
    for (const auto* memory : {&q, &key})
        cuda::check(k::launchRandomFill({memory->as(), count, 1, 3, k::Element::F16}, nullptr), "fill");
    const std::vector<float> rows(static_cast<std::size_t>(n), 10.f);
    cuda::check(cudaMemcpy(lse.as(), rows.data(), lse.bytes(), cudaMemcpyHostToDevice), "lse");
    k::HeatmapParams p;
    p.q = q.as(), p.k = key.as(), p.lse = lse.as<float>();
    p.qTokenStride = p.kTokenStride = d, p.qHeadStride = count, p.lseStride = n;
    p.tokens = p.window = n, p.headDim = d, p.sink = 64;
    p.scale = 1.f / std::sqrt(static_cast<float>(d));
    p.block = 1;
    while (p.block * cells < n) p.block *= 2;
    p.rows = p.cols = cells;
    p.mean = mean.as<float>(), p.max = max.as<float>();
    cuda::Stream stream;
    cuda::check(cudaDeviceSynchronize(), "fill");
    const Spread ms = timed(stream, 7, 5, [&] { cuda::check(k::launchHeatmap(p, stream), "heatmap"); });
    std::printf("{\"what\": \"heatmap\", \"tokens\": %d, \"cells\": %d, \"block\": %d, \"ms\": %.4f, "
                "\"ms_min\": %.4f, "
                "\"ms_max\": %.4f, \"TFLOPs\": %.1f}\n",
                n, cells, p.block, ms.median, ms.least, ms.most,
                static_cast<double>(n) * n * d / ms.median / 1e9);
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    try {
        for (int i = 1; i < count; ++i) moa::bench::runCase(arguments[i]);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "heatmap_bench: %s\n", e.what());
        return 1;
    }
}
