// Whole-answer match and the Wilson interval.
#include "engine/tasks/score.h"

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

} // namespace

bool answerMatches(std::string_view expected, std::string_view produced) {
    return trimmed(expected) == trimmed(produced);
}

bool answerMatches(std::span<const int> expected, std::span<const int> predicted) {
    return !expected.empty() && std::ranges::equal(expected, predicted);
}

Interval Score::interval95() const {
    if (asked == 0) return {};
    const double z = 1.959963984540054, n = asked, p = accuracy();
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

} // namespace moa
