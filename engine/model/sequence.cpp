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

Sequence::Sequence(LanguageModel& model, MaskSource mask, std::int64_t n, std::int64_t slack)
    : m_model(&model), m_mask(std::move(mask)), m_n(roundUpToBlock(std::max<std::int64_t>(n, 1))), m_slack(slack) {
    install(layOut(m_mask, m_n));
}

std::uint64_t Sequence::bytesFor(LanguageModel& model, const MaskSource& mask, std::int64_t n, std::int64_t slack) {
    return planLayout(model, mask, roundUpToBlock(std::max<std::int64_t>(n, 1)), slack).bytes;
}

std::uint64_t Sequence::nextLayoutId() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

Sequence::Layout Sequence::planLayout(LanguageModel& model, const MaskSource& mask, std::int64_t n, std::int64_t slack) {
    const ModelConfig& config = model.config();
    Layout layout;
    layout.windows = mask.windows(config.layers, config.kvHeads, n);
    // A cache never holds more than d(N): windows beyond that are clipped.
    const std::int64_t sink = layout.windows.sink, most = denseCache(n, static_cast<int>(sink)) - sink;
    for (const std::int64_t w : layout.windows.windows) {
        layout.heads.push_back({nullptr, nullptr, sink, w >= most - slack ? most : w + slack, sink});
        layout.bytes += 2 * static_cast<std::uint64_t>((sink + layout.heads.back().ring) * rowBytes(model));
    }
    return layout;
}

std::int64_t Sequence::rowBytes(LanguageModel& model) {
    return model.config().headDim * bytesPerValue(model.backend().dtype());
}

Sequence::Layout Sequence::layOut(const MaskSource& mask, std::int64_t n) const {
    Layout layout = planLayout(*m_model, mask, n, m_slack);
    checkFits(mask, layout.bytes, n);
    layout.storage = m_model->backend().allocate(layout.bytes, "KV cache of " + std::to_string(n) + " tokens");
    auto* at = layout.storage.as<std::byte>();
    for (KvHeadCache& head : layout.heads) {
        const std::int64_t bytes = (head.sink + head.ring) * rowBytes(*m_model);
        head.k = at;
        head.v = at + bytes;
        at += 2 * bytes;
    }
    return layout;
}

void Sequence::install(Layout layout) {
    m_windows = std::move(layout.windows);
    m_heads = std::move(layout.heads);
    m_storage = std::move(layout.storage);
    m_layoutId = nextLayoutId();
}

void Sequence::checkFits(const MaskSource& mask, std::uint64_t bytes, std::int64_t n) const {
    const std::uint64_t free = m_model->backend().device().freeBytes;
    if (bytes <= free) return;
    std::int64_t fitting = 0, tooLong = n / kBlock;
    while (tooLong - fitting > 1) {
        const std::int64_t middle = fitting + (tooLong - fitting) / 2;
        (planLayout(*m_model, mask, middle * kBlock, m_slack).bytes <= free ? fitting : tooLong) = middle;
    }
    const double share = static_cast<double>(free) / static_cast<double>(bytes);
    throw MemoryError("the KV cache of " + std::to_string(n) + " tokens", bytes, free,
                      std::to_string(fitting * kBlock) + " tokens would fit, or a smaller batch, or a plan that keeps " +
                          std::to_string(static_cast<int>(100 * share)) + "% of this cache");
}

