#include "engine/backend/cuda/cuda_bench.h"

#include "engine/backend/cuda/energy.h"
#include "engine/backend/cuda/random_weights.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/heatmap.h"
#include "moa_kernels/cuda/measure.h"
#include "moa_kernels/cuda/prefill_attention.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

constexpr int kTimings = 7;
constexpr int kWarmUps = 3;

/// Of one call of `work`: `kTimings` timings of `calls` calls each, after a warm-up.
BenchTimes timed(cudaStream_t stream, int calls, const std::function<void()>& work) {
    for (int i = 0; i < kWarmUps; ++i) work();
    Event begin, end;
    std::vector<double> seconds;
    for (int r = 0; r < kTimings; ++r) {
        begin.record(stream);
        for (int i = 0; i < calls; ++i) work();
        end.record(stream);
        seconds.push_back(static_cast<double>(end.millisecondsSince(begin)) / 1e3 / calls);
    }
    std::sort(seconds.begin(), seconds.end());
    return {seconds[kTimings / 2], seconds.front(), seconds.back()};
}

void fillRandom(const DeviceMemory& memory, std::uint64_t seed) {
    check(
        k::launchRandomFill(
            {memory.as(), static_cast<std::int64_t>(memory.bytes() / 2), 1, seed, k::Element::F16}, nullptr),
        "making random data");
    check(cudaDeviceSynchronize(), "making random data");
}

/// Visible (query, key) pairs of one head over n tokens.
double visiblePairs(std::int64_t n, std::int64_t window, std::int64_t sink) {
    double pairs = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t near = std::min(i + 1, window);
        pairs += static_cast<double>(near + std::min(sink, i + 1 - near));
    }
    return pairs;
}

DecoderLayout layoutOf(const DecodeBenchSpec& spec, int batch) {
    DecoderLayout layout;
    layout.sequences = batch, layout.positions = spec.context + 4096, layout.sink = spec.sink, layout.tune = true;
    for (int s = 0; s < batch; ++s)
        layout.windows.insert(layout.windows.end(), spec.windows.begin(), spec.windows.end());
    return layout;
}

int largestBatch(const DecodeBenchSpec& spec) {
    const double reserve = 0.9e9; // activations, tables, the graph
    const double free = static_cast<double>(memoryState().freeBytes) - reserve;
    return static_cast<int>(std::max(free, 0.0) /
                            static_cast<double>(cacheBytes(spec.config, layoutOf(spec, 1))));
}

/// Position of the new token of each sequence.
std::vector<std::int32_t> positionsOf(const DecodeBenchSpec& spec, int batch) {
    std::vector<std::int32_t> positions;
    for (int s = 0; s < batch; ++s) {
        const double share = spec.mixedLengths ? 0.125 + 0.875 * (s * 37 % 64) / 63.0 : 1.0;
        positions.push_back(static_cast<std::int32_t>(share * static_cast<double>(spec.context)) - 1);
    }
    return positions;
}

/// Bytes of keys and values that a step reads, `later` steps after `positions`.
double keyBytes(const DecodeBenchSpec& spec, const std::vector<std::int32_t>& positions, int later) {
    double slots = 0;
    for (const std::int32_t start : positions) {
        const std::int32_t p = start + later;
        for (const std::int64_t w : spec.windows)
            slots += static_cast<double>(std::min<std::int64_t>(w + spec.sink, p + 1));
    }
    return slots * 4 * spec.config.headDim;
}

class CudaBench final : public DeviceBench {
public:
    explicit CudaBench(int index) { check(cudaSetDevice(index), "choosing the device"); }

    BenchRates rates() override {
        const std::size_t bytes = std::size_t(2) << 30;
        const DeviceMemory a(bytes, "data to read"), b(bytes, "data to write");
        fillRandom(a, 7);
        Stream stream;
        const auto copy = timed(stream, 3, [&] {
            check(cudaMemcpyAsync(b.as(), a.as(), bytes, cudaMemcpyDeviceToDevice, stream), "copying");
        });
        const auto read = timed(stream, 3, [&] {
            check(k::launchReadAll(a.as(), bytes, b.as<std::uint32_t>(), stream), "reading");
        });
        return {2 * static_cast<double>(bytes) / copy.seconds, static_cast<double>(bytes) / read.seconds};
    }

