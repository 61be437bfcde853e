// The layers of a backward pass, forward and back. The loss is in backward.cpp.
#include "engine/model/backward_pass.h"

#include "engine/core/error.h"
#include "engine/model/sequence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa {

BackwardPass::BackwardPass(LanguageModel& model, const BackwardSample& sample, Purpose purpose,
                           std::stop_token stop)
    : m_model(model), m_backend(model.m_backend), m_c(model.config()), m_sample(sample),
      m_stop(std::move(stop)),
      m_windows(sample.windows ? *sample.windows : denseWindows(m_c.layers, m_c.kvHeads)),
      m_n(static_cast<std::int64_t>(sample.ids.size())), m_qCols(std::int64_t(m_c.heads) * m_c.headDim),
      m_kvCols(std::int64_t(m_c.kvHeads) * m_c.headDim), m_qkvCols(m_qCols + 2 * m_kvCols),
      m_positions(static_cast<std::size_t>(m_n)) {
    std::iota(m_positions.begin(), m_positions.end(), std::int64_t(0));
    m_targets.assign(sample.targets.begin(), sample.targets.end());
    for (std::int64_t t = sample.lossBegin; sample.targets.empty() && t < m_n; ++t) m_targets.push_back(t);
    model.ensureRope(m_n);
    const bool gradients = purpose == Purpose::Gradients;
    if (gradients)
        m_kept =
            whatBackwardKeeps(m_c, m_n, m_backend.dtype(), model.weightBytes(), m_backend.device().freeBytes);
    else
        m_kept.attended = false;
    const std::int64_t chunk = std::min(m_model.chunkRows(), m_n);
    const std::int64_t slots = m_kept.attended ? m_c.layers : 1;
    m_x = make(m_n, m_c.hidden, "activations");
    m_norm = make(m_n, m_c.hidden, "activations");
    m_qkv = make(m_n, m_qkvCols, "activations");
    m_gateUp = make(chunk, 2ll * m_c.intermediate, "activations");
    m_attended = make(slots * m_n, m_qCols, "attention outputs");
    m_lse = m_backend.allocate(static_cast<std::size_t>(slots * m_n * m_c.heads) * sizeof(float),
                               "attention outputs");
    if (!gradients) return;
    m_inputs = make(m_c.layers * m_n, m_c.hidden, "layer checkpoints");
    if (m_kept.layers == 0) return;
    m_act = make(chunk, m_c.intermediate, "activations");
    m_keptQkv = make(m_kept.layers * m_n, m_qkvCols, "kept activations");
    m_keptMiddle = make(m_kept.layers * m_n, m_c.hidden, "kept activations");
    m_keptGateUp = make(m_kept.layers * m_n, 2ll * m_c.intermediate, "kept activations");
}

BackwardPass::~BackwardPass() {
    try {
        m_backend.settle(); // sums may be on their way into the sample
    } catch (const std::exception&) {
        // The device is gone; whoever used it next was told.
    }
}

Buffer BackwardPass::make(std::int64_t rows, std::int64_t cols, const char* what) const {
    return m_backend.allocate(static_cast<std::size_t>(rows * cols * bytesPerValue(m_backend.dtype())), what);
}

Tensor BackwardPass::rows(const Buffer& buffer, std::int64_t cols, std::int64_t first,
                          std::int64_t count) const {
    return m_model.view(buffer, first + count, cols).rowRange(first, count);
}

Tensor BackwardPass::floats(std::int64_t first, std::int64_t count) const {
    return Tensor{m_dx.data(), DType::F32, first + count, m_c.hidden, m_c.hidden}.rowRange(first, count);
}

Tensor BackwardPass::slot(const Buffer& buffer, std::int64_t cols, int slot) const {
    return buffer ? rows(buffer, cols, slot * m_n, m_n) : Tensor{};
}

Tensor BackwardPass::columns(const Tensor& qkv, std::int64_t first, std::int64_t cols) const {
    Tensor part = qkv;
    part.data = static_cast<std::byte*>(qkv.data) + first * bytesPerValue(qkv.dtype);
    part.cols = cols;
    return part;
}

