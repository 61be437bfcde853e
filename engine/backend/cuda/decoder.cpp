#include "engine/backend/cuda/decoder.h"

#include "engine/backend/cuda/card.h"
#include "engine/backend/cuda/decode_cache.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/gemv.h"
#include "moa_kernels/cuda/sampling.h"

#include <algorithm>
#include <cmath>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

constexpr std::size_t kElementBytes = 2;

std::size_t sz(std::int64_t x) {
    return static_cast<std::size_t>(x);
}

} // namespace

std::uint64_t cacheBytes(const ModelConfig& config, const DecoderLayout& layout) {
    std::uint64_t slots = 0;
    for (const std::int64_t w : layout.windows) slots += static_cast<std::uint64_t>(layout.sink + w);
    return slots * 2 * static_cast<std::uint64_t>(config.headDim) * kElementBytes;
}

Decoder::Decoder(const ModelConfig& config, const DecoderWeights& weights, const DecoderLayout& layout,
                 std::shared_ptr<Matmul> matmul)
    : m_config(config), m_weights(weights), m_sequences(layout.sequences),
      m_matmul(matmul ? std::move(matmul)
                      : std::make_shared<Matmul>(config.dtype == DType::BF16 ? CUDA_R_16BF : CUDA_R_16F)) {
    const std::size_t entries = sz(layout.sequences) * sz(config.layers) * sz(config.kvHeads);
    if (layout.sequences <= 0 || layout.windows.size() != entries ||
        (!layout.caches.empty() && layout.caches.size() != entries))
        throw UsageError("a decoder needs a window for every sequence, layer and KV head");
    m_workers = k::decodeWorkers(multiprocessors());
    m_rotaryRows = layout.positions, m_sink = layout.sink;
    for (const std::int64_t w : layout.windows)
        m_windows.push_back(static_cast<std::int32_t>(std::min<std::int64_t>(w, 1 << 30)));
    allocate(layout);
    layCaches(layout);
    m_cosineTable = layout.cosine, m_sineTable = layout.sine;
    if (!m_cosineTable) fillRotaryTable(layout.positions);
    if (m_sequences > 1 && layout.tune) tuneProducts();
    m_graph = Graph(m_stream, [&] { record(); });
}

void Decoder::allocate(const DecoderLayout& layout) {
    const std::size_t b = sz(m_sequences), entries = b * sz(m_config.kvHeads), layers = sz(m_config.layers);
    if (layout.caches.empty()) m_kv = DeviceMemory(cacheBytes(m_config, layout), "keys and values");
    m_caches = DeviceMemory(layers * entries * sizeof(k::DecodeCache), "cache table");
    m_tileStarts = DeviceMemory(layers * (entries + 1) * sizeof(std::int32_t), "shares");
    m_firstEntry = DeviceMemory(layers * sz(m_workers) * sizeof(std::int32_t), "shares");
    m_attentionWorkspace =
        DeviceMemory(k::decodeWorkspaceBytes(m_workers, m_config.groupSize(), m_config.headDim),
                     "partial results of attention");
    m_positions = DeviceMemory(b * sizeof(std::int32_t), "positions");
    m_tokens = DeviceMemory(b * sizeof(std::int32_t), "tokens");
    const auto rows = [&](int cols) { return DeviceMemory(b * sz(cols) * kElementBytes, "activations"); };
    m_x = rows(m_config.hidden);
    m_normed = rows(m_config.hidden);
    m_qkv = rows(qkvCols());
    m_attended = rows(outCols());
    m_gateUp = rows(2 * m_config.intermediate);
    m_hidden = rows(m_config.intermediate);
    m_logits = DeviceMemory(b * sz(m_config.vocab) * sizeof(float), "logits");
}

