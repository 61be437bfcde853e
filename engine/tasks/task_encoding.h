// Prompts as token ids, in the model's own chat template: the shared head of a prompt and, per question, what
// follows it up to and including the answer.
#pragma once

#include "engine/loader/model_files.h"
#include "engine/tasks/generator.h"

#include <filesystem>
#include <vector>

namespace moa {

/// The turns of a template around a first user turn; bare text for a model without a known template.
ChatTurns chatTurnsOf(const ChatTemplate& chat);

/// One prompt as ids: what all questions share, and per question what follows and the answer.
struct EncodedPrompt {
    std::vector<int> head;
    struct Branch {
        std::vector<int> tail;   ///< question and turn markers; never empty
        std::vector<int> answer; ///< never empty
    };
    std::vector<Branch> branches;
};

class TaskEncoder {
public:
    /// `model` must outlive the encoder.
    explicit TaskEncoder(const Model& model);

    const ChatTurns& turns() const { return m_turns; }
    /// Tokens of a text inside a turn.
    std::vector<int> encode(std::string_view text) const {
        return m_model.tokenizer.encode(text, true, false);
    }
    /// Begin token (where the tokenizer wants one and the template writes none) + promptHead().
    std::vector<int> head(const TaskPrompt& prompt) const;
    /// questionTail().
    std::vector<int> tail(const Question& question) const { return encode(questionTail(m_turns, question)); }
    /// What leads from the end of one answer (its end token included) to the next: a further user turn.
    std::vector<int> nextTurn(const Question& question) const;
    /// The token that ends an answer; −1 where the model has none.
    int endToken() const;

    /// Built-in tasks in this model's template, from `textFolder`/words.txt and sqlite-docs.txt.
    TaskGenerator generator(const std::filesystem::path& textFolder) const;
    /// Tokens head() adds before the text.
    std::size_t beginTokens() const {
        return head(TaskPrompt{}).size() - encode(promptHead(m_turns, TaskPrompt{})).size();
    }

private:
    const Model& m_model;
    ChatTurns m_turns;
};

} // namespace moa