std::span<const std::int64_t> BackwardPass::windows(int layer) const {
    const auto g = static_cast<std::size_t>(m_c.kvHeads);
    return std::span(m_windows.windows).subspan(static_cast<std::size_t>(layer) * g, g);
}

BackwardPass::LayerRows BackwardPass::rowsOf(int layer) const {
    const int attendedSlot = m_kept.attended ? layer : 0;
    LayerRows at;
    at.input = slot(m_inputs, m_c.hidden, layer);
    at.attended = slot(m_attended, m_qCols, attendedSlot);
    at.lse = {m_lse.as<float>() + attendedSlot * m_n * m_c.heads, DType::F32, m_c.heads, m_n, m_n};
    at.qkv = all(m_qkv, m_qkvCols);
    if (!isKept(layer)) return at;
    const int kept = layer - (m_c.layers - m_kept.layers);
    at.qkv = slot(m_keptQkv, m_qkvCols, kept);
    at.middle = slot(m_keptMiddle, m_c.hidden, kept);
    at.gateUp = slot(m_keptGateUp, 2ll * m_c.intermediate, kept);
    return at;
}

void BackwardPass::rotate(const Tensor& qkv, bool inverse) {
    const Tensor cosine = m_model.ropeTable(m_model.m_cosine), sine = m_model.ropeTable(m_model.m_sine);
    // Queries and keys lie side by side, and all heads turn alike.
    m_backend.rope(columns(qkv, 0, m_qCols + m_kvCols), m_c.heads + m_c.kvHeads, m_positions, cosine, sine,
                   inverse);
}

/// q, k, v with positions applied, from the layer's input.
void BackwardPass::projectQkv(const LanguageModel::Layer& layer, const LayerRows& at) {
    const Tensor norm = all(m_norm, m_c.hidden);
    m_backend.rmsNorm(norm, at.input.data ? at.input : all(m_x, m_c.hidden), layer.inputNorm, m_c.rmsNormEps);
    m_backend.linear(at.qkv, norm, layer.qkv, false);
    rotate(at.qkv, false);
}

void BackwardPass::attend(int l, const LayerRows& at) {
    // In runs of query rows, so that a stop is noticed within a long sample. Multiples of 64: the bits are
    // those of one run.
    const std::int64_t run = m_backend.rowsPerStop();
    for (std::int64_t first = 0; first < m_n && !m_stop.stop_requested(); first += run) {
        const std::int64_t count = std::min(run, m_n - first), seen = first + count;
        const Tensor lse{static_cast<float*>(at.lse.data) + first, DType::F32, m_c.heads, count, m_n};
        const BatchItem item{0, count, 0, seen, 0, {}, windows(l), m_windows.sink};
        m_backend.attention(m_model.shape(), queries(at.qkv).rowRange(first, count),
                            keys(at.qkv).rowRange(0, seen), values(at.qkv).rowRange(0, seen),
                            at.attended.rowRange(first, count), lse, std::span(&item, 1));
    }
}

/// m_x += MLP(rmsnorm(m_x)).
void BackwardPass::mlpForward(const LanguageModel::Layer& layer, const LayerRows& at) {
    const bool keeps = at.gateUp.data != nullptr;
    for (std::int64_t first = 0; first < m_n; first += m_model.chunkRows()) {
        const std::int64_t count = std::min(m_model.chunkRows(), m_n - first);
        const Tensor part = rows(m_x, m_c.hidden, first, count), norm = rows(m_norm, m_c.hidden, 0, count);
        const Tensor both =
            keeps ? at.gateUp.rowRange(first, count) : rows(m_gateUp, 2ll * m_c.intermediate, 0, count);
        const Tensor gate = columns(both, 0, m_c.intermediate);
        const Tensor act = keeps ? rows(m_act, m_c.intermediate, 0, count) : gate;
        m_backend.rmsNorm(norm, part, layer.postNorm, m_c.rmsNormEps);
        m_backend.linear(both, norm, layer.gateUp, false);
        m_backend.swiGlu(act, gate, columns(both, m_c.intermediate, m_c.intermediate));
        m_backend.linear(part, act, layer.down, true);
    }
}