void Decoder::layCaches(const DecoderLayout& layout) {
    const std::size_t b = sz(m_sequences), g = sz(m_config.kvHeads), layers = sz(m_config.layers);
    const std::size_t rowBytes = sz(m_config.headDim) * kElementBytes;
    std::vector<k::DecodeCache> caches(layers * b * g);
    auto* next = m_kv.as<char>();
    for (std::size_t s = 0; s < b; ++s)
        for (std::size_t l = 0; l < layers; ++l)
            for (std::size_t h = 0; h < g; ++h) {
                const std::size_t at = (s * layers + l) * g + h;
                const std::int64_t window = layout.windows[at];
                k::DecodeCache& cache = caches[(l * b + s) * g + h];
                if (!layout.caches.empty()) {
                    cache = decodeCache(layout.caches[at], window);
                    continue;
                }
                const std::size_t bytes = sz(layout.sink + window) * rowBytes;
                cache.k = next;
                cache.v = next + bytes;
                cache.sink = cache.ringFirst = static_cast<std::int32_t>(layout.sink);
                cache.ring = cache.window = static_cast<std::int32_t>(window);
                next += 2 * bytes;
            }
    check(cudaMemcpy(m_caches.as(), caches.data(), caches.size() * sizeof caches[0], cudaMemcpyHostToDevice),
          "writing the cache table");
}

void Decoder::fillRotaryTable(std::int64_t positions) {
    const int half = m_config.headDim / 2;
    std::vector<float> cosine(sz(positions) * sz(half)), sine(cosine.size());
    for (int c = 0; c < half; ++c) {
        const double frequency = std::pow(m_config.ropeTheta, -2.0 * c / m_config.headDim);
        for (std::int64_t p = 0; p < positions; ++p) {
            cosine[sz(p * half + c)] = static_cast<float>(std::cos(static_cast<double>(p) * frequency));
            sine[sz(p * half + c)] = static_cast<float>(std::sin(static_cast<double>(p) * frequency));
        }
    }
    m_cosine = DeviceMemory(cosine.size() * sizeof(float), "rotary table");
    m_sine = DeviceMemory(sine.size() * sizeof(float), "rotary table");
    m_cosineTable = m_cosine.as<float>(), m_sineTable = m_sine.as<float>();
    check(cudaMemcpy(m_cosine.as(), cosine.data(), m_cosine.bytes(), cudaMemcpyHostToDevice),
          "writing the table");
    check(cudaMemcpy(m_sine.as(), sine.data(), m_sine.bytes(), cudaMemcpyHostToDevice), "writing the table");
}

Product Decoder::product(const void* x, int inCols, const void* weight, void* out, int outputs,
                         bool accumulate) const {
    Product p;
    p.x = x, p.weight = weight, p.out = out;
    p.rows = m_sequences, p.inCols = inCols, p.outCols = outputs;
    p.xStride = inCols, p.outStride = outputs;
    p.accumulate = accumulate;
    return p;
}

void Decoder::tuneProducts() {
    const int hidden = m_config.hidden, inner = m_config.intermediate;
    std::vector<Product> qkv, output, gateUp, down;
    for (std::size_t l = 0; l < std::min<std::size_t>(8, m_weights.layers.size()); ++l) {
        const auto& w = m_weights.layers[l];
        qkv.push_back(product(m_normed.as(), hidden, w.qkv, m_qkv.as(), qkvCols(), false));
        output.push_back(product(m_attended.as(), outCols(), w.output, m_x.as(), hidden, true));
        gateUp.push_back(product(m_normed.as(), hidden, w.gateUp, m_gateUp.as(), 2 * inner, false));
        down.push_back(product(m_hidden.as(), inner, w.down, m_x.as(), hidden, true));
    }
    for (const auto* products : {&qkv, &output, &gateUp, &down}) m_matmul->tune(*products, m_stream);
}

k::RopeAppendParams Decoder::ropeOf(int layer) const {
    k::RopeAppendParams rope;
    rope.qkv = m_qkv.as(), rope.stride = qkvCols();
    rope.caches = m_caches.as<k::DecodeCache>() + sz(layer) * sz(m_sequences) * sz(m_config.kvHeads);
    rope.positions = m_positions.as<std::int32_t>();
    rope.cosine = m_cosineTable, rope.sine = m_sineTable;
    rope.sequences = m_sequences, rope.heads = m_config.heads, rope.kvHeads = m_config.kvHeads;
    rope.headDim = m_config.headDim;
    rope.element = elementOf(m_config.dtype);
    rope.overlapPrevious = true;
    return rope;
}

