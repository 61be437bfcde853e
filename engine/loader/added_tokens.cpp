// See added_tokens.h.
#include "engine/loader/added_tokens.h"

#include "engine/loader/utf8.h"

#include <algorithm>

namespace moa {

namespace {

/// Whether a character is a word character; here, unlike in patterns, the joiners are too.
bool isWord(std::string_view character) {
    static const Regex word(R"([\w\x{200c}\x{200d}])", {"", ""});
    return !word.findAll(character).empty();
}

} // namespace

void AddedTokenMatcher::add(const AddedToken& token, const std::string& pattern) {
    if (pattern.empty()) return;
    std::size_t node = 0;
    for (char c : pattern) {
        const auto [it, isNew] =
            m_nodes[node].next.try_emplace(static_cast<unsigned char>(c), m_nodes.size());
        node = it->second;
        if (isNew) m_nodes.emplace_back();
    }
    if (m_nodes[node].token >= 0) return; // the first of equal patterns counts
    m_nodes[node].token = static_cast<int>(m_tokens.size());
    m_tokens.push_back(token);
}

AddedTokenMatcher::Match AddedTokenMatcher::longestAt(std::string_view text, std::size_t pos) const {
    Match match;
    std::size_t node = 0;
    for (std::size_t i = pos; i < text.size(); ++i) {
        const auto it = m_nodes[node].next.find(static_cast<unsigned char>(text[i]));
        if (it == m_nodes[node].next.end()) break;
        node = it->second;
        if (m_nodes[node].token >= 0) match = {m_nodes[node].token, {pos, i + 1}};
    }
    return match;
}

bool AddedTokenMatcher::isSingleWord(std::string_view text, Span span) const {
    if (span.end < text.size() && isWord(text.substr(span.end, utf8Length(text[span.end])))) return false;
    if (span.begin == 0) return true;
    std::size_t before = span.begin - 1;
    while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xc0) == 0x80) --before;
    return !isWord(text.substr(before, span.begin - before));
}

void AddedTokenMatcher::split(const Piece& piece, bool parseSpecial, Pieces& out) const {
    const std::string_view text = piece.text;
    const auto addText = [&](std::size_t begin, std::size_t end) {
        if (begin < end)
            out.push_back({std::string(text.substr(begin, end - begin)), -1, piece.atStart && begin == 0});
    };
    std::array<bool, 256> first{};
    for (const auto& [byte, node] : m_nodes.front().next) first[byte] = true;

    std::size_t done = 0; // text before this is in `out`
    for (std::size_t pos = 0; pos < text.size();) {
        Match match;
        if (first[static_cast<unsigned char>(text[pos])]) match = longestAt(text, pos);
        if (match.token < 0) {
            ++pos;
            continue;
        }
        const AddedToken& token = m_tokens[static_cast<std::size_t>(match.token)];
        auto [begin, end] = match.span;
        pos = end; // a rejected match is passed over as a whole
        if (token.special && !parseSpecial) continue;
        if (token.singleWord && !isSingleWord(text, match.span)) continue;
        if (token.lstrip) begin = std::max(begin - trailingWhiteSpace(text.substr(0, begin)), done);
        if (token.rstrip) end += leadingWhiteSpace(text.substr(end));
        addText(done, begin);
        out.push_back({token.content, token.id, false});
        done = end;
    }
    addText(done, text.size());
}

} // namespace moa
