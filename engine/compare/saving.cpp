#include "engine/compare/saving.h"

#include "engine/core/error.h"
#include "engine/model/language_model.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>

namespace moa {

namespace {

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

class SavingRun {
public:
    SavingRun(LanguageModel& model, const WindowMap& windows, std::int64_t tokens, const SavingOptions& options,
              std::stop_token stop, const ProgressFn& progress)
        : m_model(model), m_windows(windows), m_options(options), m_stop(std::move(stop)), m_progress(progress) {
        const ModelConfig& c = model.config();
        const std::int64_t steps = options.warmUp + options.repeats;
        const std::int64_t held = std::min<std::int64_t>(tokens, c.context - steps);
        m_saving.tokens = held;
        const WindowMap full = denseWindows(c.layers, c.kvHeads, windows.sink);
        for (int side = 0; side < 2; ++side)
            for (int b = 0; b < options.batch; ++b) {
                m_sides[side].emplace_back(model, MaskSource::fixed(side ? windows : full), held + steps);
                m_sides[side].back().advance(held); // without a prefill
            }
        const auto rows = static_cast<std::int64_t>(options.batch);
        const std::int64_t qCols = std::int64_t(c.heads) * c.headDim, kvCols = std::int64_t(c.kvHeads) * c.headDim;
        m_q = matrix(rows, qCols);
        m_out = matrix(rows, qCols);
        m_k = matrix(rows, kvCols);
        m_v = matrix(rows, kvCols);
    }

    Saving run() {
        const bool done = timeAttention() && (!m_options.heads || timeHeads()) && timeSteps();
        if (!done) {
            Saving cancelled;
            cancelled.completion = Completion::Cancelled;
            return cancelled;
        }
        for (int side = 0; side < 2; ++side) {
            SavingSide& result = side ? m_saving.sparse : m_saving.dense;
            for (const Sequence& sequence : m_sides[side]) result.kvBytes += sequence.kvBytes();
            result.tokensPerSecond = m_options.batch / result.stepSeconds;
        }
        double shown = 0, all = 0;
        for (const std::int64_t w : m_windows.windows) {
            shown += static_cast<double>(std::min(w + m_windows.sink, m_saving.tokens));
            all += static_cast<double>(m_saving.tokens);
        }
        m_saving.density = shown / all;
        return std::move(m_saving);
    }

private:
    Tensor matrix(std::int64_t rows, std::int64_t cols) {
        const DType type = m_model.backend().dtype();
        m_memory.push_back(m_model.backend().allocate(static_cast<std::size_t>(rows * cols * bytesPerValue(type)), "a timed step"));
        return {m_memory.back().data(), type, rows, cols, cols};
    }

    /// Medians of both works, their calls alternating after warm-up; false when stopped.
    bool alternate(const std::string& stage, const std::function<void()>& a, const std::function<void()>& b, double& secondsA,
                   double& secondsB) {
        std::vector<double> times[2];
        for (int i = 0; i < m_options.warmUp + m_options.repeats; ++i) {
            if (m_progress) m_progress({stage, i, m_options.warmUp + m_options.repeats});
            for (int side = 0; side < 2; ++side) {
                if (m_stop.stop_requested()) return false;
                const auto start = std::chrono::steady_clock::now();
                (side ? b : a)();
                const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
                if (i >= m_options.warmUp) times[side].push_back(seconds);
            }
        }
        secondsA = median(times[0]);
        secondsB = median(times[1]);
        return true;
    }

    /// Waits for the device.
    void settle() {
        std::byte value[sizeof(float)];
        m_model.backend().download(value, m_out.data, static_cast<std::size_t>(bytesPerValue(m_out.dtype)));
    }

