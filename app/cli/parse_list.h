// Lists in flags: "1024,2048,4096", "lines,facts,mine.jsonl".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moa::cli {

/// The parts between commas; no parts for an empty text.
std::vector<std::string> splitList(const std::string& text);
/// Integers in [least, most]. `flag` names them in the UsageError for anything else.
std::vector<int> parseIntegers(const std::string& flag, const std::string& text, std::int64_t least,
                               std::int64_t most);
/// Lengths in tokens, ascending, each once; at least one. Throws UsageError.
std::vector<int> parseLengths(const std::string& flag, const std::string& text);
/// A finite number. Throws UsageError.
double parseNumber(const std::string& flag, const std::string& text);

} // namespace moa::cli
