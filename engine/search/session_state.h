// What a session learnt, as text: a few lines that a person can read. Private to engine/search.
//   moa-search-state 1 FINGERPRINT
//   multiplier VALUE ROW NAME
//   choice RULE RULE …            (one per group)
#pragma once

#include "engine/search/search_instance.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

struct LearntState {
    std::map<std::string, double> multipliers; ///< by row name, per unit of its sum
    std::vector<std::vector<int>> choices;     ///< [group], latest first
};

std::string stateText(const SearchInstance& instance, const LearntState& state);
/// Throws Error naming the line where the text is damaged or was saved for another instance.
LearntState parseState(const SearchInstance& instance, std::string_view text);

} // namespace moa
