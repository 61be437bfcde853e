// Activation-only backward pass: gradients of activations, none of weights. The forward half keeps one residual
// row per layer and token plus the attention output and its log-sum-exp; everything else is recomputed, so memory
// grows as O(layers · n). The MLP is redone in row chunks.
#include "engine/core/error.h"
#include "engine/model/language_model.h"
#include "engine/model/sequence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa {

namespace {

constexpr std::int64_t kLossRows = 64; ///< rows of logits held at once

} // namespace

/// One sample's pass; owns its buffers.
class BackwardPass {
public:
    BackwardPass(LanguageModel& model, const BackwardSample& sample, std::stop_token stop);
    BackwardResult run();
    Completion observeLayers(const LayerObserver& observer);

private:
    Tensor rows(const Buffer& buffer, std::int64_t cols, std::int64_t first, std::int64_t count) const;
    Tensor all(const Buffer& buffer, std::int64_t cols) const { return rows(buffer, cols, 0, m_n); }
    Buffer make(std::int64_t cols, const char* what) const;
    std::span<const std::int64_t> windows(int layer) const;

    void projectQkv(const LanguageModel::Layer& layer, const Tensor& x);
    void attend(int layer);
    void mlpForward(const LanguageModel::Layer& layer);
    void mlpBackward(const LanguageModel::Layer& layer);
    void attentionBackward(int layer, const Tensor& dOut);
    void forwardLayer(int layer);
    void makeGradients();
    LayerAttention layerAttention(int layer, const Tensor& dOut) const;
    double lossAndGradient();
    double lossOfRun(std::int64_t first, std::int64_t part);

    LanguageModel& m_model;
    Backend& m_backend;
    const ModelConfig& m_c;
    const BackwardSample& m_sample;
    std::stop_token m_stop;
    WindowMap m_windows;
    std::int64_t m_n, m_qCols, m_kvCols;
    std::vector<std::int64_t> m_positions;
    std::vector<Buffer> m_inputs, m_attended, m_lse; ///< per layer: [n][hidden], [n][H·D], [H][n]
    Buffer m_x, m_dx, m_q, m_k, m_v, m_dq, m_dk, m_dv, m_dOut;
    std::vector<std::int64_t> m_targets;
    Buffer m_logits;
    Buffer m_norm, m_gate, m_up, m_dAct, m_dNorm; ///< one chunk of rows (m_norm, m_dNorm: all rows)
};

BackwardPass::BackwardPass(LanguageModel& model, const BackwardSample& sample, std::stop_token stop)
    : m_model(model), m_backend(model.m_backend), m_c(model.config()), m_sample(sample), m_stop(std::move(stop)),
      m_windows(sample.windows ? *sample.windows : denseWindows(m_c.layers, m_c.kvHeads)),
      m_n(static_cast<std::int64_t>(sample.ids.size())), m_qCols(std::int64_t(m_c.heads) * m_c.headDim),
      m_kvCols(std::int64_t(m_c.kvHeads) * m_c.headDim), m_positions(static_cast<std::size_t>(m_n)) {
    std::iota(m_positions.begin(), m_positions.end(), std::int64_t(0));
    m_targets.assign(sample.targets.begin(), sample.targets.end());
    for (std::int64_t t = sample.lossBegin; sample.targets.empty() && t < m_n; ++t) m_targets.push_back(t);
    model.ensureRope(m_n);
    const std::int64_t chunk = std::min(m_model.chunkRows(), m_n);
    const auto part = [&](std::int64_t cols) {
        return m_backend.allocate(static_cast<std::size_t>(chunk * cols * bytesPerValue(m_backend.dtype())), "activations");
    };
    m_x = make(m_c.hidden, "activations");
    m_norm = make(m_c.hidden, "activations");
    m_q = make(m_qCols, "activations");
    m_k = make(m_kvCols, "activations");
    m_v = make(m_kvCols, "activations");
    m_gate = part(m_c.intermediate);
    m_up = part(m_c.intermediate);
}

Buffer BackwardPass::make(std::int64_t cols, const char* what) const {
    return m_backend.allocate(static_cast<std::size_t>(m_n * cols * bytesPerValue(m_backend.dtype())), what);
}

