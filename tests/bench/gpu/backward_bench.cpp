// Attention backward of one layer of 32 query heads, alone and with rule costs: milliseconds, and the rate of
// its seven products over the causal half (queries and keys are walked separately, so two of them are done
// twice).
//   backward_bench TOKENS:HEAD_DIM[:GROUP]…     GROUP: query heads a KV head, default 1; F16; one JSON line
//   each
#include "engine/backend/cuda/device_memory.h"
#include "engine/backend/cuda/stream.h"
#include "moa_kernels/cuda/attention_backward.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/prefill_attention.h"
#include "tests/bench/gpu/bench_support.h"

#include <algorithm>
#include <vector>

namespace moa::bench {
namespace {

using namespace kernels::cuda;
using cuda::check;
using cuda::DeviceMemory;

constexpr int kHeads = 32, kTimes = 7;

double medianMs(const cuda::Stream& stream, const std::function<void()>& work) {
    std::vector<double> ms;
    for (int i = 0; i <= kTimes; ++i) {
        cuda::Event begin, end;
        begin.record(stream);
        work();
        end.record(stream);
        const double time = static_cast<double>(end.millisecondsSince(begin));
        if (i > 0) ms.push_back(time);
    }
    std::sort(ms.begin(), ms.end());
    return ms[kTimes / 2];
}

void runCase(const char* text) {
    int n = 0, d = 0, group = 1;
    if (std::sscanf(text, "%d:%d:%d", &n, &d, &group) < 2 || n < 64 || group < 1 || kHeads % group != 0)
        throw UsageError("not TOKENS:HEAD_DIM[:GROUP]");
    const cuda::Stream stream;
    const int kvHeads = kHeads / group;
    const auto rows = [&](int heads) {
        return static_cast<std::size_t>(n) * static_cast<std::size_t>(heads * d) * 2;
    };
    DeviceMemory q(rows(kHeads), "q"), out(rows(kHeads), "out"), dOut(rows(kHeads), "dOut"),
        dQ(rows(kHeads), "dQ");
    DeviceMemory k(rows(kvHeads), "k"), v(rows(kvHeads), "v"), dK(rows(kvHeads), "dK"),
        dV(rows(kvHeads), "dV");
    DeviceMemory lse(static_cast<std::size_t>(n) * kHeads * 4, "lse"), delta(lse.bytes() + 4, "delta");
    std::uint64_t seed = 1;
    for (DeviceMemory* m : {&q, &k, &v, &dOut})
        check(launchRandomFill(
                  {m->as(), static_cast<std::int64_t>(m->bytes() / 2), 1.f, seed++, Element::F16}, stream),
              "filling");
    const std::vector<std::int32_t> all(static_cast<std::size_t>(kvHeads), n);
    DeviceMemory windows(all.size() * 4, "windows"), counter(prefillWorkspaceBytes(), "workspace");
    check(cudaMemcpy(windows.as(), all.data(), windows.bytes(), cudaMemcpyHostToDevice), "writing windows");
    const std::int64_t qStride = kHeads * d, kStride = kvHeads * d;
    PrefillAttentionParams forward;
    forward.q = {q.as(), 0, qStride, d}, forward.out = {out.as(), 0, qStride, d};
    forward.k = {k.as(), 0, kStride, d}, forward.v = {v.as(), 0, kStride, d};
    forward.lse = lse.as<float>(), forward.windows = windows.as<std::int32_t>();
    forward.queryTokens = forward.keyTokens = n, forward.heads = kHeads, forward.kvHeads = kvHeads,
    forward.headDim = d;
    forward.scale = 1.f / std::sqrt(static_cast<float>(d)), forward.workspace = counter.as();
    check(launchPrefillAttention(forward, stream), "attention");
    AttentionBackwardParams p;
    p.q = q.as(), p.out = out.as(), p.dOut = dOut.as(), p.k = k.as(), p.v = v.as();
    p.qStride = p.outStride = p.dOutStride = p.dQStride = qStride,
    p.kStride = p.vStride = p.dKStride = p.dVStride = kStride;
    p.lse = lse.as<float>(), p.lseStride = n, p.delta = delta.as<float>();
    p.dQ = dQ.as(), p.dK = dK.as(), p.dV = dV.as();
    p.n = n, p.heads = kHeads, p.kvHeads = kvHeads, p.headDim = d, p.scale = forward.scale;
    const int tiles = (n + 63) / 64, cells = std::min(tiles, 128);
    cudaDeviceProp card{};
    check(cudaGetDeviceProperties(&card, 0), "reading the device");
    const auto all5 = static_cast<std::size_t>(kHeads * 5 * (tiles + 1)) * 8;
    DeviceMemory cost(all5, "costs"), costSigned(all5, "costs"), hist(all5, "costs");
    DeviceMemory maps(static_cast<std::size_t>(kHeads * cells * cells) * 8, "maps");
    DeviceMemory workspace(ruleCostWorkspaceBytes(n, kHeads, tiles, cells, card.multiProcessorCount),
                           "workspace");
    const RuleCostParams costs{tiles,
                               cells,
                               nullptr,
                               cost.as<double>(),
                               costSigned.as<double>(),
                               hist.as<double>(),
                               maps.as<float>(),
                               maps.as<float>() + kHeads * cells * cells,
                               workspace.as()};
    const double plain =
        medianMs(stream, [&] { check(launchAttentionBackward(p, nullptr, stream), "backward"); });
    const double whole =
        medianMs(stream, [&] { check(launchAttentionBackward(p, &costs, stream), "backward"); });
    const double flops = 14.0 * d * kHeads * (static_cast<double>(n) * (n + 1) / 2);
    std::printf("{\"what\": \"backward\", \"tokens\": %d, \"head_dim\": %d, \"group\": %d, \"ms\": %.4f, "
                "\"ms_with_costs\": %.4f, "
                "\"TFLOPs\": %.1f, \"TFLOPs_with_costs\": %.1f, \"workspace_bytes\": %zu}\n",
                n, d, group, plain, whole, flops / plain / 1e9, flops / whole / 1e9, workspace.bytes());
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    return moa::bench::runCases(
        count, arguments, [](moa::DeviceBench&) {},
        [](moa::DeviceBench&, const char* text) { moa::bench::runCase(text); });
}
