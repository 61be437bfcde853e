// UTF-8: repair, walking, appending, and the white space property.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moa {

/// Replaces every maximal invalid part by U+FFFD, as Unicode recommends and decoders with replacement do.
std::string toValidUtf8(std::string_view bytes);
bool isValidUtf8(std::string_view bytes);

/// Bytes of the character that begins with `first`, in valid UTF-8.
constexpr std::size_t utf8Length(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// The character at `pos` of valid UTF-8.
char32_t codePointAt(std::string_view text, std::size_t pos);
void appendUtf8(std::string& text, char32_t codePoint);

/// Text from a file as part of an error line: repaired, control characters as \xNN, at most 300 bytes.
std::string oneLine(std::string_view text);

/// Unicode's White_Space property.
bool isWhiteSpace(char32_t codePoint);
/// Bytes of white space at the beginning, or at the end, of valid UTF-8.
std::size_t leadingWhiteSpace(std::string_view text);
std::size_t trailingWhiteSpace(std::string_view text);

} // namespace moa
