// A SentencePiece model (tokenizer.model) through libsentencepiece: unigram and BPE alike, as the library itself cuts
// text. Immutable; any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

class SentencePieceModel {
public:
    /// Throws FileError for a file that is none.
    explicit SentencePieceModel(const std::filesystem::path& file);
    ~SentencePieceModel();

    struct Piece {
        std::string text;
        bool isControl = false, isUnknown = false, isByte = false;
    };
    std::vector<Piece> pieces() const; ///< by id
    int bosId() const;                 ///< −1: none
    int eosId() const;
    /// Whether a text is given a leading space.
    bool leadingSpace() const;
    /// Appends the ids of a text (valid UTF-8).
    void encode(std::string_view text, std::vector<int>& out) const;

private:
    struct Library;
    std::unique_ptr<const Library> m_library;
};

} // namespace moa
