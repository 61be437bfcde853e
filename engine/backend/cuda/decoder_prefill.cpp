// Decoder::prefill: a prompt through all layers at once, into the caches of one sequence.
#include "engine/backend/cuda/decoder.h"

#include "engine/backend/cuda/card.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/cache.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/prefill_attention.h"
#include "moa_kernels/cuda/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

constexpr int kMlpRows = 4096; ///< rows that go through the MLP together: its inner rows are the widest

Product rowsProduct(const void* x, int rows, int inCols, const void* weight, void* out, int outCols,
                    bool accumulate) {
    Product p;
    p.x = x, p.weight = weight, p.out = out;
    p.rows = rows, p.inCols = inCols, p.outCols = outCols;
    p.xStride = inCols, p.outStride = outCols;
    p.accumulate = accumulate;
    return p;
}

char* rowOf(const DeviceMemory& memory, std::int64_t row, std::int64_t cols) {
    return memory.as<char>() + 2 * row * cols;
}

} // namespace

void Decoder::prefillLayer(int layer, int sequence, int rows) {
    const auto& w = m_weights.layers[static_cast<std::size_t>(layer)];
    const int hidden = m_config.hidden, inner = m_config.intermediate, d = m_config.headDim;
    const k::Element element = elementOf(m_config.dtype);
    const auto norm = [&](const void* weight) {
        check(k::launchRmsNorm({m_prompt.x.as(), hidden, weight, m_prompt.normed.as(), hidden, rows, hidden,
                                m_config.rmsNormEps, element},
                               m_stream),
              "RMSNorm");
    };
    norm(w.attentionNorm);
    m_matmul->run(rowsProduct(m_prompt.normed.as(), rows, hidden, w.qkv, m_prompt.qkv.as(), qkvCols(), false),
                 m_stream);
    // Queries and keys lie side by side and rotate alike.
    check(k::launchRope({m_prompt.qkv.as(), qkvCols(), m_prompt.positions.as<std::int32_t>(),
                         m_cosineTable, m_sineTable, rows, m_config.heads + m_config.kvHeads, d,
                         false, element},
                        m_stream),
          "rotary embedding");
    char* keys = rowOf(m_prompt.qkv, 0, 0) + 2 * m_config.heads * d;
    char* values = keys + 2 * m_config.kvHeads * d;
    k::PrefillAttentionParams a;
    const auto heads = [&](void* data, std::int64_t stride) { return k::HeadRows{data, 0, stride, d}; };
    a.q = heads(m_prompt.qkv.as(), qkvCols()), a.k = heads(keys, qkvCols()), a.v = heads(values, qkvCols());
    a.out = heads(m_prompt.attended.as(), outCols());
    a.windows = m_prompt.windows.as<std::int32_t>() + layer * m_config.kvHeads,
    a.sink = static_cast<int>(m_sink);
    a.queryTokens = a.keyTokens = rows;
    a.heads = m_config.heads, a.kvHeads = m_config.kvHeads, a.headDim = d;
    a.scale = 1.f / std::sqrt(static_cast<float>(d));
    a.workspace = m_prompt.workspace.as();
    a.element = element;
    check(k::launchPrefillAttention(a, m_stream), "attention");
    const std::size_t entry = (static_cast<std::size_t>(layer) * static_cast<std::size_t>(m_sequences) +
                               static_cast<std::size_t>(sequence)) *
                              static_cast<std::size_t>(m_config.kvHeads);
    check(k::launchAppend({keys, values, qkvCols(), qkvCols(), m_prompt.items.as<k::NewRows>(),
                           m_caches.as<k::DecodeCache>() + entry, 1, m_config.kvHeads, d, rows},
                          m_stream),
          "writing the cache");
    m_matmul->run(
        rowsProduct(m_prompt.attended.as(), rows, outCols(), w.output, m_prompt.x.as(), hidden, true),
        m_stream);
    norm(w.mlpNorm);
    for (int first = 0; first < rows; first += kMlpRows) {
        const int part = std::min(kMlpRows, rows - first);
        m_matmul->run(rowsProduct(rowOf(m_prompt.normed, first, hidden), part, hidden, w.gateUp,
                                 m_prompt.gateUp.as(), 2 * inner, false),
                     m_stream);
        check(k::launchSwiGlu({m_prompt.gateUp.as(), rowOf(m_prompt.gateUp, 0, 0) + 2 * inner,
                               m_prompt.hidden.as(), 2 * inner, 2 * inner, inner, part, inner, element},
                              m_stream),
              "SwiGLU");
        m_matmul->run(rowsProduct(m_prompt.hidden.as(), part, inner, w.down, rowOf(m_prompt.x, first, hidden),
                                 hidden, true),
                     m_stream);
    }
}

