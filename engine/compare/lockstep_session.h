// Dense and sparse caches of one model, fed the same tokens, step by step; what a token's distribution becomes when
// some KV heads are widened, without a new prefill; which heads hid what a token needed.
// Goal: every answer about an earlier token at once. Non-goal: free-running texts (engine/compare/lockstep.h).
#pragma once

#include "engine/compare/blame.h"
#include "engine/model/generate.h"
#include "engine/model/sequence.h"

#include <optional>
#include <span>
#include <vector>

namespace moa {

/// What decided one token.
struct LockstepToken {
    int token = 0;  ///< the dense model's choice, which both caches were fed
    int sparse = 0; ///< the sparse model's choice
    double kl = 0;  ///< KL(dense‖sparse), nats
    double js = 0;  ///< Jensen–Shannon divergence, nats
    int rank = 1;   ///< of `token` under sparse, 1 = first
    /// Each cache's step that led here, on one clock; 0 for the first token, which the prompt decided.
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

class LockstepSession {
public:
    /// Room for the prompt and `maxNew` tokens after it. Throws MemoryError, UsageError.
    LockstepSession(LanguageModel& model, const MaskSource& sparse, std::span<const int> prompt, int maxNew);

    /// The prompt through both caches. After a cancel the session is of no use.
    Completion prefill(std::stop_token stop, const ProgressFn& progress = {});
    /// Decides the next token and feeds the one before. Nothing when `maxNew` are there or the stop came.
    std::optional<LockstepToken> step(std::stop_token stop = {});

    const std::vector<LockstepToken>& tokens() const { return m_tokens; }
    std::span<const int> prompt() const { return m_prompt; }
    std::vector<int> idsUpTo(std::size_t t) const; ///< prompt and the t tokens after it
    const WindowMap& windows() const { return m_sparse.windows(); }
    std::uint64_t denseBytes() const { return m_dense.kvBytes(); }
    std::uint64_t sparseBytes() const { return m_sparse.kvBytes(); }

    /// The `count` likeliest tokens of both sides at token t, by the larger probability.
    std::vector<Alternative> alternatives(std::size_t t, std::size_t count) const;

    /// Tokens t, t + 1, … (`count` of them, fewer at the end) when `heads` read the dense cache and the others the
    /// sparse one. The caches stay as they are. Throws UsageError for a token or head that is not there.
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
    void checkToken(std::size_t t) const;
    std::optional<std::vector<float>> feed(Sequence& sequence, std::span<const int> tokens, std::stop_token stop);

    LanguageModel& m_model;
    MaskSource m_mask;
    std::vector<int> m_prompt;
    int m_maxNew;
    Sequence m_dense, m_sparse;
    std::vector<LockstepToken> m_tokens;
    std::vector<std::vector<float>> m_denseLogits, m_sparseLogits; ///< [token][vocab]
};

} // namespace moa