Tensor BackwardPass::rows(const Buffer& buffer, std::int64_t cols, std::int64_t first, std::int64_t count) const {
    return m_model.view(buffer, first + count, cols).rowRange(first, count);
}

std::span<const std::int64_t> BackwardPass::windows(int layer) const {
    const auto g = static_cast<std::size_t>(m_c.kvHeads);
    return std::span(m_windows.windows).subspan(static_cast<std::size_t>(layer) * g, g);
}

/// q, k, v with positions applied, from the layer's input x.
void BackwardPass::projectQkv(const LanguageModel::Layer& layer, const Tensor& x) {
    const Tensor norm = all(m_norm, m_c.hidden);
    m_backend.rmsNorm(norm, x, layer.inputNorm, m_c.rmsNormEps);
    m_backend.linear(all(m_q, m_qCols), norm, layer.q, false);
    m_backend.linear(all(m_k, m_kvCols), norm, layer.k, false);
    m_backend.linear(all(m_v, m_kvCols), norm, layer.v, false);
    const Tensor cosine = m_model.ropeTable(m_model.m_cosine), sine = m_model.ropeTable(m_model.m_sine);
    m_backend.rope(all(m_q, m_qCols), m_c.heads, m_positions, cosine, sine, false);
    m_backend.rope(all(m_k, m_kvCols), m_c.kvHeads, m_positions, cosine, sine, false);
}

void BackwardPass::attend(int l) {
    m_attended.push_back(make(m_qCols, "attention outputs"));
    m_lse.push_back(
        m_backend.allocate(static_cast<std::size_t>(m_n * m_c.heads) * sizeof(float), "attention outputs"));
    // In runs of query rows, so that a stop is noticed within a long sample. Multiples of 64: the bits are
    // those of one run.
    const std::int64_t run = m_backend.rowsPerStop();
    for (std::int64_t first = 0; first < m_n && !m_stop.stop_requested(); first += run) {
        const std::int64_t count = std::min(run, m_n - first), seen = first + count;
        const Tensor lse{m_lse.back().as<float>() + first, DType::F32, m_c.heads, count, m_n};
        const BatchItem item{0, count, 0, seen, 0, {}, windows(l), m_windows.sink};
        m_backend.attention(m_model.shape(), rows(m_q, m_qCols, first, count), rows(m_k, m_kvCols, 0, seen),
                            rows(m_v, m_kvCols, 0, seen), rows(m_attended.back(), m_qCols, first, count), lse,
                            std::span(&item, 1));
    }
}

/// m_x += MLP(rmsnorm(m_x)).
void BackwardPass::mlpForward(const LanguageModel::Layer& layer) {
    for (std::int64_t first = 0; first < m_n; first += m_model.chunkRows()) {
        const std::int64_t count = std::min(m_model.chunkRows(), m_n - first);
        const Tensor part = rows(m_x, m_c.hidden, first, count), norm = rows(m_norm, m_c.hidden, 0, count);
        const Tensor gate = rows(m_gate, m_c.intermediate, 0, count), up = rows(m_up, m_c.intermediate, 0, count);
        m_backend.rmsNorm(norm, part, layer.postNorm, m_c.rmsNormEps);
        m_backend.linear(gate, norm, layer.gate, false);
        m_backend.linear(up, norm, layer.up, false);
        m_backend.swiGlu(gate, up);
        m_backend.linear(part, gate, layer.down, true);
    }
}

