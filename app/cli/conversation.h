// A conversation on one cache: every turn is fed behind what the cache already holds; another plan means
// another cache, filled anew with the whole conversation.
#pragma once

#include "app/cli/plan_choice.h"

#include "engine/model/generate.h"

#include <optional>
#include <string>
#include <vector>

namespace moa::cli {

/// The model outlives the conversation. One thread.
class Conversation {
public:
    Conversation(LanguageModel& model, PlanChoice plan, bool parseSpecial)
        : m_model(model), m_plan(std::move(plan)), m_parseSpecial(parseSpecial) {}

    /// Asks and answers; what was produced before a cancel stays part of the conversation. Throws Error when
    /// the turn does not fit the context; the conversation is then as it was.
    GenerateResult ask(const std::string& text, const GenerateOptions& options, const TokenFn& onToken,
                       std::stop_token stop, const ProgressFn& progress);

    /// What a change of plan cost.
    struct Refill {
        std::int64_t tokens = 0;
        double seconds = 0;
        Completion completion = Completion::Done; ///< Cancelled: the old plan stays
    };
    /// Changes the plan and computes all keys anew under it. Throws MemoryError; the old plan then stays.
    Refill setPlan(PlanChoice plan, std::stop_token stop, const ProgressFn& progress);

    const std::vector<Message>& messages() const { return m_messages; }
    const PlanChoice& plan() const { return m_plan; }
    /// Tokens said so far, and those of them in the cache.
    std::int64_t tokens() const { return static_cast<std::int64_t>(m_ids.size()); }
    std::int64_t held() const { return m_sequence ? m_sequence->length() : 0; }
    /// Null before the first turn.
    const Sequence* sequence() const { return m_sequence ? &*m_sequence : nullptr; }

private:
    std::vector<int> encodeTurn(const std::string& text) const;

    LanguageModel& m_model;
    PlanChoice m_plan;
    bool m_parseSpecial;
    std::vector<Message> m_messages;
    std::vector<int> m_ids;             ///< all tokens, in order
    std::optional<Sequence> m_sequence; ///< holds a prefix of m_ids
};

} // namespace moa::cli
