// See chat_template.h.
#include "engine/loader/chat_template.h"

#include "engine/core/error.h"
#include "engine/loader/json_reader.h"

namespace moa {

namespace {

constexpr std::uint64_t kMaxConfigBytes = 64u << 20;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

ChatFamily familyOf(const std::string& text) {
    if (text.empty()) return ChatFamily::None;
    if (has(text, "<|im_start|>") && has(text, "<|im_end|>")) return ChatFamily::ChatML;
    if (has(text, "<|start_header_id|>") && has(text, "<|eot_id|>")) return ChatFamily::Llama3;
    if (has(text, "[INST]")) return has(text, "<<SYS>>") ? ChatFamily::Llama2 : ChatFamily::Mistral;
    if (has(text, "<|assistant|>") && has(text, "eos_token") && !has(text, "<|end|>"))
        return ChatFamily::Zephyr;
    if (has(text, "USER:") && has(text, "ASSISTANT:")) return ChatFamily::Vicuna;
    return ChatFamily::Unknown;
}

/// A begin token in front if the template names it anywhere: all of these families write it first.
bool writesBegin(const std::string& text) {
    return has(text, "bos_token");
}

/// Jinja string literals write a newline as \n.
std::string unescape(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n') {
            result += '\n';
            ++i;
        } else {
            result += text[i];
        }
    }
    return result;
}

/// A system turn that the template itself writes when the conversation has none.
std::string defaultSystemOf(const std::string& text) {
    for (std::string_view opening : {"<|im_start|>system\\n", "<|im_start|>system\n"}) {
        for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
            const std::size_t begin = at + opening.size();
            const std::size_t end = text.find("<|im_end|>", begin);
            if (end == std::string::npos) break;
            const std::string inside = text.substr(begin, end - begin);
            if (!inside.empty() && inside.find_first_of("'\"{}") == std::string::npos)
                return unescape(inside);
        }
    }
    return {};
}

/// Mistral's versions differ in the spaces around their markers.
std::string firstQuoted(const std::string& text, std::initializer_list<std::string_view> choices,
                        std::string_view otherwise) {
    for (std::string_view choice : choices)
        for (char quote : {'\'', '"'})
            if (has(text, quote + std::string(choice) + quote)) return std::string(choice);
    return std::string(otherwise);
}

/// A token text of tokenizer_config.json: "…" or {"content": "…"}.
std::string tokenText(const JsonView& root, const std::string& key) {
    const auto value = root.find(key);
    if (!value) return {};
    return value->isObject() ? value->at("content").text() : value->text();
}

/// "chat_template": a text, or a list of {"name", "template"}.
std::string templateText(const JsonView& root) {
    const auto value = root.find("chat_template");
    if (!value) return {};
    if (!value->isArray()) return value->text();
    std::string text;
    for (std::size_t i = 0; i < value->size(); ++i) {
        const JsonView entry = (*value)[i];
        if (i == 0 || entry.at("name").text() == "default") text = entry.at("template").text();
    }
    return text;
}

} // namespace

std::string_view chatFamilyName(ChatFamily family) {
    switch (family) {
    case ChatFamily::None:
        return "none";
    case ChatFamily::ChatML:
        return "chatml";
    case ChatFamily::Llama2:
        return "llama-2";
    case ChatFamily::Llama3:
        return "llama-3";
    case ChatFamily::Vicuna:
        return "vicuna";
    case ChatFamily::Mistral:
        return "mistral";
    case ChatFamily::Zephyr:
        return "zephyr";
    case ChatFamily::Unknown:
        break;
    }
    return "unknown";
}

ChatTemplate::ChatTemplate(const std::string& text, std::string beginToken, std::string endToken)
    : m_family(familyOf(text)), m_end(std::move(endToken)) {
    if (writesBegin(text)) m_begin = std::move(beginToken);
    if (m_family == ChatFamily::ChatML) m_defaultSystem = defaultSystemOf(text);
    if (m_family == ChatFamily::Vicuna && has(text, "A chat between a curious user"))
        m_defaultSystem =
            "A chat between a curious user and an artificial intelligence assistant. The assistant "
            "gives helpful, detailed, and polite answers to the user's questions.";
    if (m_family == ChatFamily::Llama3 && has(text, "Cutting Knowledge Date: December 2023"))
        m_systemPrefix = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
    if (m_family == ChatFamily::Mistral) {
        m_open = firstQuoted(text, {" [INST] ", "[INST] ", "[INST]"}, "[INST] ");
        m_close = firstQuoted(text, {" [/INST]", "[/INST]"}, " [/INST]");
        m_answerSpace = has(text, "' ' + message") || has(text, "\" \" + message");
    }
}

std::string ChatTemplate::endOfTurn() const {
    switch (m_family) {
    case ChatFamily::ChatML:
        return "<|im_end|>";
    case ChatFamily::Llama3:
        return "<|eot_id|>";
    case ChatFamily::Llama2:
    case ChatFamily::Mistral:
    case ChatFamily::Vicuna:
    case ChatFamily::Zephyr:
        return m_end;
    case ChatFamily::None:
    case ChatFamily::Unknown:
        break;
    }
    return {};
}

ChatTemplate readChatTemplate(const std::filesystem::path& folder) {
    const auto configFile = folder / "tokenizer_config.json";
    const auto jinjaFile = folder / "chat_template.jinja";
    std::error_code ignored;
    std::string text, begin, end;
    if (std::filesystem::exists(configFile, ignored)) {
        const std::string file = configFile.string();
        const Json json = readJsonFile(configFile, kMaxConfigBytes);
        const JsonView root(json, file);
        begin = tokenText(root, "bos_token");
        end = tokenText(root, "eos_token");
        text = templateText(root);
    }
    if (std::filesystem::exists(jinjaFile, ignored)) text = readTextFile(jinjaFile, kMaxConfigBytes);
    return ChatTemplate(text, begin, end);
}

} // namespace moa
