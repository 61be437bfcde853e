// Text to token ids and back, as the `tokenizers` library does it from tokenizer.json (BPE models).
// Goals: identical ids; safe on any input and any file; near-linear time. Non-goals: training, offsets, and
// the truncation and padding that a tokenizer.json may carry. Bytes that are no valid UTF-8 are read as
// U+FFFD, one per maximal invalid part, as decoders with replacement do.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Immutable; copies share their data; every member may be called from any thread.
class Tokenizer {
public:
    /// Reads tokenizer.json. Throws FileError naming the place: damaged file, or a component that is not
    /// supported (anything but BPE; normalizers other than those of normalizers.h; …), by its name.
    static Tokenizer fromFile(const std::filesystem::path& tokenizerJson);
    /// The same from memory; `name` stands for the file in errors.
    static Tokenizer fromJson(std::string_view json, const std::string& name);
    struct State;
    /// From parts put together elsewhere (engine/loader/gguf_tokenizer.h).
    explicit Tokenizer(std::shared_ptr<const State> state) : m_state(std::move(state)) {}

    /// Ids of a text.
    /// @param parseSpecial  texts of special tokens become those tokens; otherwise they are ordinary text
    /// @param addBegin      begin and end tokens are added where the file's post-processor says so
    /// Throws Error when a regular expression of the file exceeds its match limit on this text.
    std::vector<int> encode(std::string_view text, bool parseSpecial = true, bool addBegin = true) const;

    /// Text of ids, always valid UTF-8 (incomplete characters become U+FFFD). Ids that no token has are left
    /// out.
    /// @param skipSpecial  leave special tokens out
    std::string decode(std::span<const int> ids, bool skipSpecial = false) const;

    /// Raw bytes of one token, perhaps part of a character; empty for an id that no token has.
    std::string piece(int id) const;
    /// The token's text as the vocabulary file writes it ("Ġthe", "▁the", "<0x0A>").
    std::optional<std::string> token(int id) const;
    /// Id of a token given as the vocabulary file writes it.
    std::optional<int> tokenId(std::string_view token) const;
    bool isSpecial(int id) const;
    /// One more than the largest id.
    int vocabSize() const;

private:
    std::shared_ptr<const State> m_state;
};

} // namespace moa
