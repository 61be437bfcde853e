// Regular expressions of tokenizer files: written for Oniguruma, run by PCRE2 with limits.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Where a pattern comes from, for errors.
struct RegexSource {
    std::string path;  ///< the file
    std::string where; ///< the place in it
};

/// The same pattern in PCRE2's dialect, with the character classes Oniguruma has (\s, \w, \h … differ).
/// Throws FileError for constructs that PCRE2 would read differently.
std::string translateRegex(std::string_view pattern, const RegexSource& source);

/// A range of bytes.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const Span&) const = default;
};

/// A compiled pattern; copies share it; safe from any thread.
class Regex {
public:
    /// Translates and compiles. Throws FileError when it cannot.
    Regex(std::string_view pattern, RegexSource source);
    /// A pattern that matches `text` itself.
    static Regex literal(std::string_view text, RegexSource source);

    /// All matches in valid UTF-8, left to right, none overlapping; an empty match never directly follows
    /// another match. Throws FileError when the pattern needs more than its match limit.
    std::vector<Span> findAll(std::string_view text) const;

private:
    struct Code;
    std::shared_ptr<const Code> m_code;
    RegexSource m_source;
};

} // namespace moa
