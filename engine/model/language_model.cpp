// Loading a model onto a device, and RoPE tables.
#include "engine/model/language_model.h"

#include "engine/core/error.h"

#include <cmath>
#include <numbers>

namespace moa {

namespace {

/// Inverse frequencies of RoPE, [headDim/2], in float as the reference implementation keeps them; Llama 3
/// stretches the slow ones (its `rope_scaling`).
std::vector<float> inverseFrequencies(const ModelConfig& c) {
    std::vector<float> freq(static_cast<std::size_t>(c.headDim / 2));
    for (std::size_t i = 0; i < freq.size(); ++i) {
        double f = std::pow(c.ropeTheta, -2.0 * static_cast<double>(i) / c.headDim);
        if (c.ropeScaling == RopeScaling::Linear) f /= c.ropeFactor;
        if (c.ropeScaling == RopeScaling::Llama3) {
            const double wavelength = 2 * std::numbers::pi / f, original = c.ropeOriginalContext;
            const double low = original / c.ropeLowFreqFactor, high = original / c.ropeHighFreqFactor;
            if (wavelength > low) f /= c.ropeFactor;
            else if (wavelength >= high) {
                const double smooth = (original / wavelength - c.ropeLowFreqFactor) /
                                      (c.ropeHighFreqFactor - c.ropeLowFreqFactor);
                f = (1 - smooth) * f / c.ropeFactor + smooth * f;
            }
        }
        freq[i] = static_cast<float>(f);
    }
    return freq;
}

} // namespace

LanguageModel::LanguageModel(std::shared_ptr<const Model> files, Backend& backend, std::stop_token stop,
                             const ProgressFn& progress)
    : m_files(std::move(files)), m_backend(backend) {
    const ModelConfig& c = config();
    const auto load = [&](const std::string& name) {
        const TensorView& t = m_files->weight(name);
        Buffer buffer = m_backend.uploadWeight(t.data, *weightType(t.type), static_cast<std::int64_t>(t.elements()),
                                               "weight " + name);
        m_weightBytes += buffer.bytes();
        return buffer;
    };
    m_embedding = load("model.embed_tokens.weight");
    for (int l = 0; l < c.layers && !stop.stop_requested(); ++l) {
        const std::string base = "model.layers." + std::to_string(l) + ".";
        Layer layer;
        layer.inputNorm = load(base + "input_layernorm.weight");
        layer.q = load(base + "self_attn.q_proj.weight");
        layer.k = load(base + "self_attn.k_proj.weight");
        layer.v = load(base + "self_attn.v_proj.weight");
        layer.o = load(base + "self_attn.o_proj.weight");
        layer.postNorm = load(base + "post_attention_layernorm.weight");
        layer.gate = load(base + "mlp.gate_proj.weight");
        layer.up = load(base + "mlp.up_proj.weight");
        layer.down = load(base + "mlp.down_proj.weight");
        m_layers.push_back(std::move(layer));
        if (progress) progress({"load weights", l + 1, c.layers});
    }
    m_finalNorm = load("model.norm.weight");
    if (!c.tiedEmbeddings) m_lmHead = load("lm_head.weight");
}

Tensor LanguageModel::weight(const Buffer& buffer, std::int64_t rows, std::int64_t cols) const {
    return {buffer.data(), m_backend.dtype(), rows, cols, cols};
}

Tensor LanguageModel::view(const Buffer& buffer, std::int64_t rows, std::int64_t cols) const {
    return {buffer.data(), m_backend.dtype(), rows, cols, cols};
}

void LanguageModel::ensureRope(std::int64_t positions) {
    if (positions <= m_ropePositions) return;
    const std::int64_t count = std::max(positions, std::min<std::int64_t>(2 * m_ropePositions, config().context));
    const std::vector<float> freq = inverseFrequencies(config());
    std::vector<float> cosine(static_cast<std::size_t>(count) * freq.size()), sine(cosine.size());
    for (std::int64_t p = 0; p < count; ++p)
        for (std::size_t i = 0; i < freq.size(); ++i) {
            // The angle is a float product in the reference implementation too: at position 16,384 its rounding
            // is larger than anything else here.
            const float angle = static_cast<float>(p) * freq[i];
            cosine[static_cast<std::size_t>(p) * freq.size() + i] = static_cast<float>(std::cos(double(angle)));
            sine[static_cast<std::size_t>(p) * freq.size() + i] = static_cast<float>(std::sin(double(angle)));
        }
    const auto values = static_cast<std::int64_t>(cosine.size());
    m_cosine = m_backend.uploadWeight(cosine.data(), DType::F32, values, "rotary tables");
    m_sine = m_backend.uploadWeight(sine.data(), DType::F32, values, "rotary tables");
    m_ropePositions = count;
}

void LanguageModel::checkTokens(std::span<const int> tokens) const {
    for (std::size_t i = 0; i < tokens.size(); ++i)
        if (tokens[i] < 0 || tokens[i] >= config().vocab)
            throw UsageError("token " + std::to_string(i) + " is " + std::to_string(tokens[i]) +
                             ", the model's vocabulary has ids 0 to " + std::to_string(config().vocab - 1));
}

} // namespace moa
