// See normalizers.h.
#include "engine/loader/normalizers.h"

#include "engine/loader/utf8.h"

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
    } else {
        json.fail("expected a normalizer that is supported (Sequence, Prepend, Replace, Strip), found " +
                  type);
    }
}

std::string Normalizer::apply(std::string text) const {
    for (const auto& step : m_steps)
        text = std::visit([&text](const auto& s) { return applyStep(s, std::move(text)); }, step);
    return text;
}

} // namespace moa
