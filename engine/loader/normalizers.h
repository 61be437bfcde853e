// Normalizers of tokenizer.json: what happens to a text before it is split.
// Supported: Sequence, Prepend, Replace, Strip, Lowercase, NFC, NFD, NFKC, NFKD. Others are refused by name.
#pragma once

#include "engine/loader/json_reader.h"
#include "engine/loader/regex.h"

#include <string>
#include <variant>
#include <vector>

namespace moa {

struct PrependNormalizer {
    std::string text;
};
struct ReplaceNormalizer {
    Regex pattern;
    std::string content;
};
struct StripNormalizer {
    bool left = true, right = true;
};

/// Lower case or a Unicode normal form (UAX #15), by utf8proc.
struct UnicodeNormalizer {
    enum class Form { Lowercase, Nfc, Nfd, Nfkc, Nfkd } form = Form::Nfc;
};

/// A chain of normalizers; empty: the text stays as it is.
class Normalizer {
public:
    Normalizer() = default;
    /// Reads "normalizer". Throws FileError for an unknown or damaged one.
    explicit Normalizer(const JsonView& json) { read(json); }
    std::string apply(std::string text) const;

private:
    void read(const JsonView& json);

    std::vector<std::variant<PrependNormalizer, ReplaceNormalizer, StripNormalizer, UnicodeNormalizer>> m_steps;
};

/// "pattern": {"String": …} or {"Regex": …}, as normalizers, pre-tokenizers and decoders write it.
Regex readPattern(const JsonView& json);
/// Every match of `pattern` in valid UTF-8 replaced by `content`.
std::string replaceAll(const Regex& pattern, const std::string& text, const std::string& content);

} // namespace moa