/// dx += gradient through the MLP, where m_x is the residual stream before it.
void BackwardPass::mlpBackward(const LanguageModel::Layer& layer) {
    for (std::int64_t first = 0; first < m_n; first += m_model.chunkRows()) {
        const std::int64_t count = std::min(m_model.chunkRows(), m_n - first);
        const Tensor part = rows(m_x, m_c.hidden, first, count), norm = rows(m_norm, m_c.hidden, 0, count);
        const Tensor gate = rows(m_gate, m_c.intermediate, 0, count), up = rows(m_up, m_c.intermediate, 0, count);
        const Tensor dx = rows(m_dx, m_c.hidden, first, count), dAct = rows(m_dAct, m_c.intermediate, 0, count);
        const Tensor dNorm = rows(m_dNorm, m_c.hidden, 0, count);
        const Tensor gateWeight = layer.gate;
        const Tensor upWeight = layer.up;
        const Tensor normWeight = layer.postNorm;
        m_backend.rmsNorm(norm, part, normWeight, m_c.rmsNormEps);
        m_backend.linear(gate, norm, gateWeight, false);
        m_backend.linear(up, norm, upWeight, false);
        m_backend.linearBackward(dAct, dx, layer.down, false);
        m_backend.swiGluBackward(gate, up, dAct);
        m_backend.linearBackward(dNorm, gate, gateWeight, false);
        m_backend.linearBackward(dNorm, up, upWeight, true);
        m_backend.rmsNormBackward(dx, part, normWeight, m_c.rmsNormEps, dNorm);
    }
}

/// Layer l while m_q, m_k, m_v hold its projections.
LayerAttention BackwardPass::layerAttention(int l, const Tensor& dOut) const {
    const Tensor lse{m_lse[static_cast<std::size_t>(l)].data(), DType::F32, m_c.heads, m_n, m_n};
    return {LayerIndex(l),       all(m_q, m_qCols), all(m_attended[static_cast<std::size_t>(l)], m_qCols),
            all(m_k, m_kvCols),  all(m_v, m_kvCols), lse,
            dOut,                windows(l),         m_windows.sink};
}

/// dx += gradient through attention; m_q, m_k, m_v hold the layer's projections.
void BackwardPass::attentionBackward(int l, const Tensor& dOut) {
    const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
    const LayerAttention from = layerAttention(l, dOut);
    AttentionBackwardArgs args;
    args.shape = m_model.shape();
    args.q = from.q;
    args.k = from.k;
    args.v = from.v;
    args.out = from.out;
    args.dOut = from.dOut;
    args.lse = from.lse;
    args.windows = from.windows;
    args.sink = from.sink;
    args.dQ = all(m_dq, m_qCols);
    args.dK = all(m_dk, m_kvCols);
    args.dV = all(m_dv, m_kvCols);
    args.stop = m_stop;
    HeadCostSums sums;
    if (SampleCosts* costs = m_sample.costs) {
        const auto slice = [&](auto& values) {
            const std::size_t per = values.size() / static_cast<std::size_t>(m_c.layers);
            return std::span(values).subspan(static_cast<std::size_t>(l) * per, per);
        };
        sums = {costs->tiles, costs->mapCells, slice(costs->cost), slice(costs->costSigned), slice(costs->hist),
                slice(costs->influenceMap), slice(costs->attentionMap)};
        args.sums = &sums;
    }
    m_backend.attentionBackward(args);

    const Tensor cosine = m_model.ropeTable(m_model.m_cosine), sine = m_model.ropeTable(m_model.m_sine);
    m_backend.rope(args.dQ, m_c.heads, m_positions, cosine, sine, true);
    m_backend.rope(args.dK, m_c.kvHeads, m_positions, cosine, sine, true);
    const Tensor dNorm = all(m_dNorm, m_c.hidden);
    m_backend.linearBackward(dNorm, args.dQ, layer.q, false);
    m_backend.linearBackward(dNorm, args.dK, layer.k, true);
    m_backend.linearBackward(dNorm, args.dV, layer.v, true);
    m_backend.rmsNormBackward(all(m_dx, m_c.hidden), all(m_inputs[static_cast<std::size_t>(l)], m_c.hidden),
                              layer.inputNorm, m_c.rmsNormEps, dNorm);
}

/// Loss of the response tokens; leaves ∂ℓ/∂(last residual stream) in m_dx.
double BackwardPass::lossAndGradient() {
    double loss = 0;
    for (std::size_t i = 0; i < m_targets.size() && !m_stop.stop_requested();) {
        // A run of neighbouring targets, at most kLossRows of them.
        std::size_t end = i + 1;
        while (end < m_targets.size() && m_targets[end] == m_targets[end - 1] + 1 &&
               end - i < std::size_t(kLossRows))
            ++end;
        loss += lossOfRun(m_targets[i] - 1, static_cast<std::int64_t>(end - i));
        i = end;
    }
    return loss / static_cast<double>(m_targets.size());
}

