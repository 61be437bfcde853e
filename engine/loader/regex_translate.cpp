// translateRegex of regex.h: Oniguruma's syntax (Ruby flavour, as `tokenizers` uses it) → PCRE2's.
#include "engine/core/error.h"
#include "engine/loader/regex.h"
#include "engine/loader/utf8.h"

#include <algorithm>
#include <array>

namespace moa {

namespace {

/// White_Space and its complement, and a word character, each as the inside of a class.
constexpr std::string_view kSpace =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kNotSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff})";
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
constexpr std::string_view kHex = "0-9A-Fa-f";

/// Scripts that PCRE2 would otherwise match by their extensions too.
constexpr std::array<std::string_view, 16> kScripts{
    "Han",  "Hiragana", "Katakana", "Hangul",  "Latin",      "Greek", "Cyrillic", "Arabic",
    "Thai", "Hebrew",   "Bopomofo", "Bengali", "Devanagari", "Tamil", "Armenian", "Georgian"};

class Translator {
public:
    Translator(std::string_view pattern, const RegexSource& source) : m_in(pattern), m_source(source) {}

    std::string run() {
        while (!atEnd()) {
            const char c = peek();
            if (c == '\\')
                escape(false);
            else if (c == '[')
                characterClass();
            else if (c == '(')
                group();
            else if (c == '{')
                braces();
            else
                copy(1);
        }
        return std::move(m_out);
    }

private:
    bool atEnd() const { return m_pos >= m_in.size(); }
    char peek(std::size_t ahead = 0) const {
        return m_pos + ahead < m_in.size() ? m_in[m_pos + ahead] : '\0';
    }
    bool startsWith(std::string_view text) const { return m_in.substr(m_pos).starts_with(text); }

    void copy(std::size_t n) {
        n = std::min(n, m_in.size() - m_pos);
        m_out += m_in.substr(m_pos, n);
        m_pos += n;
    }

    [[noreturn]] void refuse(const std::string& what) const {
        throw FileError(m_source.path, m_source.where,
                        "expected a regular expression without " + oneLine(what) + " (at byte " +
                            std::to_string(m_pos) + " of the pattern)");
    }

    /// A set of characters: bare inside a class, in brackets elsewhere.
    void set(std::string_view inside, std::string_view complement, bool negated, bool inClass) {
        m_pos += 2;
        if (!inClass)
            m_out.append(negated ? "[^" : "[").append(inside).append("]");
        else
            m_out.append(negated ? complement : inside);
    }

    void escape(bool inClass) {
        const char c = peek(1);
        switch (c) {
        case '\0':
            refuse("a backslash at its end");
        case 's':
        case 'S':
            return set(kSpace, kNotSpace, c == 'S', inClass);
        case 'w':
            return set(kWord, "", false, inClass);
        case 'd':
            return set(R"(\p{Nd})", "", false, inClass);
        case 'D':
            return set(R"(\P{Nd})", "", false, inClass);
        case 'h':
            return set(kHex, "", false, inClass);
        case 'W':
            if (inClass) refuse("\\W inside a class");
            return set(kWord, "", true, false);
        case 'H':
            return set(kHex, R"(\x{0}-\x{2f}\x{3a}-\x{40}\x{47}-\x{60}\x{67}-\x{10ffff})", true, inClass);
        case 'b':
        case 'B':
            if (inClass) return copy(2);
            return boundary(c == 'B');
        case 'p':
        case 'P':
            return property();
        case 'v':
            m_out += R"(\x{b})";
            m_pos += 2;
            return;
        case 'u':
            return hexEscape();
        default:
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            const std::string_view known = inClass ? "xnrtfae" : "xnrtfaeAzZGRX";
            if (letter && known.find(c) == std::string_view::npos) refuse(std::string("\\") + c);
            if (letter || static_cast<unsigned char>(c) < 0x80) return copy(2);
            m_pos += 1; // a backslash before any other character stands for the character
        }
    }