/// m_x through layer l; keeps what the pass decided to keep.
void BackwardPass::forwardLayer(int l, const LayerRows& at) {
    const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
    const Tensor x = all(m_x, m_c.hidden);
    const auto bytes = static_cast<std::size_t>(m_n * m_c.hidden * bytesPerValue(x.dtype));
    if (at.input.data) m_backend.copy(at.input.data, x.data, bytes);
    projectQkv(layer, at);
    attend(l, at);
    m_backend.linear(x, at.attended, layer.o, true);
    if (at.middle.data) m_backend.copy(at.middle.data, x.data, bytes);
    mlpForward(layer, at);
}

Tensor BackwardPass::restore(int l, const LayerRows& at) {
    if (isKept(l)) return at.middle;
    const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
    projectQkv(layer, at);
    if (!m_kept.attended) attend(l, at);
    const Tensor x = all(m_x, m_c.hidden);
    m_backend.copy(x.data, at.input.data,
                   static_cast<std::size_t>(m_n * m_c.hidden * bytesPerValue(x.dtype)));
    m_backend.linear(x, at.attended, layer.o, true);
    return x;
}

Tensor BackwardPass::narrowed(std::int64_t first, std::int64_t count) {
    const Tensor dx = floats(first, count);
    if (!m_narrow) return dx;
    const Tensor narrow = rows(m_narrow, m_c.hidden, first, count);
    m_backend.narrowGradient(narrow, dx, m_factor.as<float>());
    return narrow;
}

/// dx += gradient through the MLP, where `middle` is the residual stream before it.
void BackwardPass::mlpBackward(const LanguageModel::Layer& layer, const LayerRows& at, const Tensor& middle) {
    for (std::int64_t first = 0; first < m_n; first += m_model.chunkRows()) {
        const std::int64_t count = std::min(m_model.chunkRows(), m_n - first);
        const Tensor part = middle.rowRange(first, count), dAct = rows(m_dAct, m_c.intermediate, 0, count);
        const Tensor dNorm = rows(m_dNorm, m_c.hidden, 0, count);
        Tensor both = at.gateUp.data ? at.gateUp.rowRange(first, count)
                                     : rows(m_gateUp, 2ll * m_c.intermediate, 0, count);
        if (!at.gateUp.data) {
            const Tensor norm = rows(m_norm, m_c.hidden, 0, count);
            m_backend.rmsNorm(norm, part, layer.postNorm, m_c.rmsNormEps);
            m_backend.linear(both, norm, layer.gateUp, false);
        }
        m_backend.linearBackward(dAct, narrowed(first, count), layer.down, false);
        m_backend.swiGluBackward(columns(both, 0, m_c.intermediate),
                                 columns(both, m_c.intermediate, m_c.intermediate), dAct);
        m_backend.linearBackward(dNorm, both, layer.gateUp, false);
        m_backend.rmsNormBackward(floats(first, count), part, layer.postNorm, m_c.rmsNormEps, dNorm,
                                  factor());
    }
}

LayerAttention BackwardPass::layerAttention(int l, const LayerRows& at, const Tensor& dOut) const {
    return {LayerIndex(l),  queries(at.qkv),
            at.attended,    keys(at.qkv),
            values(at.qkv), at.lse,
            dOut,           windows(l),
            m_windows.sink, dOut.data ? factor() : nullptr};
}

/// dx += gradient through attention.
void BackwardPass::attentionBackward(int l, const LayerRows& at, const Tensor& dOut) {
    const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
    const Tensor dQkv = all(m_dqkv, m_qkvCols);
    AttentionBackwardArgs args;
    args.shape = m_model.shape();
    args.q = queries(at.qkv), args.k = keys(at.qkv), args.v = values(at.qkv);
    args.out = at.attended, args.dOut = dOut, args.lse = at.lse;
    args.windows = windows(l), args.sink = m_windows.sink;
    args.dQ = queries(dQkv), args.dK = keys(dQkv), args.dV = values(dQkv);
    args.stop = m_stop;
    args.factor = factor();
    HeadCostSums sums;
    if (SampleCosts* costs = m_sample.costs) {
        const auto slice = [&](auto& values) {
            const std::size_t per = values.size() / static_cast<std::size_t>(m_c.layers);
            return std::span(values).subspan(static_cast<std::size_t>(l) * per, per);
        };
        sums = {costs->tiles,
                costs->mapCells,
                slice(costs->cost),
                slice(costs->costSigned),
                slice(costs->hist),
                slice(costs->influenceMap),
                slice(costs->attentionMap)};
        args.sums = &sums;
    }
    m_backend.attentionBackward(args);
    rotate(dQkv, true);
    const Tensor dNorm = all(m_dNorm, m_c.hidden);
    m_backend.linearBackward(dNorm, dQkv, layer.qkv, false);
    m_backend.rmsNormBackward(floats(0, m_n), at.input, layer.inputNorm, m_c.rmsNormEps, dNorm, factor());
}

