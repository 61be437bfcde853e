// One retrieval prompt and the questions that branch from it, as plain text.
//
// A prompt is a single user turn. Everything before the question is shared, so a runner prefills
// promptHead() once and answers each question from a copy of that cache:
//
//     promptHead = beforeUser + context        questionTail = question + beforeAnswer
//     then the answer, then afterAnswer
//
// Head and tail are tokenized separately (the branch point is a token boundary), and lengths are counted so.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Tokens of a text, special texts parsed, no begin token added. Usually Tokenizer::encode(...).size().
using TokenCounter = std::function<std::size_t(std::string_view)>;

struct Question {
    std::string text;   ///< ends the user turn
    std::string answer; ///< whole expected answer; empty: not known
};

struct TaskPrompt {
    std::string task;                ///< "lines", "facts", "passkey", or the name of a user's file
    std::string context;             ///< the user turn's text up to the question
    std::vector<Question> questions; ///< each branches right after `context`
};

/// What a chat template puts around a first user turn and its answer. The default is ChatML; empty strings
/// give bare text for a model without a template.
struct ChatTurns {
    std::string beforeUser = "<|im_start|>user\n";
    std::string beforeAnswer = "<|im_end|>\n<|im_start|>assistant\n";
    std::string afterAnswer = "<|im_end|>";
};

/// The shared part of a prompt, up to the branch point.
inline std::string promptHead(const ChatTurns& turns, const TaskPrompt& prompt) {
    return turns.beforeUser + prompt.context;
}

/// From the branch point to where the answer begins.
inline std::string questionTail(const ChatTurns& turns, const Question& question) {
    return question.text + turns.beforeAnswer;
}

/// Tokens of the prompt with its longest question and answer, template included, as a runner feeds it.
std::size_t countPromptTokens(const TaskPrompt& prompt, const ChatTurns& turns, const TokenCounter& count);

} // namespace moa
