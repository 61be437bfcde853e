// Decode of a 7B shape from random weights: tokens per second, bytes per second, share of the read rate
// measured in the same run. One JSON line a figure.
//   decode_bench [CONTEXT:BATCH:DENSITY[:five|:mixed]]…     BATCH 0: as many as fit
#include "engine/backend/cuda/random_weights.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/measure.h"
#include "tests/bench/gpu/bench_support.h"
#include "tests/bench/gpu/energy.h"

namespace moa::bench {
namespace {

namespace k = kernels::cuda;

struct Rates {
    double copy = 0, read = 0; ///< bytes per second
};

Rates measureRates() {
    const std::size_t bytes = std::size_t(2) << 30;
    cuda::DeviceMemory a(bytes, "rates"), b(bytes, "rates");
    cuda::check(
        k::launchRandomFill({a.as(), static_cast<std::int64_t>(bytes / 2), 1, 7, k::Element::F16}, nullptr),
        "fill");
    cuda::Stream stream;
    cuda::check(cudaDeviceSynchronize(), "fill");
    const auto copy = timed(stream, 7, 3, [&] {
        cuda::check(cudaMemcpyAsync(b.as(), a.as(), bytes, cudaMemcpyDeviceToDevice, stream), "copy");
    });
    const auto read = timed(stream, 7, 3, [&] {
        cuda::check(k::launchReadAll(a.as(), bytes, b.as<std::uint32_t>(), stream), "read");
    });
    const Rates rates{2e3 * static_cast<double>(bytes) / copy.median,
                      1e3 * static_cast<double>(bytes) / read.median};
    std::printf("{\"what\": \"rates\", \"copy_TBps\": %.3f, \"read_TBps\": %.3f}\n", rates.copy / 1e12,
                rates.read / 1e12);
    return rates;
}

struct Case {
    std::int64_t context = 4096;
    int batch = 0;
    double density = 1;
    std::string kind = "two";
};

Case parseCase(const char* text) {
    Case c;
    char kind[16] = "two";
    long long context = 0;
    const int fields = std::sscanf(text, "%lld:%d:%lf:%15s", &context, &c.batch, &c.density, kind);
    if (fields < 3 || context < 256) throw UsageError(std::string("not a case: ") + text);
    c.context = context, c.kind = kind;
    return c;
}

/// Position of the new token of each sequence. "mixed": lengths from an eighth of the context to all of it.
std::vector<std::int32_t> startPositions(const Case& c, int batch) {
    std::vector<std::int32_t> positions;
    for (int s = 0; s < batch; ++s) {
        const double share = c.kind == "mixed" ? 0.125 + 0.875 * ((s * 37) % 64) / 63.0 : 1.0;
        positions.push_back(static_cast<std::int32_t>(share * static_cast<double>(c.context)) - 1);
    }
    return positions;
}

cuda::DecoderLayout layoutOf(const ModelConfig& config, const Case& c, int batch) {
    cuda::DecoderLayout layout;
    layout.sequences = batch, layout.positions = c.context + 2048, layout.sink = 64;
    for (int s = 0; s < batch; ++s)
        for (int l = 0; l < config.layers; ++l) {
            auto windows = c.kind == "five" ? fiveSpans(config.kvHeads, c.context, c.density)
                                            : twoSpans(config.kvHeads, c.context, c.density);
            // No two layers alike: the long heads sit elsewhere in each.
            std::rotate(windows.begin(), windows.begin() + (l * 5) % config.kvHeads, windows.end());
            layout.windows.insert(layout.windows.end(), windows.begin(), windows.end());
        }
    return layout;
}

int largestBatch(const ModelConfig& config, const Case& c) {
    const auto free =
        static_cast<double>(cuda::memoryState().freeBytes) - 0.9e9; // activations, tables, graph
    return static_cast<int>(free / static_cast<double>(cacheBytes(config, layoutOf(config, c, 1))));
}

/// Bytes of keys and values that one step reads.
double readBytes(const ModelConfig& config, const cuda::DecoderLayout& layout,
                 const std::vector<std::int32_t>& at) {
    double slots = 0;
    const std::size_t perSequence = layout.windows.size() / at.size();
    for (std::size_t i = 0; i < layout.windows.size(); ++i)
        slots += static_cast<double>(
            std::min<std::int64_t>(layout.windows[i] + layout.sink, at[i / perSequence] + 1));
    return slots * 4 * config.headDim;
}

/// Joules a token over a second or so of steps; negative where the driver does not say.
double joulesPerToken(cuda::Decoder& decoder, int batch, double msPerStep) {
    static const Energy energy;
    const int steps = std::max(10, static_cast<int>(1500 / msPerStep));
    decoder.synchronise();
    const double before = energy.joules();
    for (int i = 0; i < steps; ++i) decoder.step();
    decoder.synchronise();
    const double after = energy.joules();
    return before < 0 || after < 0 ? -1 : (after - before) / (static_cast<double>(steps) * batch);
}

void runCase(const ModelConfig& config, const cuda::RandomWeights& weights, Case c, const Rates& rates) {
    const int batch = c.batch > 0 ? c.batch : largestBatch(config, c);
    if (batch <= 0) throw Error("not even one sequence fits");
    const cuda::DecoderLayout layout = layoutOf(config, c, batch);
    const auto before = cuda::memoryState();
    cuda::Decoder decoder(config, weights.weights(), layout);
    const auto after = cuda::memoryState();
    cuda::check(k::launchRandomFill({decoder.kv().as(), static_cast<std::int64_t>(decoder.kvBytes() / 2), 1,
                                     5, k::Element::F16},
                                    nullptr),
                "fill");
    cuda::check(cudaDeviceSynchronize(), "fill");
    const auto positions = startPositions(c, batch);
    decoder.setState(positions, std::vector<std::int32_t>(positions.size(), 1));
    const Spread ms = timed(decoder.stream(), 7, 10, [&] { decoder.step(); });
    const double joules = joulesPerToken(decoder, batch, ms.median);
    const double kv = readBytes(config, layout, positions);
    const double table = 2.0 * config.vocab * config.hidden; // the embedding is looked up, not read
    const double bytes = kv + static_cast<double>(weights.bytes()) - table;
    std::printf(
        "{\"what\": \"decode\", \"context\": %lld, \"batch\": %d, \"density\": %.4f, \"plan\": \"%s\", "
        "\"ms\": %.3f, \"ms_min\": %.3f, \"ms_max\": %.3f, \"tok_s\": %.1f, \"bytes\": %.0f, \"TBps\": %.3f, "
        "\"share_of_read\": %.3f, \"joules_per_token\": %.4f, \"kv_bytes\": %llu, \"allocated_bytes\": %llu, "
        "\"weight_bytes\": %llu}\n",
        static_cast<long long>(c.context), batch,
        static_cast<double>(decoder.kvBytes()) / (4.0 * config.headDim * config.layers * config.kvHeads) /
            batch / static_cast<double>(c.context),
        c.kind.c_str(), ms.median, ms.least, ms.most, batch / ms.median * 1e3, bytes, bytes / ms.median / 1e9,
        bytes / ms.median * 1e3 / rates.read, joules, static_cast<unsigned long long>(decoder.kvBytes()),
        static_cast<unsigned long long>(before.freeBytes - after.freeBytes),
        static_cast<unsigned long long>(weights.bytes()));
    std::fflush(stdout);
}

int run(int count, char** arguments) {
    const Rates rates = measureRates();
    const ModelConfig config = llama7b();
    const cuda::RandomWeights weights(config);
    for (int i = 1; i < count; ++i) {
        try {
            runCase(config, weights, parseCase(arguments[i]), rates);
        } catch (const Error& e) {
            std::printf("{\"what\": \"decode\", \"case\": \"%s\", \"error\": \"%s\"}\n", arguments[i],
                        e.what());
        }
    }
    return 0;
}

} // namespace
} // namespace moa::bench

int main(int count, char** arguments) {
    try {
        return moa::bench::run(count, arguments);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "decode_bench: %s\n", e.what());
        return 1;
    }
}
