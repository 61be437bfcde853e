// Decoders of tokenizer.json: token texts back to one text.
// Supported: Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace. Others are refused by name.
#pragma once

#include "engine/loader/json_reader.h"
#include "engine/loader/pre_tokenizers.h"
#include "engine/loader/regex.h"

#include <string>
#include <variant>
#include <vector>

namespace moa {

struct ByteLevelDecoder {};
struct ByteFallbackDecoder {};
struct FuseDecoder {};
struct ReplaceDecoder {
    Regex pattern;
    std::string content;
};
struct StripDecoder {
    std::string content; ///< one character
    std::size_t start = 0, stop = 0;
};
struct MetaspaceDecoder {
    std::string replacement;
    MetaspaceStep::Prepend prepend = MetaspaceStep::Prepend::Always;
};

class Decoder {
public:
    /// No decoder: tokens are joined with a space, as the library does.
    Decoder() = default;
    /// Reads "decoder". Throws FileError for an unknown or damaged one.
    explicit Decoder(const JsonView& json) : m_joinWithSpace(false) { read(json); }

    /// Token texts → text.
    std::string apply(std::vector<std::string> tokens) const;
    /// Raw bytes of a single token of the vocabulary, perhaps part of a character.
    std::string pieceOf(const std::string& token) const;

private:
    void read(const JsonView& json);

    using Step = std::variant<ByteLevelDecoder, ByteFallbackDecoder, FuseDecoder, ReplaceDecoder,
                              StripDecoder, MetaspaceDecoder>;
    std::vector<Step> m_steps;
    bool m_joinWithSpace = true;
};

} // namespace moa
