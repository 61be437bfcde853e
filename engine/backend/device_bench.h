// What a card reaches on the shapes of real models, from random data made on the card: `moa bench` and
// tests/bench. No CUDA header needed; the module makes the object.
#pragma once

#include "engine/core/model_config.h"

#include <cstdint>
#include <vector>

namespace moa {

/// Seconds of one call: median of at least five timings, and their ends.
struct BenchTimes {
    double seconds = 0, least = 0, most = 0;
};

/// What memory reaches in the same run, bytes per second.
struct BenchRates {
    double copy = 0; ///< read and written bytes together
    double read = 0;
};

struct DecodeBenchSpec {
    ModelConfig config;
    std::int64_t context = 0; ///< tokens held when the steps are timed
    int batch = 0;            ///< 0: as many sequences as fit
    std::int64_t sink = 64;
    std::vector<std::int64_t> windows; ///< [L][G] tokens beside the sink
    bool mixedLengths = false; ///< lengths from an eighth of the context to all of it, instead of equal ones
};

struct DecodeBenchResult {
    BenchTimes times; ///< of one step
    int batch = 0;
    double bytes = 0;                 ///< weights, keys and values that a step reads
    double joulesPerToken = -1;       ///< negative: the driver does not say
    std::uint64_t kvBytes = 0;        ///< by the formula
    std::uint64_t allocatedBytes = 0; ///< by the driver: caches, activations, tables
    std::uint64_t weightBytes = 0;
};

struct PrefillBenchSpec {
    std::int64_t tokens = 0;
    int heads = 32, headDim = 128;
    std::int64_t sink = 64;
    std::vector<std::int64_t> windows; ///< [heads] tokens
    bool portable = false;             ///< the path of cards before Hopper
};

struct PrefillBenchResult {
    BenchTimes times;
    double visiblePairs = 0; ///< (query, key) pairs of all heads
};

class DeviceBench {
public:
    virtual ~DeviceBench() = default;
    virtual BenchRates rates() = 0;
    /// Weights are kept from call to call while the shape stays. Throws MemoryError, UsageError.
    virtual DecodeBenchResult decode(const DecodeBenchSpec& spec) = 0;
    virtual PrefillBenchResult prefill(const PrefillBenchSpec& spec) = 0;
    /// A prompt of `tokens` through a whole model under windows [L][G], to the first token.
    virtual BenchTimes wholePrefill(const ModelConfig& config, std::int64_t tokens, const std::vector<std::int64_t>& windows) = 0;
    /// One head of `tokens` pooled into at most cells × cells.
    virtual BenchTimes heatmap(std::int64_t tokens, int cells) = 0;
};

/// Windows of `kvHeads` heads with a mean span of about density · n (sink 64 included). Two spans: a third of
/// the heads (an eighth where the density asks for it) at full length, the others equal and short.
std::vector<std::int64_t> twoSpanWindows(int kvHeads, std::int64_t n, double density);
/// Five different spans with the same mean, mixed over the heads.
std::vector<std::int64_t> fiveSpanWindows(int kvHeads, std::int64_t n, double density);
/// The same for every layer, the long heads elsewhere in each: [layers][kvHeads].
std::vector<std::int64_t> rotatedWindows(const std::vector<std::int64_t>& windows, int layers);

} // namespace moa
