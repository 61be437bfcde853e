#include "app/cli/parse_list.h"

#include "engine/core/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace moa::cli {
namespace {

constexpr int kLongest = 1 << 26; ///< tokens; far beyond any model, far below overflow

template <class T>
bool readAll(const std::string& text, T& value) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && at == end;
}

} // namespace

std::vector<std::string> splitList(const std::string& text) {
    std::vector<std::string> parts;
    if (text.empty()) return parts;
    std::size_t begin = 0;
    while (true) {
        const std::size_t comma = text.find(',', begin);
        parts.push_back(text.substr(begin, comma - begin));
        if (comma == std::string::npos) return parts;
        begin = comma + 1;
    }
}

std::vector<int> parseIntegers(const std::string& flag, const std::string& text, std::int64_t least,
                               std::int64_t most) {
    std::vector<int> values;
    for (const std::string& part : splitList(text)) {
        std::int64_t value = 0;
        if (!readAll(part, value) || value < least || value > most)
            throw UsageError(flag + ": expected integers from " + std::to_string(least) + " to " +
                             std::to_string(most) + " with commas between, got '" + part + "'");
        values.push_back(static_cast<int>(value));
    }
    return values;
}

std::vector<int> parseLengths(const std::string& flag, const std::string& text) {
    std::vector<int> lengths = parseIntegers(flag, text, 1, kLongest);
    if (lengths.empty()) throw UsageError(flag + ": expected at least one length in tokens");
    std::sort(lengths.begin(), lengths.end());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    return lengths;
}

double parseNumber(const std::string& flag, const std::string& text) {
    double value = 0;
    if (!readAll(text, value) || !std::isfinite(value))
        throw UsageError(flag + ": expected a number, got '" + text + "'");
    return value;
}

} // namespace moa::cli