void BackwardPass::makeGradients() {
    const std::int64_t chunk = std::min(m_model.chunkRows(), m_n);
    m_dx = m_backend.allocate(static_cast<std::size_t>(m_n * m_c.hidden) * sizeof(float), "gradients");
    m_dNorm = make(m_n, m_c.hidden, "gradients");
    m_dqkv = make(m_n, m_qkvCols, "gradients");
    m_dOut = make(m_n, m_qCols, "gradients");
    m_dAct = make(chunk, m_c.intermediate, "gradients");
    if (m_backend.dtype() == DType::F32) return;
    m_narrow = make(m_n, m_c.hidden, "gradients");
    m_factor = m_backend.allocate(2 * sizeof(float), "gradients");
}

BackwardResult BackwardPass::run() {
    m_backend.embed(all(m_x, m_c.hidden), m_sample.ids, m_model.m_embedding);
    for (int l = 0; l < m_c.layers; ++l) {
        if (m_stop.stop_requested()) return {Completion::Cancelled};
        forwardLayer(l, rowsOf(l));
    }
    makeGradients();
    const double loss = lossAndGradient();
    std::uint64_t deviceBytes = 0;
    for (int l = m_c.layers - 1; l >= 0; --l) {
        if (m_stop.stop_requested()) return {Completion::Cancelled};
        const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
        const LayerRows at = rowsOf(l);
        mlpBackward(layer, at, restore(l, at));
        const Tensor dOut = all(m_dOut, m_qCols);
        m_backend.linearBackward(dOut, narrowed(0, m_n), layer.o, false);
        if (m_sample.observer && !m_sample.observer(layerAttention(l, at, dOut)))
            return {Completion::Done, loss, deviceBytes};
        attentionBackward(l, at, dOut);
        if (l == m_c.layers - 1) deviceBytes = m_backend.usedBytes(); // everything is allocated by now
    }
    m_backend.settle();
    // Operations end early when they are stopped: what the last layer left may be of no use.
    if (m_stop.stop_requested()) return {Completion::Cancelled};
    if (m_factor) checkFinite();
    if (m_sample.embeddingGradient) {
        m_sample.embeddingGradient->resize(static_cast<std::size_t>(m_n * m_c.hidden));
        m_backend.download(m_sample.embeddingGradient->data(), m_dx.data(), m_dx.bytes());
    }
    return {Completion::Done, loss, deviceBytes};
}

/// What became too large on the way is not a number from there on, and shows in the last gradient.
void BackwardPass::checkFinite() {
    narrowed(0, m_n);
    float scale = 0;
    m_backend.download(&scale, m_factor.data(), sizeof scale);
    if (!std::isfinite(scale))
        throw Error("the gradients of this sample exceed what " + m_backend.device().name +
                    " computes in 16 bits; use --device cpu");
}

Completion BackwardPass::observeLayers(const LayerObserver& observer) {
    m_backend.embed(all(m_x, m_c.hidden), m_sample.ids, m_model.m_embedding);
    const LayerRows at = rowsOf(0);
    for (int l = 0; l < m_c.layers; ++l) {
        if (m_stop.stop_requested()) return Completion::Cancelled;
        forwardLayer(l, at);
        if (m_stop.stop_requested()) return Completion::Cancelled;
        if (!observer(layerAttention(l, at, {}))) break;
    }
    return Completion::Done;
}

} // namespace moa
