// See normalizers.h.
#include "engine/loader/normalizers.h"

#include "engine/core/error.h"
#include "engine/loader/utf8.h"

#include <utf8proc.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

namespace moa {

namespace {

std::string applyStep(const PrependNormalizer& step, std::string text) {
    return text.empty() ? text : step.text + text;
}

std::string applyStep(const ReplaceNormalizer& step, const std::string& text) {
    return replaceAll(step.pattern, text, step.content);
}

std::string applyStep(const StripNormalizer& step, std::string text) {
    if (step.right) text.resize(text.size() - trailingWhiteSpace(text));
    if (step.left) text.erase(0, leadingWhiteSpace(text));
    return text;
}

std::optional<UnicodeNormalizer::Form> unicodeForm(const std::string& name) {
    using Form = UnicodeNormalizer::Form;
    static const std::map<std::string, Form> forms{{"Lowercase", Form::Lowercase}, {"NFC", Form::Nfc}, {"NFD", Form::Nfd},
                                                   {"NFKC", Form::Nfkc}, {"NFKD", Form::Nfkd}};
    const auto it = forms.find(name);
    return it == forms.end() ? std::nullopt : std::optional(it->second);
}

/// Lower case, character by character; a few become two.
std::string lowercase(const std::string& text) {
    std::string result;
    for (std::size_t pos = 0; pos < text.size();) {
        const char32_t code = codePointAt(text, pos);
        appendUtf8(result, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
        if (code == 0x130) appendUtf8(result, 0x307); // İ: the one letter whose lower case is two characters
        pos += utf8Length(text[pos]);
    }
    return result;
}

std::string applyStep(const UnicodeNormalizer& step, const std::string& text) {
    using Form = UnicodeNormalizer::Form;
    if (step.form == Form::Lowercase) return lowercase(text);
    int options = UTF8PROC_STABLE | (step.form == Form::Nfc || step.form == Form::Nfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
    if (step.form == Form::Nfkc || step.form == Form::Nfkd) options |= UTF8PROC_COMPAT;
    utf8proc_uint8_t* mapped = nullptr;
    const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                     static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    if (length < 0) throw Error(std::string("the text has no normal form: ") + utf8proc_errmsg(length));
    return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

} // namespace

Regex readPattern(const JsonView& json) {
    const RegexSource source{json.path(), json.where()};
    if (json.isString()) return Regex::literal(json.text(), source);
    if (const auto text = json.find("String")) return Regex::literal(text->text(), source);
    if (const auto pattern = json.find("Regex")) return Regex(pattern->text(), source);
    json.fail("expected {\"String\": …} or {\"Regex\": …}");
}

std::string replaceAll(const Regex& pattern, const std::string& text, const std::string& content) {
    std::string result;
    std::size_t done = 0;
    for (const Span& match : pattern.findAll(text)) {
        result.append(text, done, match.begin - done).append(content);
        done = match.end;
    }
    return result.append(text, done);
}

void Normalizer::read(const JsonView& json) {
    const std::string type = json.at("type").text();
    if (type == "Sequence") {
        const JsonView list = json.at("normalizers");
        for (std::size_t i = 0; i < list.size(); ++i) read(list[i]);
    } else if (type == "Prepend") {
        m_steps.push_back(PrependNormalizer{json.at("prepend").text()});
    } else if (type == "Replace") {
        m_steps.push_back(ReplaceNormalizer{readPattern(json.at("pattern")), json.at("content").text()});
    } else if (type == "Strip") {
        m_steps.push_back(StripNormalizer{json.at("strip_left").flag(), json.at("strip_right").flag()});
    } else if (const auto form = unicodeForm(type)) {
        m_steps.push_back(UnicodeNormalizer{*form});
    } else {
        json.fail("expected a normalizer that is supported (Sequence, Prepend, Replace, Strip, Lowercase, NFC, NFD, NFKC, "
                  "NFKD), found " + type);
    }
}

std::string Normalizer::apply(std::string text) const {
    for (const auto& step : m_steps)
        text = std::visit([&text](const auto& s) { return applyStep(s, std::move(text)); }, step);
    return text;
}

} // namespace moa
