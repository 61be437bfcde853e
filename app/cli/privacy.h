// What --no-prompts keeps out of the history: texts that people typed or models wrote. Their hashes stay, so
// that a rerun can tell whether it was given the same.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace moa::cli {

/// `arguments` without --text and its value.
std::vector<std::string> withoutTypedText(const std::vector<std::string>& arguments);

/// `document` with every text, list of token ids or pieces in it replaced by "KEY_sha256", at any depth.
nlohmann::json withoutTexts(const nlohmann::json& document);

} // namespace moa::cli
