// See decoders.h.
#include "engine/loader/decoders.h"

#include "engine/loader/bpe_model.h"
#include "engine/loader/byte_level.h"
#include "engine/loader/normalizers.h"
#include "engine/loader/utf8.h"

namespace moa {

namespace {

using Tokens = std::vector<std::string>;

std::string join(const Tokens& tokens, std::string_view between) {
    std::string text;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i > 0) text += between;
        text += tokens[i];
    }
    return text;
}

Tokens applyStep(const ByteLevelDecoder&, const Tokens& tokens) {
    std::string bytes;
    for (const std::string& token : tokens) bytes += fromByteLevel(token).value_or(token);
    return {toValidUtf8(bytes)};
}

/// Runs of "<0xNN>" become their text, or one U+FFFD per byte if they are none.
Tokens applyStep(const ByteFallbackDecoder&, const Tokens& tokens) {
    Tokens result;
    std::string run;
    const auto flush = [&] {
        if (run.empty()) return;
        if (isValidUtf8(run))
            result.push_back(run);
        else
            result.insert(result.end(), run.size(), "\xEF\xBF\xBD");
        run.clear();
    };
    for (const std::string& token : tokens) {
        if (const auto byte = fallbackByte(token)) {
            run += static_cast<char>(*byte);
            continue;
        }
        flush();
        result.push_back(token);
    }
    flush();
    return result;
}

Tokens applyStep(const FuseDecoder&, const Tokens& tokens) {
    return {join(tokens, "")};
}

Tokens applyStep(const ReplaceDecoder& step, Tokens tokens) {
    for (std::string& token : tokens) token = replaceAll(step.pattern, token, step.content);
    return tokens;
}

Tokens applyStep(const StripDecoder& step, Tokens tokens) {
    for (std::string& token : tokens) {
        std::string_view rest = token;
        for (std::size_t i = 0; i < step.start && rest.starts_with(step.content); ++i)
            rest.remove_prefix(step.content.size());
        for (std::size_t i = 0; i < step.stop && rest.ends_with(step.content); ++i)
            rest.remove_suffix(step.content.size());
        token = std::string(rest);
    }
    return tokens;
}

/// The replacement as a space; in the first token it vanishes where encoding would have put it.
Tokens applyStep(const MetaspaceDecoder& step, Tokens tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const bool vanish = i == 0 && step.prepend != MetaspaceStep::Prepend::Never;
        std::string text;
        for (std::size_t pos = 0; pos < tokens[i].size();) {
            if (std::string_view(tokens[i]).substr(pos).starts_with(step.replacement)) {
                if (!vanish) text += ' ';
                pos += step.replacement.size();
            } else {
                text += tokens[i][pos++];
            }
        }
        tokens[i] = std::move(text);
    }
    return tokens;
}

// Of a single token only what changes its bytes for good counts, not what depends on its neighbours.
std::string pieceStep(const ByteLevelDecoder&, const std::string& token) {
    return fromByteLevel(token).value_or(token);
}
std::string pieceStep(const ByteFallbackDecoder&, const std::string& token) {
    const auto byte = fallbackByte(token);
    return byte ? std::string(1, static_cast<char>(*byte)) : token;
}
std::string pieceStep(const FuseDecoder&, const std::string& token) {
    return token;
}
std::string pieceStep(const StripDecoder&, const std::string& token) {
    return token;
}
std::string pieceStep(const ReplaceDecoder& step, const std::string& token) {
    return replaceAll(step.pattern, token, step.content);
}
std::string pieceStep(const MetaspaceDecoder& step, const std::string& token) {
    return applyStep(MetaspaceDecoder{step.replacement, MetaspaceStep::Prepend::Never}, Tokens{token})
        .front();
}

StripDecoder readStrip(const JsonView& json) {
    StripDecoder step;
    step.content = json.at("content").text();
    if (step.content.empty()) json.at("content").fail("expected a character");
    step.start = static_cast<std::size_t>(json.at("start").integer(0, INT32_MAX));
    step.stop = static_cast<std::size_t>(json.at("stop").integer(0, INT32_MAX));
    return step;
}

MetaspaceDecoder readMetaspace(const JsonView& json) {
    MetaspaceDecoder step{json.at("replacement").text(), readPrependScheme(json)};
    if (step.replacement.empty()) json.at("replacement").fail("expected a character");
    return step;
}

} // namespace

void Decoder::read(const JsonView& json) {
    const std::string type = json.at("type").text();
    if (type == "Sequence") {
        const JsonView list = json.at("decoders");
        for (std::size_t i = 0; i < list.size(); ++i) read(list[i]);
    } else if (type == "ByteLevel") {
        m_steps.push_back(ByteLevelDecoder{});
    } else if (type == "ByteFallback") {
        m_steps.push_back(ByteFallbackDecoder{});
    } else if (type == "Fuse") {
        m_steps.push_back(FuseDecoder{});
    } else if (type == "Replace") {
        m_steps.push_back(ReplaceDecoder{readPattern(json.at("pattern")), json.at("content").text()});
    } else if (type == "Strip") {
        m_steps.push_back(readStrip(json));
    } else if (type == "Metaspace") {
        m_steps.push_back(readMetaspace(json));
    } else {
        json.fail(
            "expected a decoder that is supported (Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, "
            "Metaspace), found " +
            type);
    }
}

std::string Decoder::apply(std::vector<std::string> tokens) const {
    for (const Step& step : m_steps)
        tokens = std::visit([&tokens](const auto& s) { return applyStep(s, std::move(tokens)); }, step);
    return join(tokens, m_joinWithSpace ? " " : "");
}

std::string Decoder::pieceOf(const std::string& token) const {
    std::string bytes = token;
    for (const Step& step : m_steps) {
        // Past this point the bytes may be no text any more, which patterns need.
        if (!isValidUtf8(bytes)) break;
        bytes = std::visit([&bytes](const auto& s) { return pieceStep(s, bytes); }, step);
    }
    return bytes;
}

} // namespace moa
