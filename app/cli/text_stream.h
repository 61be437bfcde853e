// Generated tokens as text, piece by piece: only whole characters come out, and the pieces add up to the
// decoded whole although decoders treat the first token differently from later ones.
#pragma once

#include "engine/loader/tokenizer.h"

#include <cstddef>
#include <string>
#include <vector>

namespace moa::cli {

class TextStream {
public:
    explicit TextStream(const Tokenizer& tokenizer) : m_tokenizer(tokenizer) {}

    /// The text that `id` makes certain; empty while a character is incomplete or for special tokens.
    std::string push(int id);
    /// What is left: an incomplete character, as U+FFFD.
    std::string finish();

private:
    /// Text of the window after the part already given out.
    std::string pending() const;

    const Tokenizer& m_tokenizer;
    // The window: a few tokens given out already, which new ones are decoded behind, then the new ones.
    std::vector<int> m_window;
    std::size_t m_given = 0;
};

} // namespace moa::cli
