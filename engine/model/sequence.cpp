#include "engine/model/sequence.h"

#include "engine/core/error.h"
#include "engine/model/language_model.h"

#include <algorithm>
#include <atomic>

namespace moa {

MaskSource MaskSource::plan(const SparsePlan& plan) {
    MaskSource mask;
    mask.m_plan = plan;
    return mask;
}

MaskSource MaskSource::fixed(const WindowMap& windows) {
    MaskSource mask;
    mask.m_fixed = windows;
    return mask;
}

WindowMap MaskSource::windows(int layers, int kvHeads, std::int64_t n) const {
    WindowMap map = m_plan    ? windowsAt(*m_plan, n)
                    : m_fixed ? *m_fixed
                              : denseWindows(layers, kvHeads);
    if (map.layers != layers || map.kvHeads != kvHeads)
        throw UsageError("the plan is for " + std::to_string(map.layers) + " layers × " +
                         std::to_string(map.kvHeads) + " KV heads, the model has " + std::to_string(layers) + " × " +
                         std::to_string(kvHeads));
    return map;
}

Sequence::Sequence(LanguageModel& model, MaskSource mask, std::int64_t n)
    : m_model(&model), m_mask(std::move(mask)), m_n(roundUpToBlock(std::max<std::int64_t>(n, 1))) {
    Layout layout = layOut(m_n);
    m_windows = std::move(layout.windows);
    m_heads = std::move(layout.heads);
    m_storage = std::move(layout.storage);
}

std::uint64_t Sequence::nextLayoutId() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

Sequence::Layout Sequence::layOut(std::int64_t n) const {
    const ModelConfig& config = m_model->config();
    Layout layout;
    layout.windows = m_mask.windows(config.layers, config.kvHeads, n);
    // A cache never holds more than d(N): windows beyond that are clipped.
    const std::int64_t sink = layout.windows.sink, most = denseCache(n, static_cast<int>(sink)) - sink;
    std::int64_t slots = 0;
    for (const std::int64_t w : layout.windows.windows) {
        layout.heads.push_back({nullptr, nullptr, sink, std::min(w, most), sink});
        slots += sink + layout.heads.back().ring;
    }
    const std::int64_t row = config.headDim * bytesPerValue(m_model->backend().dtype());
    layout.storage = m_model->backend().allocate(static_cast<std::size_t>(2 * slots * row), "KV cache of " +
                                                 std::to_string(n) + " tokens");
    auto* at = layout.storage.as<std::byte>();
    for (KvHeadCache& head : layout.heads) {
        const std::int64_t bytes = (head.sink + head.ring) * row;
        head.k = at;
        head.v = at + bytes;
        at += 2 * bytes;
    }
    return layout;
}

void Sequence::copyHeld(const KvHeadCache& from, const KvHeadCache& to) const {
    Backend& backend = m_model->backend();
    const std::int64_t row = m_model->config().headDim * bytesPerValue(backend.dtype());
    const auto move = [&](std::int64_t fromSlot, std::int64_t toSlot, std::int64_t rows) {
        for (const auto& [a, b] : {std::pair{from.k, to.k}, std::pair{from.v, to.v}})
            backend.copy(static_cast<std::byte*>(b) + toSlot * row, static_cast<std::byte*>(a) + fromSlot * row,
                         static_cast<std::size_t>(rows * row));
    };
    if (const std::int64_t pinned = std::min(m_length, from.sink)) move(0, 0, pinned);
    for (std::int64_t p = std::max(to.ringFirst, to.sink); p < m_length; ++p)
        move(from.sink + (p - from.sink) % from.ring, to.sink + (p - to.sink) % to.ring, 1);
}

void Sequence::reserve(std::int64_t n) {
    if (n <= m_n) return;
    std::int64_t target = m_n;
    while (target < n) target += kGrowth;
    Layout layout = layOut(target);
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        // What the old ring no longer holds stays gone; what the new ring cannot hold is dropped.
        layout.heads[i].ringFirst = std::max(m_heads[i].ringFirst, m_length - layout.heads[i].ring);
        copyHeld(m_heads[i], layout.heads[i]);
    }
    m_windows = std::move(layout.windows);
    m_heads = std::move(layout.heads);
    m_storage = std::move(layout.storage);
    m_n = target;
    m_layoutId = nextLayoutId();
    ++m_relayouts;
}

void Sequence::clear() {
    m_length = 0;
    m_layoutId = nextLayoutId();
    for (KvHeadCache& head : m_heads) head.ringFirst = head.sink;
}

void Sequence::rewind(std::int64_t length) {
    for (const KvHeadCache& head : m_heads)
        if (head.ringFirst > head.sink)
            throw Error("a sequence that has dropped keys cannot go back to " + std::to_string(length) + " tokens");
    m_length = std::min(m_length, length);
    m_layoutId = nextLayoutId();
}

Sequence Sequence::Copy() const {
    Sequence copy(*m_model, m_mask, m_n);
    m_model->backend().copy(copy.m_storage.data(), m_storage.data(), m_storage.bytes());
    for (std::size_t i = 0; i < m_heads.size(); ++i) copy.m_heads[i].ringFirst = m_heads[i].ringFirst;
    copy.m_length = m_length;
    copy.m_relayouts = m_relayouts;
    return copy;
}

std::span<const KvHeadCache> Sequence::layer(LayerIndex l) const {
    const auto g = static_cast<std::size_t>(m_windows.kvHeads);
    return std::span(m_heads).subspan(static_cast<std::size_t>(l.value) * g, g);
}

std::span<const std::int64_t> Sequence::layerWindows(LayerIndex l) const {
    const auto g = static_cast<std::size_t>(m_windows.kvHeads);
    return std::span(m_windows.windows).subspan(static_cast<std::size_t>(l.value) * g, g);
}

void Sequence::advance(std::int64_t tokens) {
    m_length += tokens;
    for (KvHeadCache& head : m_heads) head.ringFirst = std::max(head.ringFirst, m_length - head.ring);
}

std::int64_t Sequence::missingKeys() const {
    std::int64_t missing = 0;
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        const std::int64_t shown = std::max(m_windows.sink + std::int64_t(0), m_length - m_windows.windows[i]);
        missing += std::max<std::int64_t>(0, std::min(m_heads[i].ringFirst, m_length) - shown);
    }
    return missing;
}

} // namespace moa