void Sequence::copyHeld(const KvHeadCache& from, const KvHeadCache& to, std::int64_t length) const {
    Backend& backend = m_model->backend();
    const std::int64_t row = rowBytes(*m_model);
    const auto move = [&](std::int64_t fromSlot, std::int64_t toSlot, std::int64_t rows) {
        for (const auto& [a, b] : {std::pair{from.k, to.k}, std::pair{from.v, to.v}})
            backend.copy(static_cast<std::byte*>(b) + toSlot * row, static_cast<std::byte*>(a) + fromSlot * row,
                         static_cast<std::size_t>(rows * row));
    };
    // The slot of a position, and the rows from there to where the slots stop being consecutive.
    const auto place = [](const KvHeadCache& cache, std::int64_t p) {
        if (p < cache.sink) return std::pair{p, cache.sink - p};
        const std::int64_t slot = (p - cache.sink) % cache.ring;
        return std::pair{cache.sink + slot, cache.ring - slot};
    };
    for (std::int64_t p = 0; p < length;) {
        if (p >= to.sink && p < to.ringFirst) p = std::min(to.ringFirst, length);
        const auto [fromSlot, fromRows] = place(from, p);
        const auto [toSlot, toRows] = place(to, p);
        const std::int64_t rows = std::min({length - p, fromRows, toRows});
        if (rows > 0) move(fromSlot, toSlot, rows);
        p += std::max<std::int64_t>(rows, 1);
    }
}

void Sequence::reserve(std::int64_t n) {
    if (n <= m_n) return;
    std::int64_t target = m_n;
    while (target < n) target += kGrowth;
    Layout layout = layOut(m_mask, target);
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        // What the old ring no longer holds stays gone; what the new ring cannot hold is dropped.
        layout.heads[i].ringFirst = std::max(m_heads[i].ringFirst, m_length - layout.heads[i].ring);
        copyHeld(m_heads[i], layout.heads[i], m_length);
    }
    install(std::move(layout));
    m_n = target;
    ++m_relayouts;
}

void Sequence::clear() {
    m_length = 0;
    m_layoutId = nextLayoutId();
    for (KvHeadCache& head : m_heads) head.ringFirst = head.sink;
}

void Sequence::rewind(std::int64_t length) {
    if (length < reach())
        throw Error("a sequence that has dropped keys cannot go back to " + std::to_string(length) + " tokens, only to " +
                    std::to_string(reach()));
    m_length = std::min(m_length, length);
    m_layoutId = nextLayoutId();
}

std::int64_t Sequence::missingUnder(const MaskSource& mask, std::int64_t position) const {
    const ModelConfig& config = m_model->config();
    const WindowMap map = mask.windows(config.layers, config.kvHeads, m_n);
    std::int64_t missing = 0;
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        // Gone is [sink, ringFirst); seen would be [0, the mask's sink) and the last w − 1 tokens before the position.
        const std::int64_t first = m_heads[i].sink, end = std::min(m_heads[i].ringFirst, position);
        const std::int64_t pinned = map.sink, recent = std::max(pinned, position - map.windows[i] + 1);
        missing += std::max<std::int64_t>(0, std::min(end, pinned) - first) +
                   std::max<std::int64_t>(0, end - std::max(first, recent));
    }
    return missing;
}

void Sequence::adopt(MaskSource mask) {
    if (missingUnder(mask, m_length) > 0) throw Error("the sequence no longer holds what the wider mask shows");
    Layout layout = layOut(mask, m_n);
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        const bool dropped = m_heads[i].ringFirst > m_heads[i].sink;
        KvHeadCache& head = layout.heads[i];
        head.ringFirst = std::max({head.sink, m_length - head.ring, dropped ? m_heads[i].ringFirst : head.sink});
        copyHeld(m_heads[i], head, m_length);
    }
    install(std::move(layout));
    m_mask = std::move(mask);
}

void Sequence::takePrefix(const Sequence& from, std::int64_t n) {
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        m_heads[i].ringFirst = std::max(m_heads[i].sink, n - m_heads[i].ring);
        copyHeld(from.m_heads[i], m_heads[i], n);
    }
    m_length = n;
    m_layoutId = nextLayoutId();
}

Sequence Sequence::Copy() const {
    Sequence copy(*m_model, m_mask, m_n, m_slack);
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

std::int64_t Sequence::reach() const {
    std::int64_t reach = 0;
    for (std::size_t i = 0; i < m_heads.size(); ++i)
        if (m_heads[i].ringFirst > m_heads[i].sink)
            reach = std::max(reach, std::min(m_length, m_heads[i].ringFirst + m_windows.windows[i] - 1));
    return reach;
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
