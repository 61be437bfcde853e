#include "engine/capture/attention_capture.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/core/error.h"
#include "engine/loader/half.h"
#include "engine/model/memory_estimate.h"

#include <algorithm>
#include <atomic>

namespace moa {

namespace {

std::vector<LayerIndex> chosenLayers(const std::vector<LayerIndex>& asked, const ModelConfig& config) {
    std::vector<LayerIndex> layers = asked;
    if (asked.empty())
        for (int l = 0; l < config.layers; ++l) layers.push_back(LayerIndex(l));
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (layers[i].value < 0 || layers[i].value >= config.layers)
            throw UsageError("there is no layer " + std::to_string(layers[i].value) +
                             ": the model has layers 0 to " + std::to_string(config.layers - 1));
        if (i > 0 && layers[i] <= layers[i - 1])
            throw UsageError("layers to capture are named once, in their order");
    }
    return layers;
}

/// A capture and the pass that it watches share the memory of the host when the device is the processor.
void checkMemory(LanguageModel& model, std::int64_t tokens, std::size_t layers,
                 const CaptureOptions& options) {
    const ModelConfig& config = model.config();
    const DeviceInfo device = model.backend().device();
    const bool onHost = device.kind == "cpu";
    const std::uint64_t limit = options.memoryLimit ? options.memoryLimit : availableMemory();
    const auto pass = [&](std::int64_t n) { return observationBytes(config, n, model.backend().dtype()); };
    const auto needed = [&](std::int64_t n) {
        return layers * captureLayerBytes(config, n, options.values) + (onHost ? pass(n) : 0);
    };
    const auto fits = [&](std::int64_t n) {
        return needed(n) <= limit && (onHost || pass(n) <= device.freeBytes);
    };
    if (fits(tokens)) return;
    std::int64_t fitting = 0, tooLong = tokens;
    while (tooLong - fitting > 1) {
        const std::int64_t middle = fitting + (tooLong - fitting) / 2;
        (fits(middle) ? fitting : tooLong) = middle;
    }
    const std::string would = fitting > 0 ? std::to_string(fitting) + " tokens would fit, or fewer layers"
                                          : "not even one token would fit";
    if (needed(tokens) > limit)
        throw MemoryError("capturing the attention of " + std::to_string(tokens) + " tokens in " +
                              std::to_string(layers) + (layers == 1 ? " layer" : " layers"),
                          needed(tokens), limit, would);
    throw MemoryError("running " + std::to_string(tokens) + " tokens on " + device.name, pass(tokens),
                      device.freeBytes, would);
}

/// Rows of a device tensor as floats without gaps.
std::vector<float> downloadRows(Backend& backend, const Tensor& t) {
    const auto count = static_cast<std::size_t>(t.rows * t.cols);
    std::vector<float> values(count);
    if (t.dtype == DType::F32) {
        backend.downloadRows(values.data(), t);
        return values;
    }
    std::vector<std::uint16_t> halves(count);
    backend.downloadRows(halves.data(), t);
    t.dtype == DType::F16 ? halfToFloat(halves, values) : bfloatToFloat(halves, values);
    return values;
}

std::shared_ptr<const CapturedLayer> snapshot(LanguageModel& model, const LayerAttention& from, bool values) {
    Backend& backend = model.backend();
    auto layer = std::make_shared<CapturedLayer>();
    static std::atomic<std::uint64_t> last = 0;
    layer->id = ++last;
    layer->dtype = backend.dtype();
    layer->layer = from.layer;
    layer->shape = model.shape();
    layer->n = from.q.rows;
    layer->q = downloadRows(backend, from.q);
    layer->k = downloadRows(backend, from.k);
    if (values) layer->v = downloadRows(backend, from.v);
    layer->lse = downloadRows(backend, from.lse);
    layer->windows.assign(from.windows.begin(), from.windows.end());
    layer->sink = from.sink;
    return layer;
}

} // namespace

std::uint64_t captureLayerBytes(const ModelConfig& c, std::int64_t tokens, bool values) {
    const std::int64_t row =
        std::int64_t(c.heads) * c.headDim + (values ? 2ll : 1ll) * c.kvHeads * c.headDim + c.heads;
    return sizeof(float) * static_cast<std::uint64_t>(row * tokens);
}

std::uint64_t captureBytes(const ModelConfig& config, std::int64_t tokens, bool values) {
    return static_cast<std::uint64_t>(config.layers) * captureLayerBytes(config, tokens, values);
}

Completion captureLayers(LanguageModel& model, std::span<const int> ids, const WindowMap* windows,
                         const CaptureOptions& options, const LayerCaptured& onLayer, std::stop_token stop,
                         const ProgressFn& progress) {
    const std::vector<LayerIndex> layers = chosenLayers(options.layers, model.config());
    checkMemory(model, static_cast<std::int64_t>(ids.size()), layers.size(), options);
    std::size_t done = 0;
    const LayerObserver observer = [&](const LayerAttention& layer) {
        if (layers[done] != layer.layer) return true;
        onLayer(layer.layer, snapshot(model, layer, options.values));
        ++done;
        if (progress)
            progress({"capture attention", static_cast<std::int64_t>(done),
                      static_cast<std::int64_t>(layers.size())});
        return done < layers.size();
    };
    return model.observeLayers(ids, windows, observer, std::move(stop));
}

} // namespace moa
