// What a model's forward, backward and load reach on a device through the code that the programs run, from noise
// weights: `moa bench` where there is no card, and for what a card does not do alone.
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/device_bench.h"
#include "engine/core/plan.h"

#include <functional>
#include <stop_token>

namespace moa {

struct ModelBenchSpec {
    ModelConfig config;
    std::int64_t context = 0; ///< tokens
    int batch = 1;
    WindowMap windows; ///< of all layers
};

struct ModelBenchResult {
    BenchTimes times;
    double bytes = 0;           ///< weights, keys and values that one call reads, or that a load writes
    std::uint64_t kvBytes = 0;  ///< allocated
    std::uint64_t weightBytes = 0;
    std::uint64_t peakBytes = 0; ///< in use on the device at the fullest moment of a profile; 0: not measured
};

/// Every function throws MemoryError, and Error with ExitCode::Cancelled after a stop.
class ModelBench {
public:
    ModelBench(Backend& backend, std::stop_token stop) : m_backend(backend), m_stop(std::move(stop)) {}

    /// Bytes per second of the host's memory: what all threads copy and read.
    BenchRates hostRates() const;
    /// One token of every sequence of the batch, `context` tokens held.
    ModelBenchResult decode(const ModelBenchSpec& spec);
    /// A prompt of `context` tokens.
    ModelBenchResult prefill(const ModelBenchSpec& spec);
    /// Weights from the host's memory to the device, in its type.
    ModelBenchResult load(const ModelConfig& config);
    /// One sample of `context` tokens: forward, backward and the costs of every rule of every head.
    ModelBenchResult profile(const ModelBenchSpec& spec);

private:
    BenchTimes timed(const std::function<void()>& work) const;

    Backend& m_backend;
    std::stop_token m_stop;
};

} // namespace moa