/// Summed loss of the tokens after rows [first, first + part); adds its gradient to m_dx.
double BackwardPass::lossOfRun(std::int64_t first, std::int64_t part) {
    const auto count = static_cast<double>(m_targets.size());
    const Tensor normWeight = m_model.m_finalNorm;
    const Tensor headWeight = m_model.m_head;
    std::vector<float> host(static_cast<std::size_t>(part * m_c.vocab));
    double loss = 0;
    const Tensor x = rows(m_x, m_c.hidden, first, part), norm = rows(m_norm, m_c.hidden, 0, part);
    const Tensor logits{m_logits.data(), DType::F32, part, m_c.vocab, m_c.vocab};
    m_backend.rmsNorm(norm, x, normWeight, m_c.rmsNormEps);
    m_backend.linear(logits, norm, headWeight, false);
    m_backend.download(host.data(), logits.data, host.size() * sizeof(float));
    for (std::int64_t r = 0; r < part; ++r) {
        float* row = host.data() + r * m_c.vocab;
        const auto target = static_cast<std::size_t>(m_sample.ids[static_cast<std::size_t>(first + r + 1)]);
        const double most = *std::max_element(row, row + m_c.vocab);
        double total = 0, others = 0;
        for (std::size_t i = 0; i < static_cast<std::size_t>(m_c.vocab); ++i) {
            const double e = std::exp(static_cast<double>(row[i]) - most);
            total += e;
            if (i != target) others += e;
        }
        loss += std::log(total) - (static_cast<double>(row[target]) - most);
        const double scale = 1.0 / (total * count);
        for (std::size_t i = 0; i < static_cast<std::size_t>(m_c.vocab); ++i)
            // p − 1 as the sum of the others: a sure answer would cancel to nothing in p − 1.
            row[i] = static_cast<float>(i == target ? -others * scale
                                                    : std::exp(static_cast<double>(row[i]) - most) * scale);
    }
    m_backend.upload(logits.data, host.data(), host.size() * sizeof(float));
    const Tensor dNorm = rows(m_dNorm, m_c.hidden, 0, part);
    m_backend.linearBackward(dNorm, logits, headWeight, false);
    m_backend.rmsNormBackward(rows(m_dx, m_c.hidden, first, part), x, normWeight, m_c.rmsNormEps, dNorm);
    return loss;
}

/// m_x through layer l; keeps the layer's attention output and log-sum-exp.
void BackwardPass::forwardLayer(int l) {
    const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
    const Tensor x = all(m_x, m_c.hidden);
    projectQkv(layer, x);
    attend(l);
    m_backend.linear(x, all(m_attended.back(), m_qCols), layer.o, true);
    mlpForward(layer);
}

void BackwardPass::makeGradients() {
    m_dx = make(m_c.hidden, "gradients");
    m_dNorm = make(m_c.hidden, "gradients");
    m_dq = make(m_qCols, "gradients");
    m_dOut = make(m_qCols, "gradients");
    m_dk = make(m_kvCols, "gradients");
    m_dv = make(m_kvCols, "gradients");
    m_dAct = m_backend.allocate(m_gate.bytes(), "gradients");
}

