#include "app/cli/conversation.h"

#include "app/cli/prompt.h"

#include <algorithm>
#include <chrono>

namespace moa::cli {

std::vector<int> Conversation::encodeTurn(const std::string& text) const {
    const Model& files = m_model.files();
    const bool first = m_messages.empty();
    if (first && (!files.chat.known() || files.chat.family() == ChatFamily::None))
        return files.tokenizer.encode(text, m_parseSpecial, true);
    const auto wrap = [&](const std::string& content) {
        return first ? files.chat.render({{"user", content}}) : files.chat.renderUserTurn(content);
    };
    return encodeWrapped(files.tokenizer, wrap, text, m_parseSpecial);
}

GenerateResult Conversation::ask(const std::string& text, const GenerateOptions& options,
                                 const TokenFn& onToken, std::stop_token stop, const ProgressFn& progress) {
    const std::vector<int> turn = encodeTurn(text);
    checkContext(m_model.files(), tokens() + static_cast<std::int64_t>(turn.size()));
    std::vector<int> ids = m_ids;
    ids.insert(ids.end(), turn.begin(), turn.end());
    const std::span<const int> fresh = std::span(ids).subspan(static_cast<std::size_t>(held()));
    if (fresh.empty()) throw UsageError("the turn is empty");
    const std::int64_t n =
        plannedLength(m_model.config(), held(), static_cast<std::int64_t>(fresh.size()), options.maxNew);
    if (m_sequence)
        m_sequence->reserve(n);
    else
        m_sequence.emplace(m_model, m_plan.mask(), n);

    const GenerateResult result = generate(m_model, *m_sequence, fresh, options, onToken, stop, progress);
    m_ids = std::move(ids);
    m_ids.insert(m_ids.end(), result.ids.begin(), result.ids.end());
    m_messages.push_back({"user", text});
    m_messages.push_back({"assistant", m_model.files().tokenizer.decode(result.ids, true)});
    return result;
}

Conversation::Refill Conversation::setPlan(PlanChoice plan, std::stop_token stop,
                                           const ProgressFn& progress) {
    Refill refill;
    if (m_sequence) {
        const auto start = std::chrono::steady_clock::now();
        Sequence fresh(m_model, plan.mask(), m_sequence->capacity());
        const std::int64_t count = held();
        for (std::int64_t done = 0; done < count;) {
            const std::int64_t step = std::min(m_model.chunkRows(), count - done);
            ForwardItem item{&fresh, std::span(m_ids).subspan(static_cast<std::size_t>(done),
                                                              static_cast<std::size_t>(step))};
            refill.completion = m_model.forward(std::span(&item, 1), {}, stop);
            if (refill.completion == Completion::Cancelled) return refill;
            done += step;
            if (progress) progress({"fill the cache anew", done, count});
        }
        m_sequence.emplace(std::move(fresh));
        refill.tokens = count;
        refill.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    m_plan = std::move(plan);
    return refill;
}

} // namespace moa::cli
