// See utf8.h.
#include "engine/loader/utf8.h"

namespace moa {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// A prefix of `bytes`: one whole character, or the maximal part of one that is broken.
struct Step {
    std::size_t bytes;
    bool valid;
};

/// Table 3-7 of the Unicode standard: what may follow each first byte.
Step stepOf(std::string_view bytes) {
    const auto byte = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return {1, true};
    if (first < 0xc2 || first > 0xf4) return {1, false};
    const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i) {
        const unsigned low = i > 1 ? 0x80u : first == 0xe0 ? 0xa0u : first == 0xf0 ? 0x90u : 0x80u;
        const unsigned high = i > 1 ? 0xbfu : first == 0xed ? 0x9fu : first == 0xf4 ? 0x8fu : 0xbfu;
        if (i >= bytes.size() || byte(i) < low || byte(i) > high) return {i, false};
    }
    return {length, true};
}

/// Bytes at the beginning that are valid.
std::size_t validPrefix(std::string_view bytes) {
    std::size_t pos = 0;
    while (pos < bytes.size()) {
        const Step step = stepOf(bytes.substr(pos));
        if (!step.valid) break;
        pos += step.bytes;
    }
    return pos;
}

} // namespace

bool isValidUtf8(std::string_view bytes) {
    return validPrefix(bytes) == bytes.size();
}

std::string toValidUtf8(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (true) {
        const std::size_t valid = validPrefix(bytes);
        text += bytes.substr(0, valid);
        bytes.remove_prefix(valid);
        if (bytes.empty()) return text;
        text += kReplacement;
        bytes.remove_prefix(stepOf(bytes).bytes);
    }
}

char32_t codePointAt(std::string_view text, std::size_t pos) {
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[pos + i]));
    };
    switch (utf8Length(text[pos])) {
    case 1:
        return byte(0);
    case 2:
        return ((byte(0) & 0x1f) << 6) | (byte(1) & 0x3f);
    case 3:
        return ((byte(0) & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f);
    default:
        return ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) |
               (byte(3) & 0x3f);
    }
}

void appendUtf8(std::string& text, char32_t codePoint) {
    const auto put = [&text](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (codePoint < 0x80) {
        put(codePoint);
    } else if (codePoint < 0x800) {
        put(0xc0 | (codePoint >> 6));
        put(0x80 | (codePoint & 0x3f));
    } else if (codePoint < 0x10000) {
        put(0xe0 | (codePoint >> 12));
        put(0x80 | ((codePoint >> 6) & 0x3f));
        put(0x80 | (codePoint & 0x3f));
    } else {
        put(0xf0 | (codePoint >> 18));
        put(0x80 | ((codePoint >> 12) & 0x3f));
        put(0x80 | ((codePoint >> 6) & 0x3f));
        put(0x80 | (codePoint & 0x3f));
    }
}

std::string oneLine(std::string_view text) {
    constexpr std::size_t longest = 300;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string line;
    for (char c : toValidUtf8(text.substr(0, longest))) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f)
            line += c;
        else
            line.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return text.size() > longest ? line + "…" : line;
}

bool isWhiteSpace(char32_t c) {
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

std::size_t leadingWhiteSpace(std::string_view text) {
    std::size_t pos = 0;
    while (pos < text.size() && isWhiteSpace(codePointAt(text, pos))) pos += utf8Length(text[pos]);
    return pos;
}

std::size_t trailingWhiteSpace(std::string_view text) {
    std::size_t end = text.size();
    while (end > 0) {
        std::size_t begin = end - 1;
        while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
        if (!isWhiteSpace(codePointAt(text, begin))) break;
        end = begin;
    }
    return text.size() - end;
}

} // namespace moa
