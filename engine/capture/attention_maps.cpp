#include "engine/capture/attention_maps.h"

#include "engine/core/error.h"
#include "engine/model/memory_estimate.h"

#include <algorithm>
#include <numeric>

namespace moa {

namespace {

template <class Id>
std::vector<Id> chosen(const std::vector<Id>& asked, int count, const char* what) {
    if (asked.empty()) {
        std::vector<Id> all;
        for (int i = 0; i < count; ++i) all.push_back(Id(i));
        return all;
    }
    for (const Id id : asked)
        if (id.value < 0 || id.value >= count)
            throw UsageError("there is no " + std::string(what) + " " + std::to_string(id.value) +
                             ": the model has " + std::string(what) + "s 0 to " + std::to_string(count - 1));
    return asked;
}

void checkOptions(const AttentionMapOptions& options, std::int64_t tokens) {
    if (options.block < 1)
        throw UsageError("a block has at least 1 token, not " + std::to_string(options.block));
    if (tokens == 0) throw UsageError("the text has no tokens");
    if (options.value == MapValue::Influence && (options.lossLast < 0 || options.lossLast >= tokens))
        throw UsageError("a loss over the last " + std::to_string(options.lossLast) +
                         " tokens needs a longer text: " + "each needs a token before it, and the text has " +
                         std::to_string(tokens));
    if (options.value == MapValue::Influence && tokens < 2)
        throw UsageError("influence needs a loss, hence at least 2 tokens; the text has 1");
}

/// What the pass itself takes beside the maps: the buffers of engine/model/backward.cpp and of the attention.
std::uint64_t passBytes(const ModelConfig& c, std::int64_t tokens, DType dtype, bool withBackward) {
    const std::uint64_t forward = observationBytes(c, tokens, dtype);
    if (!withBackward) return forward;
    const std::int64_t q = std::int64_t(c.heads) * c.headDim, kv = std::int64_t(c.kvHeads) * c.headDim;
    const std::int64_t checkpoints = c.layers * (c.hidden + q + c.heads), gradients = 2 * (c.hidden + q + kv);
    const std::int64_t perQueryHead = 2ll * c.heads * ((c.headDim + 15) / 16 * 16); // dK, dV
    const std::int64_t values = tokens * (checkpoints + gradients + perQueryHead) +
                                std::min(tokens, chunkRows(dtype)) * c.intermediate;
    return forward + static_cast<std::uint64_t>(values * bytesPerValue(dtype));
}

/// Maps as they are returned, and the double sums of the rows that the threads are at.
std::uint64_t mapBytes(std::uint64_t maps, std::uint64_t tokens, std::uint64_t block, int threads) {
    const std::uint64_t cells = (tokens + block - 1) / block;
    const std::uint64_t rowsAtOnce = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(kBlock) / block);
    return 4 * maps * cells * cells + 8 * static_cast<std::uint64_t>(threads) * rowsAtOnce * cells;
}

/// Throws MemoryError naming the smallest block that would fit.
void checkMemory(LanguageModel& model, const DeviceInfo& device, const AttentionMaps& maps,
                 const AttentionMapOptions& options) {
    const std::uint64_t limit = options.memoryLimit ? options.memoryLimit : device.freeBytes;
    const auto tokens = static_cast<std::uint64_t>(maps.tokens);
    const std::uint64_t count = maps.layers.size() * maps.heads.size();
    const std::uint64_t pass = passBytes(model.config(), maps.tokens, model.backend().dtype(),
                                         options.value == MapValue::Influence);
    const auto needed = [&](std::uint64_t block) {
        return pass + mapBytes(count, tokens, block, device.threads);
    };
    const auto block = static_cast<std::uint64_t>(maps.block);
    const std::string what = "a map of " + std::to_string(tokens) + " tokens for " + std::to_string(count) +
                             (count == 1 ? " head" : " heads") + " at block " + std::to_string(block);
    if (needed(block) <= limit) return;
    if (needed(tokens) > limit) throw MemoryError(what, needed(block), limit, "use a shorter text");
    std::uint64_t tooSmall = block, fits = tokens;
    while (fits - tooSmall > 1) {
        const std::uint64_t middle = tooSmall + (fits - tooSmall) / 2;
        (needed(middle) <= limit ? fits : tooSmall) = middle;
    }
    throw MemoryError(what, needed(block), limit,
                      "block " + std::to_string(fits) + " would fit, or choose fewer layers and heads");
}

/// Fills the maps layer by layer as the pass shows them.
class MapObserver {
public:
    MapObserver(LanguageModel& model, AttentionMaps& maps, std::stop_token stop, const ProgressFn& progress)
        : m_model(model), m_maps(maps), m_stop(std::move(stop)), m_progress(progress) {}

