// The little JSON writing the history needs (the store may use no JSON library). Values that are JSON already
// are passed through.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace moa::historyjson {

/// `text` with every byte that is no part of UTF-8 replaced by U+FFFD.
std::string validUtf8(std::string_view text);
/// A JSON string, quotes included; bytes that are no UTF-8 become U+FFFD.
std::string quoted(std::string_view text);
/// JSON without the spaces between its parts: what equal documents of two writers have in common.
std::string compact(std::string_view json);
/// The shortest text that reads back as the same double; "null" for NaN and infinities, which JSON lacks.
std::string number(double value);
/// The same for a float.
std::string number(float value);
std::string array(const std::vector<std::string>& strings);
std::string array(const std::vector<int>& numbers);
std::string object(const std::map<std::string, std::string>& strings);
/// The numbers of a JSON array of integers, as array() writes it.
std::vector<int> integersOf(std::string_view array);

} // namespace moa::historyjson
