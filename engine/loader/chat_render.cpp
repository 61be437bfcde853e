// Rendering of chat_template.h.
#include "engine/core/error.h"
#include "engine/loader/chat_template.h"

namespace moa {

namespace {

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t\r\n\v\f");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n\v\f") - begin + 1);
}

std::string llama3Header(const std::string& role) {
    return "<|start_header_id|>" + role + "<|end_header_id|>\n\n";
}

} // namespace

/// The conversation as its turns will be written: with the system turn a template adds by itself, or with a
/// system message moved into the first user turn where the family has no system turns.
std::vector<Message> ChatTemplate::withDefaults(const std::vector<Message>& messages) const {
    std::vector<Message> turns = messages;
    const bool hasSystem = !turns.empty() && turns.front().role == "system";
    switch (m_family) {
    case ChatFamily::ChatML:
    case ChatFamily::Vicuna:
        if (!hasSystem && !m_defaultSystem.empty()) turns.insert(turns.begin(), {"system", m_defaultSystem});
        break;
    case ChatFamily::Llama3:
        if (!hasSystem && !m_systemPrefix.empty()) turns.insert(turns.begin(), {"system", ""});
        break;
    case ChatFamily::Llama2:
    case ChatFamily::Mistral:
        if (!hasSystem) break;
        if (turns.size() < 2 || turns[1].role != "user")
            throw UsageError("this model's chat template needs a user message after the system message");
        turns[1].content = m_family == ChatFamily::Llama2
                               ? "<<SYS>>\n" + turns[0].content + "\n<</SYS>>\n\n" + turns[1].content
                               : turns[0].content + "\n\n" + turns[1].content;
        turns.erase(turns.begin());
        break;
    case ChatFamily::Zephyr:
    case ChatFamily::None:
    case ChatFamily::Unknown:
        break;
    }
    return turns;
}

std::string ChatTemplate::renderTurn(const Message& message) const {
    const bool assistant = message.role == "assistant";
    switch (m_family) {
    case ChatFamily::ChatML:
        return "<|im_start|>" + message.role + "\n" + message.content + "<|im_end|>\n";
    case ChatFamily::Llama3:
        return llama3Header(message.role) + (message.role == "system" ? m_systemPrefix : "") +
               trimmed(message.content) + "<|eot_id|>";
    case ChatFamily::Llama2:
        if (assistant) return " " + trimmed(message.content) + " " + m_end;
        return m_begin + "[INST] " + trimmed(message.content) + " [/INST]";
    case ChatFamily::Mistral:
        if (assistant) return std::string(m_answerSpace, ' ') + message.content + m_end;
        return m_open + message.content + m_close;
    case ChatFamily::Vicuna:
        if (message.role == "system") return message.content;
        if (assistant) return " ASSISTANT: " + trimmed(message.content) + m_end;
        return " USER: " + trimmed(message.content);
    case ChatFamily::Zephyr:
        return "<|" + message.role + "|>\n" + message.content + m_end + "\n";
    case ChatFamily::None:
    case ChatFamily::Unknown:
        break;
    }
    return message.content;
}

std::string ChatTemplate::generationPrompt() const {
    switch (m_family) {
    case ChatFamily::ChatML:
        return "<|im_start|>assistant\n";
    case ChatFamily::Llama3:
        return llama3Header("assistant");
    case ChatFamily::Vicuna:
        return " ASSISTANT:";
    case ChatFamily::Zephyr:
        return "<|assistant|>\n";
    case ChatFamily::Llama2:
    case ChatFamily::Mistral:
    case ChatFamily::None:
    case ChatFamily::Unknown:
        break;
    }
    return {};
}

std::string ChatTemplate::render(const std::vector<Message>& messages, bool addGenerationPrompt) const {
    for (const Message& message : messages)
        if (message.role != "system" && message.role != "user" && message.role != "assistant")
            throw UsageError("expected a role system, user or assistant, found \"" + message.role + "\"");
    // Llama-2 begins every user turn anew; the others begin once.
    const bool beginOnce = m_family != ChatFamily::Llama2 && m_family != ChatFamily::None && known();
    std::string text = beginOnce ? m_begin : "";
    for (const Message& message : withDefaults(messages)) text += renderTurn(message);
    return addGenerationPrompt ? text + generationPrompt() : text;
}

std::string ChatTemplate::renderUserTurn(const std::string& content, bool endTokenPresent) const {
    std::string text;
    if (!endTokenPresent && m_family == ChatFamily::Llama2) text += ' ';
    if (!endTokenPresent) text += endOfTurn();
    if (m_family == ChatFamily::ChatML || m_family == ChatFamily::Zephyr) text += '\n';
    return text + renderTurn({"user", content}) + generationPrompt();
}

} // namespace moa
