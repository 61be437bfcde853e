// Added tokens: texts that become one token wherever they stand, before anything else looks at the text.
#pragma once

#include "engine/loader/piece.h"
#include "engine/loader/regex.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// One entry of "added_tokens".
struct AddedToken {
    int id = 0;
    std::string content;
    bool special = false;    ///< left out when decoding without specials
    bool singleWord = false; ///< only between characters that are no word characters
    bool lstrip = false;     ///< takes the white space before it
    bool rstrip = false;     ///< takes the white space after it
    bool normalized = false; ///< looked for in the normalized text
};

/// Finds a set of added tokens: the leftmost first, of several there the longest.
class AddedTokenMatcher {
public:
    AddedTokenMatcher() : m_nodes(1) {}
    /// `pattern` is the text to look for: the token's content, normalized where the token says so.
    void add(const AddedToken& token, const std::string& pattern);

    /// Splits a text piece. Special tokens stay text unless `parseSpecial`. No empty pieces.
    void split(const Piece& piece, bool parseSpecial, Pieces& out) const;

private:
    struct Node {
        std::map<unsigned char, std::size_t> next;
        int token = -1; ///< index into m_tokens
    };
    struct Match {
        int token = -1;
        Span span;
    };

    Match longestAt(std::string_view text, std::size_t pos) const;
    bool isSingleWord(std::string_view text, Span span) const;

    std::vector<Node> m_nodes;
    std::vector<AddedToken> m_tokens;
};

} // namespace moa
