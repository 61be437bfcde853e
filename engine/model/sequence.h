// The KV cache of one sequence under a mask: a pinned sink and a ring per (layer, KV head), laid out for a
// length N and laid out anew when the sequence outgrows it (docs/method.md, "Cache", "Growth").
#pragma once

#include "engine/backend/backend.h"
#include "engine/core/plan.h"

#include <optional>
#include <vector>

namespace moa {

class LanguageModel;

/// Which keys a sequence keeps: everything, a plan's rules at N, or fixed windows.
class MaskSource {
public:
    static MaskSource dense() { return {}; }
    static MaskSource plan(const SparsePlan& plan);
    static MaskSource fixed(const WindowMap& windows);

    bool isDense() const { return !m_plan && !m_fixed; }
    /// Windows at length N for a model of this shape. Throws UsageError when the shapes do not match.
    WindowMap windows(int layers, int kvHeads, std::int64_t n) const;

private:
    std::optional<SparsePlan> m_plan;
    std::optional<WindowMap> m_fixed;
};

class Sequence {
public:
    /// Outgrown N rises in steps of this many tokens.
    static constexpr std::int64_t kGrowth = 1024;

    /// Room for `n` tokens (rounded up to 64). Rings hold `slack` tokens more than their windows show, so that the last
    /// `slack` tokens can be looked back at. Throws MemoryError.
    Sequence(LanguageModel& model, MaskSource mask, std::int64_t n, std::int64_t slack = 0);
    Sequence(Sequence&&) = default;
    Sequence& operator=(Sequence&&) = default;

    /// Bytes that a sequence constructed with these arguments allocates. Throws UsageError for a mask of another shape.
    static std::uint64_t bytesFor(LanguageModel& model, const MaskSource& mask, std::int64_t n, std::int64_t slack = 0);

    /// An independent sequence with the same contents.
    Sequence Copy() const;
    /// Fills an empty sequence with the first `n` tokens of `from`, which holds all of them.
    void takePrefix(const Sequence& from, std::int64_t n);

    std::int64_t length() const { return m_length; } ///< tokens held so far; the next token's position
    std::int64_t capacity() const { return m_n; }    ///< N of the current layout
    /// The earliest position that a look back may start at: from there on no ring has dropped what the mask shows.
    std::int64_t reach() const;
    std::uint64_t kvBytes() const { return m_storage.bytes(); }
    const WindowMap& windows() const { return m_windows; }
    /// Of its caches and of what they hold: another after a new layout and after going back. Never that of another
    /// sequence.
    std::uint64_t layoutId() const { return m_layoutId; }
    std::span<const KvHeadCache> caches() const { return m_heads; } ///< [L][G]
    /// Number of times the rings were laid out anew, and the (layer, KV head, token) keys that the mask of the
    /// current N would show but earlier, narrower rings had already dropped.
    int relayouts() const { return m_relayouts; }
    std::int64_t missingKeys() const;

    /// Makes room for `n` tokens in all; no-op when there is. Throws MemoryError and leaves the sequence as it was.
    void reserve(std::int64_t n);
    /// Forgets everything.
    void clear();
    /// Forgets the tokens from `length` on. Throws Error where a ring has already dropped keys that would be seen
    /// again, that is before reach(): a dense sequence can always go back.
    void rewind(std::int64_t length);
    /// The (layer, KV head, token) keys that a token at `position` ≤ length() would see under `mask` and that are no
    /// longer held.
    std::int64_t missingUnder(const MaskSource& mask, std::int64_t position) const;
    /// Lays the caches out anew for another mask; what both keep stays. Throws MemoryError, and Error where the next
    /// token would miss keys; the sequence is then as it was.
    void adopt(MaskSource mask);

    std::span<const KvHeadCache> layer(LayerIndex l) const;
    std::span<const std::int64_t> layerWindows(LayerIndex l) const;
    std::int64_t sink() const { return m_windows.sink; }
    /// Tells the cache that `tokens` more are held (their keys were appended on every layer).
    void advance(std::int64_t tokens);

private:
    struct Layout {
        WindowMap windows;
        std::vector<KvHeadCache> heads; ///< [L][G]
        std::uint64_t bytes = 0;
        Buffer storage;
    };
    static std::uint64_t nextLayoutId();
    static std::int64_t rowBytes(LanguageModel& model);
    static Layout planLayout(LanguageModel& model, const MaskSource& mask, std::int64_t n, std::int64_t slack); ///< without memory
    Layout layOut(const MaskSource& mask, std::int64_t n) const;
    void install(Layout layout);
    /// Throws MemoryError that says what would fit.
    void checkFits(const MaskSource& mask, std::uint64_t bytes, std::int64_t n) const;
    /// What `to` keeps of the `length` tokens of `from`, which holds it.
    void copyHeld(const KvHeadCache& from, const KvHeadCache& to, std::int64_t length) const;

    LanguageModel* m_model;
    MaskSource m_mask;
    std::int64_t m_n = 0, m_length = 0, m_slack = 0;
    int m_relayouts = 0;
    std::uint64_t m_layoutId = nextLayoutId();
    WindowMap m_windows;
    std::vector<KvHeadCache> m_heads; ///< [L][G]
    Buffer m_storage;
};

} // namespace moa