BackwardResult BackwardPass::run() {
    const auto rowBytes = static_cast<std::size_t>(m_n * m_c.hidden * bytesPerValue(m_backend.dtype()));
    const Tensor x = all(m_x, m_c.hidden);
    m_backend.embed(x, m_sample.ids, m_model.m_embedding);
    for (int l = 0; l < m_c.layers; ++l) {
        if (m_stop.stop_requested()) return {Completion::Cancelled, 0};
        m_inputs.push_back(make(m_c.hidden, "layer checkpoints"));
        m_backend.copy(m_inputs.back().data(), m_x.data(), rowBytes);
        forwardLayer(l);
    }
    makeGradients();
    m_logits = m_backend.allocate(static_cast<std::size_t>(kLossRows * m_c.vocab) * sizeof(float), "logits");
    const double loss = lossAndGradient();
    for (int l = m_c.layers - 1; l >= 0; --l) {
        if (m_stop.stop_requested()) return {Completion::Cancelled, 0};
        const LanguageModel::Layer& layer = m_model.m_layers[static_cast<std::size_t>(l)];
        const Tensor input = all(m_inputs[static_cast<std::size_t>(l)], m_c.hidden);
        const Tensor outWeight = layer.o;
        // The residual stream between attention and MLP.
        m_backend.copy(m_x.data(), input.data, rowBytes);
        m_backend.linear(x, all(m_attended[static_cast<std::size_t>(l)], m_qCols), outWeight, true);
        mlpBackward(layer);
        projectQkv(layer, input);
        const Tensor dOut = all(m_dOut, m_qCols);
        m_backend.linearBackward(dOut, all(m_dx, m_c.hidden), outWeight, false);
        if (m_sample.observer && !m_sample.observer(layerAttention(l, dOut))) return {Completion::Done, loss};
        attentionBackward(l, dOut);
        m_attended.pop_back();
        m_lse.pop_back();
        m_inputs.pop_back();
    }
    // Operations end early when they are stopped: what the last layer left may be of no use.
    if (m_stop.stop_requested()) return {Completion::Cancelled, 0};
    if (m_sample.embeddingGradient) {
        m_sample.embeddingGradient->resize(static_cast<std::size_t>(m_n * m_c.hidden));
        m_backend.download(m_sample.embeddingGradient->data(), m_dx.data(), rowBytes);
    }
    return {Completion::Done, loss};
}

Completion BackwardPass::observeLayers(const LayerObserver& observer) {
    m_backend.embed(all(m_x, m_c.hidden), m_sample.ids, m_model.m_embedding);
    for (int l = 0; l < m_c.layers; ++l) {
        if (m_stop.stop_requested()) return Completion::Cancelled;
        forwardLayer(l);
        if (m_stop.stop_requested()) return Completion::Cancelled;
        if (!observer(layerAttention(l, {}))) break;
        // Only the layer at hand is kept.
        m_attended.back() = Buffer();
        m_lse.back() = Buffer();
    }
    return Completion::Done;
}

void LanguageModel::checkSample(std::span<const int> ids, const WindowMap* windows) const {
    checkTokens(ids);
    const auto n = static_cast<std::int64_t>(ids.size());
    if (n > config().context)
        throw Error("the sample has " + std::to_string(n) + " tokens, the model's context is " +
                    std::to_string(config().context));
    if (windows && (windows->layers != config().layers || windows->kvHeads != config().kvHeads))
        throw UsageError("the windows are for " + std::to_string(windows->layers) + " layers × " +
                         std::to_string(windows->kvHeads) + " KV heads, the model has " +
                         std::to_string(config().layers) + " × " + std::to_string(config().kvHeads));
}

BackwardResult LanguageModel::backward(const BackwardSample& sample, std::stop_token stop) {
    checkSample(sample.ids, sample.windows);
    if (!m_backend.hasGradients())
        throw Error("profiles and influence need gradients, which " + m_backend.device().name +
                    " does not compute yet; use --device cpu");
    const auto n = static_cast<std::int64_t>(sample.ids.size());
    for (const std::int64_t t : sample.targets)
        if (t < 1 || t >= n) throw UsageError("a loss target is outside the text");
    if (sample.targets.empty() && (sample.lossBegin < 1 || sample.lossBegin >= n))
        throw UsageError("the loss needs at least one token with one token before it; the text has " +
                         std::to_string(n) + " tokens and the loss begins at " + std::to_string(sample.lossBegin));
    return BackwardPass(*this, sample, std::move(stop)).run();
}

Completion LanguageModel::observeLayers(std::span<const int> ids, const WindowMap* windows,
                                        const LayerObserver& observer, std::stop_token stop) {
    checkSample(ids, windows);
    if (ids.empty()) throw UsageError("the text has no tokens");
    BackwardSample sample;
    sample.ids = ids;
    sample.windows = windows;
    return BackwardPass(*this, sample, std::move(stop)).observeLayers(observer);
}

} // namespace moa
