// What is known of measures by their names: which way is better, and which one speaks for a run. Names that
// nobody knows have no direction.
#pragma once

#include <string_view>

namespace moa {

enum class Direction { None, LowerIsBetter, HigherIsBetter };

Direction directionOf(std::string_view measure);

/// Small for what people look at first: "kl" before "seconds".
int measureRank(std::string_view measure);

} // namespace moa