void Decoder::reservePrompt(int n) {
    if (m_prompt.rows >= n) return;
    m_prompt = {}; // given back before more is asked for
    const int hidden = m_config.hidden;
    const char* what = "activations of a prompt";
    const auto make = [&](std::int64_t count, std::int64_t cols) {
        return DeviceMemory(static_cast<std::size_t>(count * cols) * 2, what);
    };
    const std::int64_t part = std::min(n, kMlpRows);
    m_prompt.ids = make(2 * n, 1), m_prompt.positions = make(2 * n, 1);
    m_prompt.windows = make(2 * m_config.layers, m_config.kvHeads);
    m_prompt.items = DeviceMemory(sizeof(k::NewRows), what);
    m_prompt.x = make(n, hidden), m_prompt.normed = make(n, hidden);
    m_prompt.qkv = make(n, qkvCols()), m_prompt.attended = make(n, outCols());
    m_prompt.gateUp = make(part, 2 * m_config.intermediate),
    m_prompt.hidden = make(part, m_config.intermediate);
    m_prompt.workspace = DeviceMemory(k::prefillWorkspaceBytes(), what);
    m_prompt.rows = n;
    check(cudaDeviceSynchronize(), "clearing memory");
}

void Decoder::prefill(int sequence, std::span<const std::int32_t> prompt) {
    const auto rows = static_cast<std::int64_t>(prompt.size());
    if (sequence < 0 || sequence >= m_sequences || rows < 1 || rows > m_rotaryRows)
        throw UsageError("a prefill takes one of the decoder's sequences and 1 to " +
                         std::to_string(m_rotaryRows) + " tokens");
    const int n = static_cast<int>(rows), hidden = m_config.hidden;
    reservePrompt(n);
    const auto write = [&](const DeviceMemory& to, const void* from, std::size_t bytes) {
        check(cudaMemcpyAsync(to.as(), from, bytes, cudaMemcpyHostToDevice, m_stream), "writing a prompt");
    };
    std::vector<std::int32_t> positions(prompt.size());
    std::iota(positions.begin(), positions.end(), 0);
    const k::NewRows item{0, n, 0};
    const std::size_t perSequence =
        static_cast<std::size_t>(m_config.layers) * static_cast<std::size_t>(m_config.kvHeads);
    write(m_prompt.ids, prompt.data(), prompt.size_bytes());
    write(m_prompt.positions, positions.data(), prompt.size_bytes());
    write(m_prompt.windows, m_windows.data() + static_cast<std::size_t>(sequence) * perSequence,
          perSequence * 4);
    write(m_prompt.items, &item, sizeof item);
    const k::Element element = elementOf(m_config.dtype);
    check(k::launchEmbed({m_prompt.ids.as<std::int32_t>(), m_weights.embedding, m_prompt.x.as(), hidden, n,
                          hidden, element},
                         m_stream),
          "embedding");
    for (int l = 0; l < m_config.layers; ++l) prefillLayer(l, sequence, n);
    check(k::launchRmsNorm({rowOf(m_prompt.x, n - 1, hidden), hidden, m_weights.norm, m_prompt.normed.as(),
                            hidden, 1, hidden, m_config.rmsNormEps, element},
                           m_stream),
          "RMSNorm");
    float* logits = m_logits.as<float>() + static_cast<std::int64_t>(sequence) * m_config.vocab;
    Product head =
        rowsProduct(m_prompt.normed.as(), 1, hidden, m_weights.head, logits, m_config.vocab, false);
    head.floatOut = true;
    m_matmul->run(head, m_stream);
    k::SampleParams sample;
    sample.logits = logits, sample.logitsStride = m_config.vocab;
    sample.ids = m_tokens.as<std::int32_t>() + sequence;
    sample.rows = 1, sample.vocab = m_config.vocab;
    check(k::launchSample(sample, m_stream), "choosing a token");
    check(cudaMemcpyAsync(m_positions.as<std::int32_t>() + sequence, &n, sizeof n, cudaMemcpyHostToDevice,
                          m_stream),
          "writing positions");
}

} // namespace moa::cuda
