// Forward pass over cached sequences, in chunks. On the last layer only the rows whose logits are wanted go
// past the keys and values: a prefill needs no more.
#include "engine/core/error.h"
#include "engine/model/language_model.h"
#include "engine/model/sequence.h"
#include "engine/model/step_recorder.h"

#include <algorithm>

namespace moa {

/// Buffers of one chunk, grown on demand. Names as in the layer: x is the residual stream.
struct LanguageModel::Activations {
    std::int64_t rows = 0;
    Buffer x, norm, q, k, v, attention, gate, up, logits;
};

namespace {

constexpr std::int64_t kLogitRows = 64; ///< rows of logits held at once

/// Throws UsageError for a look back that the caches cannot serve.
void checkLook(const ForwardItem& item) {
    if (!item.at && !item.other) return;
    if (item.commit) throw UsageError("a look back and a mixed look leave the caches as they are");
    const std::int64_t at = item.at.value_or(item.sequence->length());
    if (at < item.sequence->reach() || at > item.sequence->length() || (item.other && at > item.other->length()))
        throw UsageError("position " + std::to_string(at) + " is out of reach: the cache serves " +
                         std::to_string(item.sequence->reach()) + " to " + std::to_string(item.sequence->length()));
    if (item.other && item.other->sink() != item.sequence->sink())
        throw UsageError("caches with different sinks cannot be mixed");
}

/// Caches and windows of one layer of an item: its sequence's, or some of another's.
struct MixedLayer {
    std::span<const KvHeadCache> cache;
    std::span<const std::int64_t> windows;
    std::vector<KvHeadCache> ownCache;
    std::vector<std::int64_t> ownWindows;

