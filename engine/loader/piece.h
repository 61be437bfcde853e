// A part of a text on its way through the tokenizer: still text, or already an added token.
#pragma once

#include <string>
#include <vector>

namespace moa {

struct Piece {
    std::string text;
    int id = -1;          ///< of an added token; −1: text still to be worked on
    bool atStart = false; ///< begins where the original text begins

    bool isToken() const { return id >= 0; }
};

using Pieces = std::vector<Piece>;

} // namespace moa