void Decoder::attend(int layer) {
    const std::size_t entries = sz(m_sequences) * sz(m_config.kvHeads);
    k::DecodeAttentionParams a;
    a.q = m_qkv.as(), a.qStride = qkvCols();
    a.out = m_attended.as(), a.outStride = outCols();
    a.caches = m_caches.as<k::DecodeCache>() + sz(layer) * entries;
    a.positions = m_positions.as<std::int32_t>();
    a.tileStarts = m_tileStarts.as<std::int32_t>() + sz(layer) * (entries + 1);
    a.firstEntry = m_firstEntry.as<std::int32_t>() + sz(layer) * sz(m_workers);
    a.sequences = m_sequences, a.heads = m_config.heads, a.kvHeads = m_config.kvHeads;
    a.headDim = m_config.headDim;
    a.scale = 1.f / std::sqrt(static_cast<float>(m_config.headDim));
    a.workers = m_workers;
    a.workspace = m_attentionWorkspace.as();
    a.element = elementOf(m_config.dtype);
    a.overlapPrevious = true;
    check(k::launchDecodeAttention(a, m_stream), "attention");
}

void Decoder::recordBatchLayer(int layer) {
    const auto& w = m_weights.layers[sz(layer)];
    const int hidden = m_config.hidden, inner = m_config.intermediate;
    const auto norm = [&](const void* weight) {
        k::RmsNormParams n{m_x.as(),
                           hidden,
                           weight,
                           m_normed.as(),
                           hidden,
                           m_sequences,
                           hidden,
                           m_config.rmsNormEps,
                           elementOf(m_config.dtype),
                           true};
        check(k::launchRmsNorm(n, m_stream), "RMSNorm");
    };
    norm(w.attentionNorm);
    m_matmul->run(product(m_normed.as(), hidden, w.qkv, m_qkv.as(), qkvCols(), false), m_stream);
    check(k::launchRopeAppend(ropeOf(layer), m_stream), "rotary embedding");
    attend(layer);
    m_matmul->run(product(m_attended.as(), outCols(), w.output, m_x.as(), hidden, true), m_stream);
    norm(w.mlpNorm);
    m_matmul->run(product(m_normed.as(), hidden, w.gateUp, m_gateUp.as(), 2 * inner, false), m_stream);
    k::SwiGluParams s;
    s.gate = m_gateUp.as(), s.up = m_gateUp.as<char>() + sz(inner) * kElementBytes, s.out = m_hidden.as();
    s.gateStride = s.upStride = 2 * inner, s.outStride = inner;
    s.rows = m_sequences, s.cols = inner;
    s.element = elementOf(m_config.dtype);
    s.overlapPrevious = true;
    check(k::launchSwiGlu(s, m_stream), "SwiGLU");
    m_matmul->run(product(m_hidden.as(), inner, w.down, m_x.as(), hidden, true), m_stream);
}

void Decoder::recordSingleLayer(int layer) {
    const auto& w = m_weights.layers[sz(layer)];
    const auto gemv = [&](const void* x, const void* norm, const void* weight, void* out, int in, int out_,
                          k::GemvEpilogue epilogue) {
        check(k::launchGemv({x, norm, m_config.rmsNormEps, weight, out, in, out_, epilogue,
                             elementOf(m_config.dtype), true, ropeOf(layer)},
                            m_stream),
              "matrix-vector product");
    };
    const int hidden = m_config.hidden, inner = m_config.intermediate;
    gemv(m_x.as(), w.attentionNorm, w.qkv, m_qkv.as(), hidden, qkvCols(), k::GemvEpilogue::RopeAppend);
    attend(layer);
    gemv(m_attended.as(), nullptr, w.output, m_x.as(), outCols(), hidden, k::GemvEpilogue::Add);
    gemv(m_x.as(), w.mlpNorm, w.gateUp, m_hidden.as(), hidden, inner, k::GemvEpilogue::SwiGlu);
    gemv(m_hidden.as(), nullptr, w.down, m_x.as(), inner, hidden, k::GemvEpilogue::Add);
}