    void fill(const ForwardItem& item, LayerIndex l) {
        cache = item.sequence->layer(l);
        windows = item.sequence->layerWindows(l);
        if (!item.other) return;
        ownCache.assign(cache.begin(), cache.end());
        ownWindows.assign(windows.begin(), windows.end());
        for (std::size_t g = 0; g < ownCache.size(); ++g)
            if ((*item.fromOther)[static_cast<std::size_t>(l.value) * ownCache.size() + g]) {
                ownCache[g] = item.other->layer(l)[g];
                ownWindows[g] = item.other->layerWindows(l)[g];
            }
        cache = ownCache;
        windows = ownWindows;
    }
};

/// Where an item's rows are in the chunk.
struct ItemRows {
    std::int64_t first = 0, count = 0, held = 0;
};

} // namespace

Completion LanguageModel::forward(std::span<ForwardItem> items, const LogitsFn& logits, std::stop_token stop) {
    std::vector<ForwardItem> left(items.begin(), items.end());
    std::int64_t longest = 0;
    for (const ForwardItem& item : left) {
        checkTokens(item.tokens);
        const std::int64_t n = item.sequence->length() + static_cast<std::int64_t>(item.tokens.size());
        if (n > config().context)
            throw Error("the input has " + std::to_string(n) + " tokens, the model's context is " +
                        std::to_string(config().context) + "; shorten the prompt or the answer");
        checkLook(item);
        if (!item.commit && static_cast<std::int64_t>(item.tokens.size()) > chunkRows())
            throw UsageError("a continuation that is only looked at has at most " + std::to_string(chunkRows()) + " tokens");
        if (item.commit) item.sequence->reserve(n);
        longest = std::max(longest, n);
    }
    ensureRope(longest);
    // Chunks take whole items while they fit and cut long ones, so that short sequences share one pass.
    std::size_t begin = 0;
    while (begin < left.size()) {
        std::vector<ForwardItem> chunk;
        std::vector<std::size_t> index;
        std::int64_t room = chunkRows();
        std::size_t i = begin;
        for (; i < left.size() && room > 0; ++i) {
            ForwardItem& item = left[i];
            const auto size = static_cast<std::int64_t>(item.tokens.size());
            const std::int64_t take = std::min(size, room);
            if (take < size && !item.commit) break; // whole in the next chunk
            ForwardItem part = item;
            part.tokens = item.tokens.first(static_cast<std::size_t>(take));
            part.logitRows = std::max<std::int64_t>(0, item.logitRows - (size - take));
            if (take > 0) {
                chunk.push_back(part);
                index.push_back(i);
            }
            item.tokens = item.tokens.subspan(static_cast<std::size_t>(take));
            item.logitRows = std::min(item.logitRows, size - take);
            room -= take;
            if (!item.tokens.empty()) break;
        }
        begin = i;
        if (chunk.empty()) continue;
        const LogitsFn renumbered = [&](std::size_t at, std::int64_t position, std::span<const float> values) {
            logits(index[at], position, values);
        };
        if (forwardChunk(chunk, renumbered, stop) == Completion::Cancelled) return Completion::Cancelled;
    }
    return Completion::Done;
}

Completion LanguageModel::forwardChunk(std::span<ForwardItem> items, const LogitsFn& logits,
                                       const std::stop_token& stop) {
    if (runRecorded(items, logits)) return Completion::Done;
    const ModelConfig& c = config();
    std::vector<int> ids;
    std::vector<std::int64_t> positions, queryPositions;
    std::vector<ItemRows> rows;
    std::int64_t wanted = 0;
    for (const ForwardItem& item : items) {
        const auto count = static_cast<std::int64_t>(item.tokens.size());
        rows.push_back({static_cast<std::int64_t>(ids.size()), count, item.at.value_or(item.sequence->length())});
        ids.insert(ids.end(), item.tokens.begin(), item.tokens.end());
        for (std::int64_t r = 0; r < count; ++r) {
            positions.push_back(rows.back().held + r);
            if (r >= count - item.logitRows) queryPositions.push_back(positions.back());
        }
        wanted += std::min(item.logitRows, count);
    }
    const auto n = static_cast<std::int64_t>(ids.size());
    const std::int64_t qCols = std::int64_t(c.heads) * c.headDim, kvCols = std::int64_t(c.kvHeads) * c.headDim;

    if (!m_activations) m_activations = std::make_shared<Activations>();
    Activations& a = *m_activations;
    if (a.rows < n) {
        const auto make = [&](std::int64_t cols) {
            return m_backend.allocate(static_cast<std::size_t>(n * cols * bytesPerValue(m_backend.dtype())), "activations");
        };
        a = {n, make(c.hidden), make(c.hidden), make(qCols), make(kvCols), make(kvCols), make(qCols),
             make(c.intermediate), make(c.intermediate), {}};
    }
    const Tensor cosine = ropeTable(m_cosine), sine = ropeTable(m_sine);
    Tensor x = view(a.x, n, c.hidden);
    m_backend.embed(x, ids, m_embedding);

    for (int l = 0; l < c.layers; ++l) {
        if (stop.stop_requested()) return Completion::Cancelled;
        const Layer& layer = m_layers[static_cast<std::size_t>(l)];
        const bool last = l + 1 == c.layers;
        Tensor norm = view(a.norm, n, c.hidden), k = view(a.k, n, kvCols), v = view(a.v, n, kvCols);
        m_backend.rmsNorm(norm, x, layer.inputNorm, c.rmsNormEps);
        m_backend.linear(k, norm, layer.k, false);
        m_backend.linear(v, norm, layer.v, false);
        m_backend.rope(k, c.kvHeads, positions, cosine, sine, false);

        std::vector<BatchItem> batch;
        std::vector<MixedLayer> mixed(items.size());
        std::int64_t queryRow = 0;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const std::int64_t queries = last ? std::min(items[i].logitRows, rows[i].count) : rows[i].count;
            mixed[i].fill(items[i], LayerIndex(l));
            batch.push_back({queryRow, queries, rows[i].first, rows[i].count, rows[i].held, mixed[i].cache,
                             mixed[i].windows, items[i].sequence->sink()});
            // The wanted rows move together; ranges may overlap, always towards the front.
            const std::int64_t from = rows[i].first + rows[i].count - queries;
            if (last && queries > 0 && from != queryRow)
                for (const Buffer* b : {&a.x, &a.norm}) {
                    const Tensor all = view(*b, n, c.hidden);
                    m_backend.copy(all.rowRange(queryRow, queries).data, all.rowRange(from, queries).data,
                                   static_cast<std::size_t>(queries * c.hidden * bytesPerValue(all.dtype)));
                }
            queryRow += queries;
        }
        if (queryRow > 0) {
            x = x.rowRange(0, queryRow);
            norm = norm.rowRange(0, queryRow);
            const Tensor q = view(a.q, queryRow, qCols), attended = view(a.attention, queryRow, qCols);
            m_backend.linear(q, norm, layer.q, false);
            m_backend.rope(q, c.heads, last ? queryPositions : positions, cosine, sine, false);
            m_backend.attention(shape(), q, k, v, attended, {}, batch);
            m_backend.linear(x, attended, layer.o, true);
            m_backend.rmsNorm(norm, x, layer.postNorm, c.rmsNormEps);
            const Tensor gate = view(a.gate, queryRow, c.intermediate), up = view(a.up, queryRow, c.intermediate);
            m_backend.linear(gate, norm, layer.gate, false);
            m_backend.linear(up, norm, layer.up, false);
            m_backend.swiGlu(gate, gate, up);
            m_backend.linear(x, gate, layer.down, true);
        }
        std::vector<BatchItem> committed;
        for (std::size_t i = 0; i < items.size(); ++i)
            if (items[i].commit) committed.push_back(batch[i]);
        m_backend.appendKv(shape(), k, v, committed);
    }
    std::vector<std::int64_t> held;
    for (std::size_t i = 0; i < items.size(); ++i) {
        held.push_back(rows[i].held);
        if (items[i].commit) items[i].sequence->advance(rows[i].count);
    }
    if (wanted > 0) emitLogits(x, items, held, logits);
    return Completion::Done;
}

