#include "store/history/json_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace moa::historyjson {
namespace {

/// Length of the UTF-8 sequence at the start of `s`, 0 when it is none (overlong, surrogate, truncated …).
std::size_t sequenceLength(std::string_view s) {
    const auto at = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
    const unsigned lead = at(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                               : (lead & 0xF0) == 0xE0        ? 3
                               : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                              : 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((at(i) & 0xC0) != 0x80) return 0;
    const bool bad = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
                     (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
    return bad ? 0 : length;
}

void appendEscaped(std::string& out, char c) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\t':
        out += "\\t";
        return;
    case '\r':
        out += "\\r";
        return;
    default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20) {
        out += c;
        return;
    }
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
}

template <class Real>
std::string shortest(Real value) {
    if (!std::isfinite(value)) return "null";
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

template <class Items, class Append>
std::string joined(char open, const Items& items, char close, Append&& append) {
    std::string out(1, open);
    bool first = true;
    for (const auto& item : items) {
        if (!first) out += ", ";
        first = false;
        append(out, item);
    }
    return out + close;
}

} // namespace

std::string validUtf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = sequenceLength(text.substr(i));
        if (length == 0)
            out += "\xEF\xBF\xBD";
        else
            out += text.substr(i, length);
        i += length == 0 ? 1 : length;
    }
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : validUtf8(text)) appendEscaped(out, c);
    return out + "\"";
}

std::string compact(std::string_view json) {
    std::string out;
    bool isString = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (!isString && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) continue;
        out += c;
        if (isString && c == '\\' && i + 1 < json.size())
            out += json[++i]; // whatever it is, it does not end the string
        else if (c == '"')
            isString = !isString;
    }
    return out;
}

std::string number(double value) {
    return shortest(value);
}

std::string number(float value) {
    return shortest(value);
}

std::string array(const std::vector<std::string>& strings) {
    return joined('[', strings, ']', [](std::string& out, const std::string& s) { out += quoted(s); });
}

std::string array(const std::vector<int>& numbers) {
    return joined('[', numbers, ']', [](std::string& out, int n) { out += std::to_string(n); });
}

std::string object(const std::map<std::string, std::string>& strings) {
    return joined('{', strings, '}', [](std::string& out, const auto& pair) {
        out += quoted(pair.first) + ": " + quoted(pair.second);
    });
}

std::vector<int> integersOf(std::string_view array) {
    std::vector<int> numbers;
    const char* const end = array.data() + array.size();
    for (const char* at = array.data(); at < end;) {
        int n = 0;
        const auto [next, error] = std::from_chars(at, end, n);
        if (error == std::errc()) numbers.push_back(n);
        at = error == std::errc() ? next : at + 1;
    }
    return numbers;
}

} // namespace moa::historyjson
