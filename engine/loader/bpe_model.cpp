// See bpe_model.h.
#include "engine/loader/bpe_model.h"

#include "engine/loader/utf8.h"

#include <queue>

namespace moa {

namespace {

/// A symbol in the list that merging shrinks.
struct Symbol {
    int id = 0;
    int previous = -1, next = -1;
    bool gone = false; ///< merged into the one before it
};

/// A merge that was possible when it was queued.
struct Candidate {
    int rank = 0;
    int position = 0;
    int newId = 0;
    /// Lowest rank first, leftmost of equals.
    bool operator<(const Candidate& other) const {
        return rank != other.rank ? rank > other.rank : position > other.position;
    }
};

/// Applies the merges of a model to one word, best first.
class Merger {
public:
    Merger(const BpeModel& model, const std::vector<int>& ids) : m_model(model), m_symbols(ids.size()) {
        const int count = static_cast<int>(ids.size());
        for (int i = 0; i < count; ++i)
            at(i) = {ids[static_cast<std::size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1};
        for (int i = 0; i + 1 < count; ++i) enqueue(i);
    }

    void run(std::vector<int>& out) {
        while (!m_queue.empty()) {
            const Candidate best = m_queue.top();
            m_queue.pop();
            Symbol& left = at(best.position);
            if (left.gone || left.next < 0) continue;
            const auto merge = m_model.merges.find(BpeModel::pairKey(left.id, at(left.next).id));
            if (merge == m_model.merges.end() || merge->second.newId != best.newId) continue; // out of date
            Symbol& right = at(left.next);
            left.id = best.newId;
            left.next = right.next;
            right.gone = true;
            if (left.next >= 0) at(left.next).previous = best.position;
            if (left.previous >= 0) enqueue(left.previous);
            enqueue(best.position);
        }
        for (const Symbol& symbol : m_symbols)
            if (!symbol.gone) out.push_back(symbol.id);
    }

private:
    Symbol& at(int i) { return m_symbols[static_cast<std::size_t>(i)]; }

    void enqueue(int position) {
        const Symbol& left = at(position);
        if (left.next < 0) return;
        const auto merge = m_model.merges.find(BpeModel::pairKey(left.id, at(left.next).id));
        if (merge != m_model.merges.end()) m_queue.push({merge->second.rank, position, merge->second.newId});
    }

    const BpeModel& m_model;
    std::vector<Symbol> m_symbols;
    std::priority_queue<Candidate> m_queue;
};

} // namespace

std::string fallbackToken(unsigned char byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
}

std::optional<unsigned char> fallbackByte(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
    unsigned value = 0;
    for (char c : token.substr(3, 2)) {
        const bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'F', lower = c >= 'a' && c <= 'f';
        if (!digit && !upper && !lower) return std::nullopt;
        value = value * 16 + static_cast<unsigned>(digit ? c - '0' : upper ? c - 'A' + 10 : c - 'a' + 10);
    }
    return static_cast<unsigned char>(value);
}

bool BpeModel::addFallbackBytes(std::string_view character, std::vector<int>& symbols) const {
    std::vector<int> bytes;
    for (char c : character) {
        const auto it = ids.find(fallbackToken(static_cast<unsigned char>(c)));
        if (it == ids.end()) return false;
        bytes.push_back(it->second);
    }
    symbols.insert(symbols.end(), bytes.begin(), bytes.end());
    return true;
}

std::vector<int> BpeModel::initialSymbols(std::string_view word) const {
    std::vector<int> symbols;
    symbols.reserve(word.size());
    bool unknown = false; // one is waiting: it is written when a known character, or a second one, follows
    for (std::size_t pos = 0; pos < word.size();) {
        const std::string_view character = word.substr(pos, utf8Length(word[pos]));
        pos += character.size();
        const auto it = ids.find(character);
        if (it != ids.end()) {
            if (unknown) symbols.push_back(*options.unknownId);
            unknown = false;
            symbols.push_back(it->second);
        } else if (options.byteFallback && addFallbackBytes(character, symbols)) {
            // As in the library, bytes overtake an unknown character that is still waiting.
        } else if (options.unknownId) {
            if (unknown && !options.fuseUnknown) symbols.push_back(*options.unknownId);
            unknown = true;
        }
    }
    if (unknown) symbols.push_back(*options.unknownId);
    return symbols;
}

void BpeModel::encodeWord(std::string_view word, std::vector<int>& out) const {
    if (options.ignoreMerges)
        if (const auto it = ids.find(word); it != ids.end()) {
            out.push_back(it->second);
            return;
        }
    const std::vector<int> symbols = initialSymbols(word);
    if (symbols.size() == 1)
        out.push_back(symbols.front());
    else
        Merger(*this, symbols).run(out);
}

} // namespace moa