    /// One layer's attention of one new token for every sequence; `kvHead` < 0: all heads.
    void attend(std::vector<Sequence>& sequences, LayerIndex layer, int kvHead) {
        AttentionShape shape = m_model.shape();
        std::vector<BatchItem> items;
        for (std::size_t b = 0; b < sequences.size(); ++b) {
            auto cache = sequences[b].layer(layer);
            auto windows = sequences[b].layerWindows(layer);
            if (kvHead >= 0) {
                cache = cache.subspan(static_cast<std::size_t>(kvHead), 1);
                windows = windows.subspan(static_cast<std::size_t>(kvHead), 1);
            }
            const auto row = static_cast<std::int64_t>(b);
            items.push_back({row, 1, row, 1, m_saving.tokens, cache, windows, sequences[b].sink()});
        }
        Tensor q = m_q, k = m_k, v = m_v, out = m_out;
        if (kvHead >= 0) {
            shape = {shape.groupSize(), 1, shape.headDim};
            q.cols = out.cols = std::int64_t(shape.heads) * shape.headDim;
            k.cols = v.cols = shape.headDim;
        }
        m_model.backend().attention(shape, q, k, v, out, {}, items);
    }

    bool timeAttention() {
        const auto all = [this](int side) {
            return [this, side] {
                for (int l = 0; l < m_model.config().layers; ++l) attend(m_sides[side], LayerIndex(l), -1);
                settle();
            };
        };
        return alternate("time attention", all(0), all(1), m_saving.dense.attentionSeconds, m_saving.sparse.attentionSeconds);
    }

    bool timeSteps() {
        const int token[1] = {1};
        const auto step = [&](int side) {
            return [this, side, &token] {
                std::vector<ForwardItem> items;
                for (Sequence& sequence : m_sides[side]) items.push_back({&sequence, token, 1});
                m_model.forward(items, [](std::size_t, std::int64_t, std::span<const float>) {});
            };
        };
        return alternate("time steps", step(0), step(1), m_saving.dense.stepSeconds, m_saving.sparse.stepSeconds);
    }

    /// Every distinct span of the mask once, each beside the dense one.
    bool timeHeads() {
        const ModelConfig& c = m_model.config();
        std::map<std::int64_t, std::vector<std::size_t>> bySpan;
        for (std::size_t i = 0; i < m_windows.windows.size(); ++i)
            bySpan[std::min(m_windows.windows[i] + m_windows.sink, m_saving.tokens + 1)].push_back(i);
        std::vector<double> denseTimes;
        for (const auto& [span, heads] : bySpan) {
            const LayerIndex layer(static_cast<int>(heads.front()) / c.kvHeads);
            const int g = static_cast<int>(heads.front()) % c.kvHeads;
            const auto one = [&](int side) {
                return [this, side, layer, g] {
                    attend(m_sides[side], layer, g);
                    settle();
                };
            };
            SpanTime time{span, 0, static_cast<int>(heads.size())};
            if (!alternate("time single heads", one(0), one(1), denseTimes.emplace_back(), time.seconds)) return false;
            m_saving.spans.push_back(time);
        }
        m_saving.spans.push_back({m_saving.tokens + 1, median(denseTimes), 0});
        return true;
    }

    LanguageModel& m_model;
    const WindowMap& m_windows;
    const SavingOptions& m_options;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    std::vector<Sequence> m_sides[2]; ///< dense, sparse
    std::vector<Buffer> m_memory;
    Tensor m_q, m_k, m_v, m_out; ///< [batch][H·D] and [batch][G·D]
    Saving m_saving;
};

} // namespace

Saving measureSaving(LanguageModel& model, const MaskSource& sparse, std::int64_t tokens, const SavingOptions& options,
                     std::stop_token stop, const ProgressFn& progress) {
    const ModelConfig& c = model.config();
    if (options.batch < 1) throw UsageError("a step needs at least one sequence");
    if (options.repeats < SavingOptions::kFewest)
        throw UsageError("a median needs at least " + std::to_string(SavingOptions::kFewest) + " timed steps");
    if (tokens < 1 || tokens > c.context)
        throw UsageError("a saving is measured at 1 to " + std::to_string(c.context) + " tokens, not " + std::to_string(tokens));
    const WindowMap windows = sparse.windows(c.layers, c.kvHeads, roundUpToBlock(tokens));
    return SavingRun(model, windows, tokens, options, std::move(stop), progress).run();
}

} // namespace moa
