// Byte pair encoding: the vocabulary, the ranked merges, and merging a word.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moa {

/// Lets string-keyed maps be searched with a string_view.
struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Mixes a pair of ids, which would otherwise collide in the low bits.
struct PairHash {
    std::size_t operator()(std::uint64_t pair) const {
        pair *= 0x9e3779b97f4a7c15ULL;
        return static_cast<std::size_t>(pair ^ (pair >> 32));
    }
};

/// Immutable once filled by the reader.
class BpeModel {
public:
    struct Merge {
        int rank = 0; ///< lower merges first
        int newId = 0;
    };
    struct Options {
        std::optional<int> unknownId;
        bool fuseUnknown = false;  ///< neighbouring unknown characters become one
        bool byteFallback = false; ///< unknown characters become "<0xNN>" tokens
        bool ignoreMerges = false; ///< a word that is a token is taken whole
    };

    std::unordered_map<std::string, int, StringHash, std::equal_to<>> ids;
    std::unordered_map<int, std::string> tokens;
    std::unordered_map<std::uint64_t, Merge, PairHash> merges;
    Options options;

    static std::uint64_t pairKey(int left, int right) {
        return (std::uint64_t(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
    }
    /// Appends the ids of a word (valid UTF-8). O(n log n) in its length.
    void encodeWord(std::string_view word, std::vector<int>& out) const;

private:
    std::vector<int> initialSymbols(std::string_view word) const;
    bool addFallbackBytes(std::string_view character, std::vector<int>& symbols) const;
};

/// "<0x0A>": the token of a byte under byte fallback.
std::string fallbackToken(unsigned char byte);
/// The byte of such a token; nothing for any other.
std::optional<unsigned char> fallbackByte(std::string_view token);

} // namespace moa
