// Causal prefill attention of 32 heads, dense and under plans: milliseconds, and TFLOP/s on the visible
// (query, key) pairs. One JSON line a figure.
//   prefill_bench [TOKENS:HEAD_DIM:DENSITY[:portable]]…
#include "engine/backend/cuda/device_memory.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/prefill_attention.h"
#include "tests/bench/gpu/bench_support.h"

#include <cmath>

namespace moa::bench {
namespace {

namespace k = kernels::cuda;

constexpr int kHeads = 32, kSink = 64;

/// Visible (query, key) pairs of one head over n tokens.
double visiblePairs(std::int64_t n, std::int64_t window) {
    double pairs = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t near = std::min(i + 1, window);
        pairs += static_cast<double>(near + std::min<std::int64_t>(kSink, i + 1 - near));
    }
    return pairs;
}

void runCase(const char* text) {
    long long n = 0;
    int d = 0;
    double density = 1;
    char kind[16] = "";
    if (std::sscanf(text, "%lld:%d:%lf:%15s", &n, &d, &density, kind) < 3 || n < 128)
        throw UsageError(std::string("not a case: ") + text);
    const std::int64_t count = n * kHeads * d;
    const auto bytes = static_cast<std::size_t>(count) * 2;
    cuda::DeviceMemory q(bytes, "q"), key(bytes, "k"), v(bytes, "v"), out(bytes, "out"),
        windows(kHeads * 4, "windows"), workspace(k::prefillWorkspaceBytes(), "workspace"),
        lse(static_cast<std::size_t>(n) * kHeads * 4, "lse");
    std::uint64_t seed = 1;
    for (const auto* memory : {&q, &key, &v})
        cuda::check(k::launchRandomFill({memory->as(), count, 1, seed++, k::Element::F16}, nullptr), "fill");
    std::vector<std::int32_t> host;
    double pairs = 0;
    for (const std::int64_t w : twoSpans(kHeads, n, density)) {
        host.push_back(static_cast<std::int32_t>(density >= 1 ? n : w));
        pairs += visiblePairs(n, host.back());
    }
    cuda::check(cudaMemcpy(windows.as(), host.data(), windows.bytes(), cudaMemcpyHostToDevice), "windows");
    k::PrefillAttentionParams p;
    const auto rows = [&](const cuda::DeviceMemory& memory) {
        return k::HeadRows{memory.as(), count, d, n * d};
    };
    p.q = rows(q), p.k = rows(key), p.v = rows(v), p.out = rows(out);
    p.lse = lse.as<float>();
    p.windows = windows.as<std::int32_t>(), p.sink = kSink;
    p.queryTokens = p.keyTokens = static_cast<int>(n);
    p.heads = p.kvHeads = kHeads, p.headDim = d;
    p.scale = 1.f / std::sqrt(static_cast<float>(d));
    p.workspace = workspace.as();
    p.portable = kind[0] == 'p';
    cuda::Stream stream;
    cuda::check(cudaDeviceSynchronize(), "fill");
    const Spread ms =
        timed(stream, 7, 10, [&] { cuda::check(k::launchPrefillAttention(p, stream), "attention"); });
    std::printf(
        "{\"what\": \"prefill\", \"tokens\": %lld, \"head_dim\": %d, \"density\": %.3f, \"path\": \"%s\", "
        "\"ms\": %.4f, \"ms_min\": %.4f, \"ms_max\": %.4f, \"visible_TFLOPs\": %.1f, \"visible_share\": "
        "%.4f}\n",
        n, d, density, p.portable ? "portable" : "best", ms.median, ms.least, ms.most,
        4.0 * d * pairs / ms.median / 1e9, pairs / (kHeads * (static_cast<double>(n) * (n + 1) / 2)));
    std::fflush(stdout);
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    try {
        for (int i = 1; i < count; ++i) moa::bench::runCase(arguments[i]);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "prefill_bench: %s\n", e.what());
        return 1;
    }
}