void Decoder::record() {
    const k::Element element = elementOf(m_config.dtype);
    const int hidden = m_config.hidden;
    k::DecodePlanParams plan;
    plan.caches = m_caches.as<k::DecodeCache>(), plan.positions = m_positions.as<std::int32_t>();
    plan.layers = m_config.layers, plan.sequences = m_sequences, plan.kvHeads = m_config.kvHeads;
    plan.workers = m_workers;
    plan.tileStarts = m_tileStarts.as<std::int32_t>(), plan.firstEntry = m_firstEntry.as<std::int32_t>();
    check(k::launchDecodePlan(plan, m_stream), "planning attention");
    check(k::launchEmbed({m_tokens.as<std::int32_t>(), m_weights.embedding, m_x.as(), hidden, m_sequences,
                          hidden, element, true},
                         m_stream),
          "embedding");
    for (int l = 0; l < m_config.layers; ++l) m_sequences == 1 ? recordSingleLayer(l) : recordBatchLayer(l);
    if (m_sequences == 1) {
        check(k::launchGemv({m_x.as(),
                             m_weights.norm,
                             m_config.rmsNormEps,
                             m_weights.head,
                             m_logits.as(),
                             hidden,
                             m_config.vocab,
                             k::GemvEpilogue::StoreFloat,
                             element,
                             true,
                             {}},
                            m_stream),
              "logits");
    } else {
        check(k::launchRmsNorm({m_x.as(), hidden, m_weights.norm, m_normed.as(), hidden, m_sequences, hidden,
                                m_config.rmsNormEps, element, true},
                               m_stream),
              "RMSNorm");
        Product head = product(m_normed.as(), hidden, m_weights.head, m_logits.as(), m_config.vocab, false);
        head.floatOut = true;
        m_matmul->run(head, m_stream);
    }
    k::SampleParams sample;
    sample.logits = m_logits.as<float>(), sample.logitsStride = m_config.vocab;
    sample.ids = m_tokens.as<std::int32_t>();
    sample.rows = m_sequences, sample.vocab = m_config.vocab;
    sample.overlapPrevious = true;
    check(k::launchSample(sample, m_stream), "choosing tokens");
    check(k::launchAdvance(m_positions.as<std::int32_t>(), m_sequences, m_stream), "advancing");
}

void Decoder::setState(std::span<const std::int32_t> positions, std::span<const std::int32_t> tokens) {
    if (positions.size() != sz(m_sequences) || tokens.size() != sz(m_sequences))
        throw UsageError("a decoder needs a position and a token for every sequence");
    check(cudaMemcpyAsync(m_positions.as(), positions.data(), m_positions.bytes(), cudaMemcpyHostToDevice,
                          m_stream),
          "writing positions");
    check(cudaMemcpyAsync(m_tokens.as(), tokens.data(), m_tokens.bytes(), cudaMemcpyHostToDevice, m_stream),
          "writing tokens");
    m_stream.synchronise();
}

void Decoder::step() {
    m_graph.launch(m_stream);
}

std::vector<std::int32_t> Decoder::tokens() {
    std::vector<std::int32_t> host(sz(m_sequences));
    check(cudaMemcpyAsync(host.data(), m_tokens.as(), m_tokens.bytes(), cudaMemcpyDeviceToHost, m_stream),
          "reading tokens");
    m_stream.synchronise();
    return host;
}

void Decoder::readLogits(std::span<float> host) {
    if (host.size_bytes() != m_logits.bytes()) throw UsageError("logits are read whole");
    check(cudaMemcpyAsync(host.data(), m_logits.as(), m_logits.bytes(), cudaMemcpyDeviceToHost, m_stream),
          "reading logits");
    m_stream.synchronise();
}

} // namespace moa::cuda