/// One new token each, of sequences that keep coming: replayed, where the device has recorded the step. False:
/// not that case.
bool LanguageModel::runRecorded(std::span<ForwardItem> items, const LogitsFn& logits) {
    for (const ForwardItem& item : items)
        if (item.tokens.size() != 1 || item.logitRows != 1 || !item.commit) return false;
    if (!m_recorder) m_recorder = std::make_unique<StepRecorder>();
    std::vector<Sequence*> sequences;
    for (const ForwardItem& item : items) sequences.push_back(item.sequence);
    const auto record = [&](std::span<const StepSequence> caches) {
        LlamaWeights weights{{m_layers.begin(), m_layers.end()}, m_embedding, m_finalNorm, m_head,
                             ropeTable(m_cosine), ropeTable(m_sine)};
        return m_backend.recordStep(config(), weights, caches);
    };
    RecordedStep* step = m_recorder->step(sequences, m_cosine.data(), record);
    if (!step) return false;
    std::vector<int> tokens;
    std::vector<std::int64_t> positions;
    for (const ForwardItem& item : items) {
        tokens.push_back(item.tokens.front());
        positions.push_back(item.sequence->length());
    }
    const auto vocab = static_cast<std::size_t>(config().vocab);
    std::vector<float> rows(items.size() * vocab);
    step->run(tokens, positions, rows);
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].sequence->advance(1);
        logits(i, positions[i], std::span<const float>(rows).subspan(i * vocab, vocab));
    }
    return true;
}

void LanguageModel::emitLogits(const Tensor& x, std::span<const ForwardItem> items,
                               std::span<const std::int64_t> firstHeld, const LogitsFn& logits) {
    const ModelConfig& c = config();
    Activations& a = *m_activations;
    if (!a.logits) {
        const auto bytes = static_cast<std::size_t>(kLogitRows * c.vocab) * sizeof(float);
        a.logits = m_backend.allocate(bytes, "logits");
    }
    const Tensor norm = view(a.norm, x.rows, c.hidden);
    m_backend.rmsNorm(norm, x, m_finalNorm, c.rmsNormEps);
    std::vector<float> host;
    std::size_t item = 0;
    std::int64_t within = 0;
    for (std::int64_t first = 0; first < x.rows; first += kLogitRows) {
        const std::int64_t count = std::min(kLogitRows, x.rows - first);
        const Tensor out{a.logits.data(), DType::F32, count, c.vocab, c.vocab};
        m_backend.linear(out, norm.rowRange(first, count), m_head, false);
        host.resize(static_cast<std::size_t>(count * c.vocab));
        m_backend.download(host.data(), out.data, host.size() * sizeof(float));
        for (std::int64_t r = 0; r < count; ++r) {
            const auto queries = [&](std::size_t i) {
                return std::min<std::int64_t>(items[i].logitRows, static_cast<std::int64_t>(items[i].tokens.size()));
            };
            while (within >= queries(item)) {
                ++item;
                within = 0;
            }
            const auto tokens = static_cast<std::int64_t>(items[item].tokens.size());
            logits(item, firstHeld[item] + tokens - queries(item) + within,
                   std::span<const float>(host).subspan(static_cast<std::size_t>(r * c.vocab),
                                                        static_cast<std::size_t>(c.vocab)));
            ++within;
        }
    }
}

} // namespace moa