    DecodeBenchResult decode(const DecodeBenchSpec& spec) override {
        const ModelConfig& c = spec.config;
        if (spec.windows.size() != static_cast<std::size_t>(c.layers) * static_cast<std::size_t>(c.kvHeads) ||
            spec.context < 1)
            throw UsageError("a decode bench needs a context and a window for every layer and KV head");
        const DecoderWeights& w = weightsOf(c);
        DecodeBenchResult result;
        result.weightBytes = m_weights->bytes();
        result.batch = spec.batch > 0 ? spec.batch : largestBatch(spec);
        if (result.batch < 1)
            throw MemoryError("keys and values of one sequence", cacheBytes(c, layoutOf(spec, 1)),
                              memoryState().freeBytes, "a shorter context or a lower density");
        const std::uint64_t before = memoryState().freeBytes;
        Decoder decoder(c, w, layoutOf(spec, result.batch));
        result.allocatedBytes = before - memoryState().freeBytes;
        result.kvBytes = decoder.kvBytes();
        fillRandom(decoder.kv(), 5);
        const auto positions = positionsOf(spec, result.batch);
        decoder.setState(positions, std::vector<std::int32_t>(positions.size(), 1));
        constexpr int kSteps = 10;
        result.times = timed(decoder.stream(), kSteps, [&] { decoder.step(); });
        const double table = 2.0 * c.vocab * c.hidden; // the embedding is looked up, not read
        // Rings that are not full yet grow from step to step: counted in the middle, where the median is taken.
        const int middle = kWarmUps + kTimings * kSteps / 2;
        result.bytes = keyBytes(spec, positions, middle) + static_cast<double>(result.weightBytes) - table;
        result.joulesPerToken = joulesPerToken(decoder, result.batch, result.times.seconds);
        return result;
    }

    PrefillBenchResult prefill(const PrefillBenchSpec& spec) override {
        if (spec.tokens < 1 || spec.windows.size() != static_cast<std::size_t>(spec.heads))
            throw UsageError("a prefill bench needs tokens and a window for every head");
        const std::int64_t count = spec.tokens * spec.heads * spec.headDim;
        const auto bytes = static_cast<std::size_t>(count) * 2;
        const DeviceMemory q(bytes, "queries"), key(bytes, "keys"), v(bytes, "values"), out(bytes, "outputs"),
            windows(spec.windows.size() * 4, "windows"), workspace(k::prefillWorkspaceBytes(), "workspace"),
            lse(static_cast<std::size_t>(spec.tokens * spec.heads) * 4, "log-sum-exp");
        fillRandom(q, 1), fillRandom(key, 2), fillRandom(v, 3);
        PrefillBenchResult result;
        std::vector<std::int32_t> host;
        for (const std::int64_t w : spec.windows) {
            host.push_back(static_cast<std::int32_t>(std::min<std::int64_t>(w, 1 << 30)));
            result.visiblePairs += visiblePairs(spec.tokens, w, spec.sink);
        }
        check(cudaMemcpy(windows.as(), host.data(), windows.bytes(), cudaMemcpyHostToDevice),
              "writing windows");
        k::PrefillAttentionParams p;
        const auto rows = [&](const DeviceMemory& memory) {
            return k::HeadRows{memory.as(), count, spec.headDim, spec.tokens * spec.headDim};
        };
        p.q = rows(q), p.k = rows(key), p.v = rows(v), p.out = rows(out);
        p.lse = lse.as<float>();
        p.windows = windows.as<std::int32_t>(), p.sink = static_cast<int>(spec.sink);
        p.queryTokens = p.keyTokens = static_cast<int>(spec.tokens);
        p.heads = p.kvHeads = spec.heads, p.headDim = spec.headDim;
        p.scale = 1.f / std::sqrt(static_cast<float>(spec.headDim));
        p.workspace = workspace.as();
        p.portable = spec.portable;
        Stream stream;
        result.times = timed(stream, 10, [&] { check(k::launchPrefillAttention(p, stream), "attention"); });
        return result;
    }

