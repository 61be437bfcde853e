// The loss that a backward pass begins with, and the entry points of LanguageModel. The layers are in
// backward_pass.cpp.
#include "engine/core/error.h"
#include "engine/model/backward_pass.h"

#include <algorithm>

namespace moa {

namespace {

/// Rows of logits held at once.
constexpr std::int64_t lossRows(DType type) {
    return type == DType::F32 ? 64 : 512;
}

/// In 16 bits ∂ℓ/∂logits is held times this: softmax down to 1e-10 of a row is more than nothing.
constexpr float kLogitScale = 1024;

} // namespace

/// Loss of the response tokens; leaves ∂ℓ/∂(last residual stream) in m_dx.
double BackwardPass::lossAndGradient() {
    const bool narrow = m_backend.dtype() != DType::F32;
    const auto most = static_cast<std::size_t>(
        std::min<std::int64_t>(lossRows(m_backend.dtype()), static_cast<std::int64_t>(m_targets.size())));
    m_logits = m_backend.allocate(most * static_cast<std::size_t>(m_c.vocab) * sizeof(float), "logits");
    if (narrow) {
        m_dLogits = make(static_cast<std::int64_t>(most), m_c.vocab, "logits");
        const float undone = 1 / (kLogitScale * static_cast<float>(m_targets.size()));
        m_backend.upload(m_factor.data(), &undone, sizeof undone);
    }
    double loss = 0;
    for (std::size_t i = 0; i < m_targets.size() && !m_stop.stop_requested();) {
        // A run of neighbouring targets.
        std::size_t end = i + 1;
        while (end < m_targets.size() && m_targets[end] == m_targets[end - 1] + 1 && end - i < most) ++end;
        loss += lossOfRun(m_targets[i] - 1, static_cast<std::int64_t>(end - i));
        i = end;
    }
    return loss / static_cast<double>(m_targets.size());
}

/// Summed loss of the tokens after rows [first, first + part); adds its gradient to m_dx.
double BackwardPass::lossOfRun(std::int64_t first, std::int64_t part) {
    const Tensor x = rows(m_x, m_c.hidden, first, part), norm = rows(m_norm, m_c.hidden, 0, part);
    const Tensor logits{m_logits.data(), DType::F32, part, m_c.vocab, m_c.vocab};
    const Tensor dLogits = m_dLogits ? rows(m_dLogits, m_c.vocab, 0, part) : logits;
    m_backend.rmsNorm(norm, x, m_model.m_finalNorm, m_c.rmsNormEps);
    m_backend.linear(logits, norm, m_model.m_head, false);
    const auto targets =
        m_sample.ids.subspan(static_cast<std::size_t>(first + 1), static_cast<std::size_t>(part));
    std::vector<double> losses(targets.size());
    m_backend.crossEntropy(dLogits, logits, targets,
                           m_dLogits ? kLogitScale : 1 / static_cast<float>(m_targets.size()), losses);
    const Tensor dNorm = rows(m_dNorm, m_c.hidden, 0, part);
    m_backend.linearBackward(dNorm, dLogits, m_model.m_head, false);
    m_backend.rmsNormBackward(floats(first, part), x, m_model.m_finalNorm, m_c.rmsNormEps, dNorm, factor());
    double sum = 0;
    for (const double l : losses) sum += l;
    return sum;
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
    const auto n = static_cast<std::int64_t>(sample.ids.size());
    for (const std::int64_t t : sample.targets)
        if (t < 1 || t >= n) throw UsageError("a loss target is outside the text");
    if (sample.targets.empty() && (sample.lossBegin < 1 || sample.lossBegin >= n))
        throw UsageError("the loss needs at least one token with one token before it; the text has " +
                         std::to_string(n) + " tokens and the loss begins at " +
                         std::to_string(sample.lossBegin));
    return BackwardPass(*this, sample, BackwardPass::Purpose::Gradients, std::move(stop)).run();
}

Completion LanguageModel::observeLayers(std::span<const int> ids, const WindowMap* windows,
                                        const LayerObserver& observer, std::stop_token stop) {
    checkSample(ids, windows);
    if (ids.empty()) throw UsageError("the text has no tokens");
    BackwardSample sample;
    sample.ids = ids;
    sample.windows = windows;
    return BackwardPass(*this, sample, BackwardPass::Purpose::Observation, std::move(stop))
        .observeLayers(observer);
}

} // namespace moa
