// A command's result as a file: the JSON document, its rows as CSV, or a picture of them.
#pragma once

#include "engine/capture/chart.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace moa::cli {

/// Throws UsageError unless `path` is empty or ends with .json, .csv, .png or .svg: before anything is computed.
void checkResultEnding(const std::string& path);

/// `result` (.json), its "rows" (.csv: one column per value, nested names joined by dots, lists of lists left out), or
/// the panels (.png, .svg); nothing for an empty path. Throws FileError.
void writeResult(const std::string& path, const nlohmann::json& result, const std::function<std::vector<Panel>()>& panels);

/// "16k", "1.5k", "512".
std::string shortLength(int tokens);

} // namespace moa::cli
