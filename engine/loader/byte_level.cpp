// See byte_level.h.
#include "engine/loader/byte_level.h"

#include "engine/loader/utf8.h"

#include <array>

namespace moa {

namespace {

constexpr char32_t kLetters = 256 + 68; ///< the alphabet lies below this: 68 bytes are not printable

struct Alphabet {
    std::array<std::string, 256> text;  ///< of each byte, UTF-8
    std::array<int, kLetters> byteOf{}; ///< of each character, −1: none

    Alphabet() {
        byteOf.fill(-1);
        char32_t next = 256;
        for (unsigned byte = 0; byte < 256; ++byte) {
            const bool printable =
                (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
            const char32_t letter = printable ? static_cast<char32_t>(byte) : next++;
            appendUtf8(text[byte], letter);
            byteOf[letter] = static_cast<int>(byte);
        }
    }
};

const Alphabet& alphabet() {
    static const Alphabet instance;
    return instance;
}

} // namespace

std::string toByteLevel(std::string_view text) {
    const Alphabet& letters = alphabet();
    std::string result;
    result.reserve(text.size() * 2);
    for (char c : text) result += letters.text[static_cast<unsigned char>(c)];
    return result;
}

std::optional<std::string> fromByteLevel(std::string_view token) {
    const Alphabet& letters = alphabet();
    std::string bytes;
    for (std::size_t pos = 0; pos < token.size(); pos += utf8Length(token[pos])) {
        const char32_t c = codePointAt(token, pos);
        if (c >= kLetters || letters.byteOf[c] < 0) return std::nullopt;
        bytes += static_cast<char>(static_cast<unsigned char>(letters.byteOf[c]));
    }
    return bytes;
}

} // namespace moa
