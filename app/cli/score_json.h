// How scores are printed, the same in every command that asks questions.
#pragma once

#include "engine/tasks/score.h"

#include <nlohmann/json.hpp>

#include <string>

namespace moa::cli {

/// {accuracy, asked, right, interval95}.
nlohmann::json scoreJson(const Score& score);
/// "0.933 (0.87–0.97)".
std::string shownScore(const nlohmann::json& score);

} // namespace moa::cli