    BenchTimes wholePrefill(const ModelConfig& config, std::int64_t tokens,
                            const std::vector<std::int64_t>& windows) override {
        if (tokens < 1 || tokens > (1 << 20)) throw UsageError("a prefill bench takes 1 to 1,048,576 tokens");
        DecoderLayout layout;
        layout.sequences = 1, layout.positions = tokens + 1, layout.sink = 64;
        layout.windows = windows;
        Decoder decoder(config, weightsOf(config), layout);
        std::vector<std::int32_t> prompt(static_cast<std::size_t>(tokens));
        for (std::size_t i = 0; i < prompt.size(); ++i)
            prompt[i] = static_cast<std::int32_t>(i * 7919 % static_cast<std::size_t>(config.vocab));
        return timed(decoder.stream(), 1, [&] { decoder.prefill(0, prompt); });
    }

    BenchTimes heatmap(std::int64_t tokens, int cells) override {
        if (cells < 1 || tokens < cells)
            throw UsageError("a heatmap bench needs at least as many tokens as cells");
        constexpr int d = 128;
        const auto n = static_cast<std::size_t>(tokens),
                   view = static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells) * 4;
        const DeviceMemory q(n * d * 2, "queries"), key(n * d * 2, "keys"), mean(view, "view"),
            most(view, "view"), lse(n * 4, "log-sum-exp");
        fillRandom(q, 1), fillRandom(key, 2);
        // The log-sum-exp of random scores of variance 1, about.
        const std::vector<float> rows(n, std::log(static_cast<float>(tokens)));
        check(cudaMemcpy(lse.as(), rows.data(), lse.bytes(), cudaMemcpyHostToDevice), "writing rows");
        k::HeatmapParams p;
        p.q = q.as(), p.k = key.as(), p.lse = lse.as<float>();
        p.qTokenStride = p.kTokenStride = d;
        p.tokens = p.window = static_cast<int>(tokens), p.headDim = d, p.sink = 64;
        p.scale = 1.f / std::sqrt(static_cast<float>(d));
        p.block = 1;
        while (static_cast<std::int64_t>(p.block) * cells < tokens) p.block *= 2;
        p.rows = p.cols = cells;
        p.mean = mean.as<float>(), p.max = most.as<float>();
        Stream stream;
        return timed(stream, 5, [&] { check(k::launchHeatmap(p, stream), "heatmap"); });
    }

private:
    const DecoderWeights& weightsOf(const ModelConfig& c) {
        const auto shape = [](const ModelConfig& m) {
            return std::vector<int>{m.layers, m.heads,        m.kvHeads, m.headDim,
                                    m.hidden, m.intermediate, m.vocab,   int(m.dtype)};
        };
        if (!m_weights || shape(m_config) != shape(c)) {
            m_weights.reset(); // before the new ones are made
            m_weights.emplace(c);
            m_config = c;
        }
        return m_weights->weights();
    }

    /// Over a second or so of steps.
    double joulesPerToken(Decoder& decoder, int batch, double secondsPerStep) const {
        const int steps = std::clamp(static_cast<int>(1.5 / secondsPerStep), 10, 2000);
        decoder.synchronise();
        const double before = m_energy.joules();
        for (int i = 0; i < steps; ++i) decoder.step();
        decoder.synchronise();
        const double after = m_energy.joules();
        return before < 0 || after < 0 ? -1 : (after - before) / (static_cast<double>(steps) * batch);
    }

    Energy m_energy;
    ModelConfig m_config;
    std::optional<RandomWeights> m_weights;
};

} // namespace

std::unique_ptr<DeviceBench> makeDeviceBench(int index) {
    return std::make_unique<CudaBench>(index);
}

} // namespace moa::cuda
