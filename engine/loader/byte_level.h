// The byte alphabet of byte-level BPE: each of the 256 bytes stands as one printable character.
// Printable Latin-1 bytes stand for themselves; the others follow from U+0100 on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moa {

/// Every byte of `text` as its character, in UTF-8.
std::string toByteLevel(std::string_view text);
/// The bytes of a token (valid UTF-8) written in the alphabet; nothing if it has any other character.
std::optional<std::string> fromByteLevel(std::string_view token);

} // namespace moa