    /// One KV head's query heads at a time, so that a cancel is noticed within a layer.
    bool operator()(const LayerAttention& layer) {
        for (std::size_t l = 0; l < m_maps.layers.size(); ++l) {
            if (m_maps.layers[l] != layer.layer) continue;
            for (std::size_t h = 0; h < m_maps.heads.size();) {
                if (m_stop.stop_requested()) {
                    m_maps.completion = Completion::Cancelled;
                    return false;
                }
                h += addHeads(layer, l, h);
            }
            ++m_done;
            if (m_progress)
                m_progress({"attention maps", m_done, static_cast<std::int64_t>(m_maps.layers.size())});
        }
        return m_done < static_cast<std::int64_t>(m_maps.layers.size());
    }

private:
    /// Computes maps of layers[l] from heads[first] on that share its KV head; returns how many.
    std::size_t addHeads(const LayerAttention& layer, std::size_t l, std::size_t first) {
        const int group = m_model.shape().groupSize();
        std::vector<int> heads;
        for (std::size_t h = first; h < m_maps.heads.size(); ++h) {
            if (m_maps.heads[h].value / group != m_maps.heads[first].value / group) break;
            heads.push_back(m_maps.heads[h].value);
        }
        const auto size = static_cast<std::size_t>(m_maps.cells * m_maps.cells);
        AttentionMapArgs args;
        args.shape = m_model.shape();
        args.q = layer.q;
        args.k = layer.k;
        args.v = layer.v;
        args.lse = layer.lse;
        args.out = layer.out;
        args.dOut = layer.dOut;
        args.factor = layer.gradientFactor;
        args.windows = layer.windows;
        args.sink = layer.sink;
        args.heads = heads;
        args.block = m_maps.block;
        args.stop = m_stop;
        args.cells =
            std::span(m_maps.values).subspan((l * m_maps.heads.size() + first) * size, heads.size() * size);
        m_model.backend().attentionMap(args);
        return heads.size();
    }

    LanguageModel& m_model;
    AttentionMaps& m_maps;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    std::int64_t m_done = 0;
};

} // namespace

double AttentionMaps::sum() const {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

AttentionMaps captureAttention(LanguageModel& model, std::span<const int> ids,
                               const AttentionMapOptions& options, std::stop_token stop,
                               const ProgressFn& progress) {
    AttentionMaps maps;
    maps.tokens = static_cast<std::int64_t>(ids.size());
    checkOptions(options, maps.tokens);
    maps.layers = chosen(options.layers, model.config().layers, "layer");
    maps.heads = chosen(options.heads, model.config().heads, "head");
    maps.block = std::min(options.block, maps.tokens);
    maps.cells = (maps.tokens + maps.block - 1) / maps.block;
    checkMemory(model, model.backend().device(), maps, options);
    maps.values.resize(maps.layers.size() * maps.heads.size() *
                       static_cast<std::size_t>(maps.cells * maps.cells));

    const WindowMap* windows = options.windows ? &*options.windows : nullptr;
    MapObserver observe(model, maps, stop, progress);
    const LayerObserver observer = [&observe](const LayerAttention& layer) { return observe(layer); };
    Completion completion = Completion::Done;
    if (options.value == MapValue::Attention) {
        completion = model.observeLayers(ids, windows, observer, stop);
    } else {
        BackwardSample sample;
        sample.ids = ids;
        sample.lossBegin = options.lossLast == 0 ? 1 : maps.tokens - options.lossLast;
        sample.windows = windows;
        sample.observer = observer;
        const BackwardResult result = model.backward(sample, stop);
        completion = result.completion;
        maps.loss = result.loss;
    }
    // A stop ends operations early, the last one too.
    if (completion == Completion::Cancelled || stop.stop_requested()) maps.completion = Completion::Cancelled;
    maps.block = options.block;
    return maps;
}

} // namespace moa
