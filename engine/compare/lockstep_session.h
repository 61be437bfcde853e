// Dense and sparse caches of one model side by side, step by step: both on the dense model's tokens, or each on its own.
// Any token can be continued from otherwise, further turns can be said to both, and the plan can be changed while they
// run. What a token's distribution becomes when some KV heads are widened, without a new prefill; which heads hid what a
// token needed (lockstep_counterfactual.cpp). Where both caches do not fit, the dense one runs first and is given back.
// Goal: every answer about an earlier token at once. Non-goal: timing (engine/compare/saving.h).
#pragma once

#include "engine/compare/blame.h"
#include "engine/compare/lockstep_memory.h"
#include "engine/model/generate.h"
#include "engine/model/sequence.h"

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace moa {

/// Which tokens the sparse cache is fed; the dense one always gets its own.
enum class LockstepFeed { DenseTokens, OwnTokens };

struct LockstepOptions {
    LockstepFeed feed = LockstepFeed::DenseTokens;
    /// The dense text is written first, its cache given back, then the sparse one made. No counterfactuals, no other
    /// continuation and no further turns: they need both caches.
    bool apart = false;
    std::int64_t room = 0; ///< tokens that both caches are laid out for beyond prompt and answer, for further turns
};

/// What decided one token.
struct LockstepToken {
    int token = 0;  ///< the dense side's: its choice, or what it was told to continue with
    int sparse = 0; ///< the sparse side's
    double kl = 0;  ///< KL(dense‖sparse), nats
    double js = 0;  ///< Jensen–Shannon divergence, nats
    int rank = 1;   ///< of `token` under sparse, 1 = first
    bool forced = false;     ///< both sides were told this token
    bool sameContext = true; ///< both sides had seen the same tokens
    /// Each cache's step that led here, on one clock; 0 where a prompt, a turn or a refill did.
    double denseSeconds = 0, sparseSeconds = 0;
};

struct Alternative {
    int token = 0;
    double dense = 0, sparse = 0; ///< probabilities
};

/// A re-scored token and those after it.
struct Counterfactual {
    std::vector<double> klBefore, klAfter; ///< per token from the one asked about on, nats
};

/// What an action costs, named before it is taken.
struct RefillCost {
    std::int64_t tokens = 0;    ///< to be fed again through the sparse cache
    double seconds = 0;         ///< estimate, at the speed of this session's prefill; 0 before it
    std::uint64_t bytes = 0;    ///< of the new sparse cache, beside the old one; 0: none is made
};

class LockstepSession {
public:
    /// Room for the prompt and `maxNew` tokens after it. Throws MemoryError, UsageError.
    LockstepSession(LanguageModel& model, const MaskSource& sparse, std::span<const int> prompt, int maxNew,
                    const LockstepOptions& options = {});

    /// The prompt through both caches (apart: the whole dense text, then the prompt through the sparse one). After a
    /// cancel it may be called again and goes on.
    Completion prefill(std::stop_token stop, const ProgressFn& progress = {});
    /// Feeds what is to be fed, and decides the next token. Nothing when `maxNew` are there or the stop came.
    std::optional<LockstepToken> step(std::stop_token stop = {});

    const std::vector<LockstepToken>& tokens() const { return m_tokens; }
    std::span<const int> prompt() const { return m_prompt; }
    /// What the dense side had seen and written when t tokens were there, the last of them included.
    std::vector<int> idsUpTo(std::size_t t) const;
    LockstepFeed feed() const { return m_feed; }
    bool apart() const { return m_apart; }
    const WindowMap& windows() const { return m_windows; }
    std::int64_t layoutLength() const { return m_length; } ///< N that both caches are laid out for
    std::uint64_t denseBytes() const { return m_panes[0].bytes; }
    std::uint64_t sparseBytes() const { return m_panes[1].bytes; }
    /// Keys that the mask would show to the sparse side and that narrower windows of a shorter text had dropped.
    std::int64_t missingKeys() const { return m_panes[1].cache ? m_panes[1].cache->missingKeys() : 0; }

    /// The `count` likeliest tokens of both sides at token t, by the larger probability.
    std::vector<Alternative> alternatives(std::size_t t, std::size_t count) const;

    /// Feeds the sparse side otherwise from the first difference on and decides those tokens again, at once. After a
    /// cancel the tokens that were not reached are gone, on both sides. Throws UsageError when apart.
    Completion setFeed(LockstepFeed feed, std::stop_token stop = {});

    RefillCost continueCost(std::size_t t) const;
    /// Both sides go on from token t with `token` in its place; what came after is forgotten. After a cancel the next
    /// step goes on with the refill. Throws UsageError for a token that is not there, or when apart.
    Completion continueFrom(std::size_t t, int token, std::stop_token stop = {}, const ProgressFn& progress = {});

    /// Says `turn` (template included) to both sides, with room for `maxNew` tokens in answer. `end`: the token that ends
    /// an answer, put where a side was cut off before it (−1: none). What a side wrote behind an end token is dropped.
    /// After a cancel the next step goes on. Throws UsageError where the context ends or when apart, MemoryError; the
    /// session is then as it was.
    Completion append(std::span<const int> turn, int end, int maxNew, std::stop_token stop = {},
                      const ProgressFn& progress = {});

    /// What swap() would cost: nothing to feed where the new windows show only what is still held. Throws UsageError for
    /// a plan of another shape.
    RefillCost swapCost(const MaskSource& mask) const;
    /// Goes on under another plan: narrower at once, wider with a refill (of what the windows hide, not of what all
    /// masks show). Tokens decided before keep their numbers and cannot be asked about any more. A cancel and a
    /// MemoryError leave the old plan.
    Completion swap(const MaskSource& mask, std::stop_token stop = {}, const ProgressFn& progress = {});

    /// Tokens t, t + 1, … (`count` of them, fewer at the end) when `heads` read the dense cache and the others the
    /// sparse one. The caches stay as they are. Throws UsageError for a token or head that is not there, or a token that
    /// was decided in other contexts or under another plan.
    Counterfactual widen(std::size_t t, std::span<const HeadId> heads, std::size_t count = 1, std::stop_token stop = {});
    /// KL at token t after an exact re-run: a new prefill under the plan with `heads` widened; nothing when stopped.
    std::optional<double> rerun(std::size_t t, std::span<const HeadId> heads, std::stop_token stop);

    /// blameToken() of token t.
    std::vector<BlameRow> blame(std::size_t t, std::stop_token stop);
    /// The smallest set that a greedy search finds to lower the KL of token t by `share`, from the `candidates` worst of
    /// `blamed`; at most `most` heads. What it found, even if that is not enough.
    std::vector<HeadId> mend(std::size_t t, std::span<const BlameRow> blamed, double share, std::size_t most,
                             std::size_t candidates, std::stop_token stop);

private:
    /// One side: its tokens, what it holds of them, and what its distributions were.
    struct Pane {
        std::optional<Sequence> cache;
        std::vector<int> ids;                   ///< everything said and written; the cache holds a prefix
        std::vector<std::int64_t> at;           ///< [token] its position in `ids`; −1: dropped behind an end token
        std::vector<std::vector<float>> logits; ///< [token][vocab], of the next token too once it is fed
        std::uint64_t bytes = 0;
        double seconds = 0; ///< of the last step of one token, until it is told
    };
    struct Turn {
        std::size_t before = 0; ///< the token that answers it first
        std::vector<int> ids;
    };

    Pane& dense() { return m_panes[0]; }
    Pane& sparse() { return m_panes[1]; }
    const Pane& dense() const { return m_panes[0]; }
    const Pane& sparse() const { return m_panes[1]; }
    void checkToken(std::size_t t) const;      ///< it is there, on both sides
    void checkComparable(std::size_t t) const; ///< and was decided in equal contexts, under the present mask
    void checkTogether(const char* what) const;
    std::vector<int> contextOf(std::size_t t) const; ///< what the dense side had seen before token t

    /// Feeds what `pane` does not hold yet of its first `end` ids; the logits of the last one, nothing when stopped.
    std::optional<std::vector<float>> feedTo(Pane& pane, std::int64_t end, const std::stop_token& stop,
                                             const ProgressFn& progress = {});
    /// Feeds everything, so that the next token can be decided; false when stopped.
    bool catchUp(Pane& pane, const std::stop_token& stop, const ProgressFn& progress = {});
    Completion prefillApart(const std::stop_token& stop, const ProgressFn& progress);
    /// What the distributions say of token t, `token` being the dense side's.
    LockstepToken compare(std::size_t t, int token) const;
    void keep(const LockstepToken& token);
    void truncate(Pane& pane, std::size_t t); ///< to what had been seen before token t
    void goBackTo(Pane& pane, std::int64_t length);
    void renewSparse(std::int64_t length);
    void endAnswer(Pane& pane, int end);
    bool isEnd(int token) const;
    bool hasNext(const Pane& pane) const { return pane.logits.size() > m_tokens.size(); }
    /// Leading tokens that every mask shows alike and the dense cache holds.
    std::int64_t sharedPrefix(const WindowMap& windows, std::int64_t length) const;
    std::int64_t refillLength() const; ///< tokens that a new sparse cache has to hold
    Sequence makeSparse(const MaskSource& mask) const { return Sequence(m_model, mask, m_length, m_slack); }

    LanguageModel& m_model;
    MaskSource m_mask;
    std::vector<int> m_prompt;
    int m_maxNew;
    std::int64_t m_length; ///< N that both caches are laid out for
    std::int64_t m_slack;  ///< tokens that the sparse side can look back
    LockstepFeed m_feed;
    bool m_apart;
    WindowMap m_windows; ///< of the sparse side
    std::array<Pane, 2> m_panes; ///< dense, sparse
    std::vector<LockstepToken> m_tokens;
    std::vector<Turn> m_turns;
    std::size_t m_comparableFrom = 0; ///< tokens before were decided under another layout of the sparse cache
    double m_secondsPerToken = 0;     ///< of the sparse prefill
};

} // namespace moa
