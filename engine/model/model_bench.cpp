#include "engine/model/model_bench.h"

#include "engine/core/error.h"
#include "engine/loader/random_model.h"
#include "engine/model/language_model.h"
#include "engine/model/sequence.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

namespace moa {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kTimings = 5;
constexpr double kLong = 20; ///< seconds of a call that is timed once: its first run, warm-up and all

double secondsOf(const std::function<void()>& work) {
    const auto start = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<int> noiseText(const ModelConfig& config, std::int64_t tokens) {
    std::vector<int> ids(static_cast<std::size_t>(tokens));
    for (std::size_t i = 0; i < ids.size(); ++i)
        ids[i] = static_cast<int>(i * 7919 % static_cast<std::size_t>(config.vocab));
    return ids;
}

void ignoreLogits(std::size_t, std::int64_t, std::span<const float>) {}

/// Keys and values that a token at the end of `context` reads, both, in bytes.
double keyBytes(const ModelBenchSpec& spec, DType type) {
    double slots = 0;
    for (const std::int64_t w : spec.windows.windows)
        slots += static_cast<double>(std::min(w + spec.windows.sink, spec.context));
    return slots * 2 * spec.config.headDim * static_cast<double>(bytesPerValue(type)) * spec.batch;
}

} // namespace

/// Median of kTimings calls after one that warms up.
BenchTimes ModelBench::timed(const std::function<void()>& work) const {
    std::vector<double> seconds;
    for (int i = 0; i <= kTimings; ++i) {
        if (m_stop.stop_requested()) throw Error("cancelled; nothing was kept", ExitCode::Cancelled);
        const double s = secondsOf(work);
        if (i == 0 && s > kLong) return {s, s, s};
        if (i > 0) seconds.push_back(s);
    }
    std::sort(seconds.begin(), seconds.end());
    return {seconds[kTimings / 2], seconds.front(), seconds.back()};
}

BenchRates ModelBench::hostRates() const {
    const std::size_t each = std::size_t(64) << 20; // far more than a cache holds
    const auto threads = static_cast<std::size_t>(std::max(1, m_backend.device().threads));
    const std::size_t count = m_backend.device().kind == "cpu" ? threads : 1;
    std::vector<std::vector<std::uint64_t>> from(count, std::vector<std::uint64_t>(each / 8, 1)), to = from;
    std::vector<std::uint64_t> sums(count);
    const auto onAll = [&](const std::function<void(std::size_t)>& work) {
        std::vector<std::jthread> team;
        for (std::size_t t = 0; t < count; ++t) team.emplace_back([&work, t] { work(t); });
    };
    const BenchTimes copy = timed([&] { onAll([&](std::size_t t) { std::memcpy(to[t].data(), from[t].data(), each); }); });
    const BenchTimes read = timed([&] {
        onAll([&](std::size_t t) {
            std::uint64_t sum = 0;
            for (const std::uint64_t x : from[t]) sum += x;
            sums[t] = sum;
        });
    });
    const double bytes = static_cast<double>(each) * static_cast<double>(count);
    return {2 * bytes / copy.seconds, bytes / read.seconds};
}

ModelBenchResult ModelBench::decode(const ModelBenchSpec& spec) {
    LanguageModel model(randomModel(spec.config), m_backend, m_stop);
    ModelBenchResult result;
    std::vector<Sequence> sequences;
    std::vector<ForwardItem> items;
    const std::vector<int> token{1};
    for (int b = 0; b < spec.batch; ++b) {
        sequences.emplace_back(model, MaskSource::fixed(spec.windows), spec.context + kTimings + 8);
        sequences.back().advance(spec.context); // held without a prefill: zeros cost what keys cost
        result.kvBytes += sequences.back().kvBytes();
    }
    for (Sequence& s : sequences) items.push_back({&s, token, 1});
    result.times = timed([&] { model.forward(items, ignoreLogits, m_stop); });
    result.weightBytes = model.weightBytes();
    const double table = static_cast<double>(bytesPerValue(m_backend.dtype())) * spec.config.vocab * spec.config.hidden;
    result.bytes = keyBytes(spec, m_backend.dtype()) + static_cast<double>(result.weightBytes) -
                   (spec.config.tiedEmbeddings ? 0 : table); // the embedding is looked up, not read
    return result;
}

ModelBenchResult ModelBench::prefill(const ModelBenchSpec& spec) {
    LanguageModel model(randomModel(spec.config), m_backend, m_stop);
    const std::vector<int> text = noiseText(spec.config, spec.context);
    Sequence sequence(model, MaskSource::fixed(spec.windows), spec.context + 1);
    ModelBenchResult result;
    result.kvBytes = sequence.kvBytes();
    result.weightBytes = model.weightBytes();
    result.times = timed([&] {
        sequence.clear();
        ForwardItem item{&sequence, text, 1};
        model.forward(std::span(&item, 1), ignoreLogits, m_stop);
    });
    return result;
}

ModelBenchResult ModelBench::load(const ModelConfig& config) {
    const auto files = randomModel(config);
    ModelBenchResult result;
    result.times = timed([&] {
        const LanguageModel model(files, m_backend, m_stop);
        result.weightBytes = model.weightBytes();
    });
    result.bytes = static_cast<double>(result.weightBytes);
    return result;
}

ModelBenchResult ModelBench::profile(const ModelBenchSpec& spec) {
    LanguageModel model(randomModel(spec.config), m_backend, m_stop);
    const std::vector<int> text = noiseText(spec.config, spec.context);
    ModelBenchResult result;
    result.weightBytes = model.weightBytes();
    result.times = timed([&] {
        SampleCosts costs(spec.config.layers, spec.config.heads, spec.context);
        BackwardSample sample;
        sample.ids = text;
        sample.costs = &costs;
        result.peakBytes = std::max(result.peakBytes, model.backward(sample, m_stop).deviceBytes);
    });
    return result;
}

} // namespace moa