    void boundary(bool negated) {
        const std::string word = "[" + std::string(kWord) + "]";
        m_pos += 2;
        m_out += negated ? "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))"
                         : "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))";
    }

    void property() {
        const std::size_t close = m_in.find('}', m_pos);
        if (peek(2) != '{' || close == std::string_view::npos) refuse("a property without braces");
        std::string_view name = m_in.substr(m_pos + 3, close - m_pos - 3);
        m_out.append("\\").append(1, peek(1)).append("{");
        if (name.starts_with('^')) {
            m_out += '^';
            name.remove_prefix(1);
        }
        if (std::find(kScripts.begin(), kScripts.end(), name) != kScripts.end()) m_out += "sc:";
        m_out.append(name).append("}");
        m_pos = close + 1;
    }

    void hexEscape() { // \uHHHH
        const std::string_view digits = m_in.substr(std::min(m_pos + 2, m_in.size()), 4);
        const bool hex = digits.size() == 4 &&
                         digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        if (!hex) refuse("\\u without four digits");
        m_out.append("\\x{").append(digits).append("}");
        m_pos += 6;
    }

    void characterClass() {
        copy(1);
        if (peek() == '^') copy(1);
        if (peek() == ']') refuse("an unescaped ] at the beginning of a class");
        while (!atEnd() && peek() != ']') {
            if (peek() == '\\')
                escape(true);
            else if (startsWith("[:")) {
                const std::size_t close = m_in.find(":]", m_pos);
                if (close == std::string_view::npos) refuse("an unclosed [:");
                copy(close + 2 - m_pos);
            } else if (peek() == '[')
                refuse("a class inside a class");
            else if (startsWith("&&"))
                refuse("&& in a class");
            else
                copy(1);
        }
        if (atEnd()) refuse("an unclosed class");
        copy(1);
    }

    void group() {
        if (peek(1) == '*') refuse("(*");
        if (peek(1) != '?') return copy(1);
        for (std::string_view plain : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"})
            if (startsWith(plain)) return copy(plain.size());
        const char c = peek(2);
        if (c == '<') { // a name
            const std::size_t close = m_in.find('>', m_pos);
            if (close == std::string_view::npos) refuse("an unclosed group name");
            return copy(close + 1 - m_pos);
        }
        flags();
    }

    /// (?i:…), (?m-x:…), or at the very beginning (?i).
    void flags() {
        const std::size_t begin = m_pos;
        m_out += "(?";
        for (m_pos += 2; peek() == 'i' || peek() == 'm' || peek() == 'x' || peek() == '-'; ++m_pos)
            m_out += peek() == 'm' ? 's' : peek(); // m lets the dot match a newline: PCRE2's s
        if (peek() != ':' && !(peek() == ')' && begin == 0)) refuse("this kind of group");
        copy(1);
    }

    /// A counted repeat: {,n} is {0,n}, and {n,m}+ repeats the repeat where PCRE2 makes it possessive.
    void braces() {
        const std::size_t close = m_in.find('}', m_pos);
        const std::string_view body =
            close == std::string_view::npos ? std::string_view{} : m_in.substr(m_pos + 1, close - m_pos - 1);
        if (body.empty() || body == "," || body.find_first_not_of("0123456789,") != std::string_view::npos) {
            m_out += "\\{"; // an ordinary brace
            ++m_pos;
            return;
        }
        m_out.append("{").append(body.starts_with(',') ? "0" : "").append(body).append("}");
        m_pos = close + 1;
        if (peek() == '+') refuse("+ after a counted repeat");
    }

    std::string_view m_in;
    const RegexSource& m_source;
    std::size_t m_pos = 0;
    std::string m_out;
};

} // namespace

std::string translateRegex(std::string_view pattern, const RegexSource& source) {
    return Translator(pattern, source).run();
}

} // namespace moa
