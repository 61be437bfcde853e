// Chat templates: which family a model's Jinja template belongs to, and rendering in that family.
// Goal: the common families, token for token. Non-goal: running Jinja. A template of no known family is
// reported as unknown (known() is false) and text passes through unchanged, so that the caller can say so.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

enum class ChatFamily { None, ChatML, Llama2, Llama3, Vicuna, Mistral, Zephyr, Unknown };

/// "chatml", "llama-2", "llama-3", "vicuna", "mistral", "zephyr", "none", "unknown".
std::string_view chatFamilyName(ChatFamily family);

struct Message {
    std::string role; ///< "system", "user" or "assistant"
    std::string content;
};

/// A conversation in the shape its model was trained on. Llama-2, Mistral: a system message becomes part of
/// the first user turn. Llama 3.1 and later write a date into their system turn; here it is always their
/// fallback, 26 Jul 2024, so that equal prompts stay equal. Rendered text contains special tokens, the begin
/// token included where the template writes one: encode it with `encode(text, /*parseSpecial=*/true,
/// /*addBegin=*/false)`.
class ChatTemplate {
public:
    /// No template: the family None.
    ChatTemplate() = default;
    /// From the template's text and the begin and end tokens it refers to.
    ChatTemplate(const std::string& text, std::string beginToken, std::string endToken);

    ChatFamily family() const { return m_family; }
    std::string name() const { return std::string(chatFamilyName(m_family)); }
    bool known() const { return m_family != ChatFamily::Unknown; }

    /// The whole conversation, ready for the assistant's answer if `addGenerationPrompt`.
    /// None and Unknown: the contents, one after the other.
    /// Throws UsageError for a role other than system, user and assistant.
    std::string render(const std::vector<Message>& messages, bool addGenerationPrompt = true) const;

    /// What to append after an assistant answer so that a further user turn follows: the end of the
    /// assistant's turn (left out if `endTokenPresent`, i.e. the end token is already part of the text), the
    /// user turn and the generation prompt.
    std::string renderUserTurn(const std::string& content, bool endTokenPresent = false) const;

    /// The token text that ends an assistant turn ("<|im_end|>", …); empty for None and Unknown.
    std::string endOfTurn() const;

private:
    ChatFamily m_family = ChatFamily::None;
    std::string m_begin;         ///< the begin token, if the template writes it; else empty
    std::string m_end;           ///< the end token
    std::string m_defaultSystem; ///< system turn of a template that adds one by itself; empty: none
    std::string m_systemPrefix;  ///< Llama 3.1: put in front of the system turn, which is then always there
    std::string m_open, m_close; ///< Mistral: around the user's text
    bool m_answerSpace = false;  ///< Mistral: a space in front of answers

    std::vector<Message> withDefaults(const std::vector<Message>& messages) const;
    std::string renderTurn(const Message& message) const;
    std::string generationPrompt() const;
};

/// Reads the chat template of a HF folder: chat_template.jinja, or "chat_template" (a string, or a list of
/// which "default" or the first is taken) in tokenizer_config.json. No file or no template: None. Throws
/// FileError on a damaged file.
ChatTemplate readChatTemplate(const std::filesystem::path& folder);

} // namespace moa
