// Loading a model onto a device, and RoPE tables.
#include "engine/model/language_model.h"

#include "engine/core/error.h"
#include "engine/model/memory_estimate.h"
#include "engine/model/step_recorder.h"

#include <algorithm>
#include <cmath>

namespace moa {

namespace {

constexpr std::int64_t kPanelRows = 256; ///< rows of a quantised weight in float at once

/// Inverse frequencies of RoPE for inputs of `tokens`, [headDim/2], in float as the reference implementation keeps them.
std::vector<float> inverseFrequencies(const ModelConfig& c, std::int64_t tokens) {
    const bool isLong = !c.ropeLongDivisors.empty() && tokens > c.ropeOriginalContext;
    const std::vector<double>& divisors = isLong ? c.ropeLongDivisors : c.ropeDivisors;
    std::vector<float> freq(static_cast<std::size_t>(c.headDim / 2));
    for (std::size_t i = 0; i < freq.size(); ++i) {
        double f = std::pow(c.ropeTheta, -2.0 * static_cast<double>(i) / c.headDim);
        if (!divisors.empty()) f /= divisors[i];
        freq[i] = static_cast<float>(f);
    }
    return freq;
}

} // namespace

LanguageModel::LanguageModel(std::shared_ptr<const Model> files, Backend& backend, std::stop_token stop,
                             const ProgressFn& progress)
    : m_files(std::move(files)), m_backend(backend) {
    const ModelConfig& c = config();
    checkWeightsFit();
    m_embedding = loadWeight({"model.embed_tokens.weight"}, c.hidden, m_memory);
    for (int l = 0; l < c.layers && !stop.stop_requested(); ++l) {
        const std::string base = "model.layers." + std::to_string(l) + ".";
        const std::string attention = base + "self_attn.", mlp = base + "mlp.";
        Layer layer;
        const auto load = [&](std::initializer_list<std::string> names, std::int64_t cols) {
            return loadWeight(names, cols, layer.memory);
        };
        layer.inputNorm = load({base + "input_layernorm.weight"}, c.hidden);
        loadSideBySide({attention + "q_proj.weight", attention + "k_proj.weight", attention + "v_proj.weight"},
                       {&layer.q, &layer.k, &layer.v}, c.hidden, layer.qkv, layer.memory);
        layer.o = load({attention + "o_proj.weight"}, std::int64_t(c.heads) * c.headDim);
        layer.postNorm = load({base + "post_attention_layernorm.weight"}, c.hidden);
        loadSideBySide({mlp + "gate_proj.weight", mlp + "up_proj.weight"}, {&layer.gate, &layer.up}, c.hidden,
                       layer.gateUp, layer.memory);
        layer.down = load({mlp + "down_proj.weight"}, c.intermediate);
        m_layers.push_back(std::move(layer));
        if (progress) progress({"load weights", l + 1, c.layers});
    }
    m_finalNorm = loadWeight({"model.norm.weight"}, c.hidden, m_memory);
    m_head = c.tiedEmbeddings ? m_embedding : loadWeight({"lm_head.weight"}, c.hidden, m_memory);
}

void LanguageModel::checkWeightsFit() const {
    const std::uint64_t bytes = moa::weightBytes(*m_files, m_backend.dtype(), m_backend.keepsBlocks());
    const DeviceInfo device = m_backend.device();
    if (bytes > device.freeBytes)
        throw MemoryError("the weights of " + m_files->name + " on " + device.name, bytes, device.freeBytes,
                          "use a smaller model or another device");
}

LanguageModel::~LanguageModel() = default;

bool LanguageModel::staysInBlocks(const TensorView& weight) const {
    return m_backend.keepsBlocks() && blockType(weight.type);
}

void LanguageModel::loadSideBySide(std::initializer_list<std::string> names, std::initializer_list<Tensor*> parts,
                                   std::int64_t cols, Tensor& whole, std::vector<Buffer>& memory) {
    const bool apart = std::any_of(names.begin(), names.end(),
                                   [this](const std::string& name) { return staysInBlocks(m_files->weight(name)); });
    if (!apart) whole = loadWeight(names, cols, memory);
    std::int64_t row = 0;
    auto name = names.begin();
    for (Tensor* part : parts) {
        const std::int64_t rows = m_files->weight(*name).shape.front();
        *part = apart ? loadWeight({*name}, cols, memory) : whole.rowRange(row, rows);
        row += rows;
        ++name;
    }
}

Tensor LanguageModel::loadWeight(std::initializer_list<std::string> names, std::int64_t cols,
                                 std::vector<Buffer>& memory) {
    const TensorView& first = m_files->weight(*names.begin());
    std::int64_t values = 0;
    for (const std::string& name : names) values += static_cast<std::int64_t>(m_files->weight(name).elements());
    Tensor all{nullptr, m_backend.dtype(), values / cols, cols, cols};
    if (names.size() == 1 && staysInBlocks(first)) all.blocks = blockType(first.type);
    memory.push_back(m_backend.allocate(static_cast<std::size_t>(all.rows * all.rowBytes()), "weight " + first.name));
    m_weightBytes += memory.back().bytes();
    all.data = memory.back().data();
    std::int64_t row = 0;
    for (const std::string& name : names) {
        const TensorView& t = m_files->weight(name);
        const auto rows = static_cast<std::int64_t>(t.elements()) / cols;
        upload(t, all.rowRange(row, rows));
        row += rows;
    }
    return all;
}

void LanguageModel::upload(const TensorView& t, const Tensor& to) {
    if (to.blocks) {
        for (std::int64_t row = 0; row < to.rows; ++row)
            m_backend.upload(to.rowRange(row, 1).data, t.row(row).data(), static_cast<std::size_t>(to.rowBytes()));
        return;
    }
    if (const auto plain = weightType(t.type); plain && t.interleavedHeads == 0)
        return m_backend.uploadWeight(to.data, t.data, *plain, to.rows * to.cols);
    std::vector<float> panel(static_cast<std::size_t>(std::min(to.rows, kPanelRows) * to.cols));
    for (std::int64_t row = 0; row < to.rows; row += kPanelRows) {
        const std::int64_t rows = std::min(kPanelRows, to.rows - row);
        const auto values = std::span(panel).first(static_cast<std::size_t>(rows * to.cols));
        copyRows(t, row, values);
        m_backend.uploadWeight(to.rowRange(row, rows).data, values.data(), DType::F32, rows * to.cols);
    }
}

Tensor LanguageModel::view(const Buffer& buffer, std::int64_t rows, std::int64_t cols) const {
    return {buffer.data(), m_backend.dtype(), rows, cols, cols};
}

Tensor LanguageModel::ropeTable(const Buffer& buffer) const {
    return {buffer.data(), DType::F32, m_ropePositions, config().headDim / 2, config().headDim / 2};
}

void LanguageModel::ensureRope(std::int64_t positions) {
    if (positions <= m_ropePositions) return;
    const std::int64_t original = config().ropeOriginalContext;
    std::int64_t count = std::max(positions, std::min<std::int64_t>(2 * m_ropePositions, config().context));
    // Longer inputs may turn otherwise: the tables of short ones end where that begins.
    if (!config().ropeLongDivisors.empty() && positions <= original) count = std::min(count, original);
    const std::vector<float> freq = inverseFrequencies(config(), positions);
    std::vector<float> cosine(static_cast<std::size_t>(count) * freq.size()), sine(cosine.size());
    for (std::int64_t p = 0; p < count; ++p)
        for (std::size_t i = 0; i < freq.size(); ++i) {
            // The angle is a float product in the reference implementation too: at position 16,384 its rounding
            // is larger than anything else here.
            const float angle = static_cast<float>(p) * freq[i];
            cosine[static_cast<std::size_t>(p) * freq.size() + i] = static_cast<float>(config().ropeAmplitude * std::cos(double(angle)));
            sine[static_cast<std::size_t>(p) * freq.size() + i] = static_cast<float>(config().ropeAmplitude * std::sin(double(angle)));
        }
    for (const auto& [buffer, values] : {std::pair{&m_cosine, &cosine}, std::pair{&m_sine, &sine}}) {
        *buffer = m_backend.allocate(values->size() * sizeof(float), "rotary tables");
        m_backend.upload(buffer->data(), values->data(), buffer->bytes());
    }
    m_ropePositions = count;
}

void LanguageModel::checkTokens(std::span<const int> tokens) const {
    for (std::size_t i = 0; i < tokens.size(); ++i)
        if (tokens[i] < 0 || tokens[i] >= config().vocab)
            throw UsageError("token " + std::to_string(i) + " is " + std::to_string(tokens[i]) +
                             ", the model's vocabulary has ids 0 to " + std::to_string(config().vocab - 1));
}

} // namespace moa
