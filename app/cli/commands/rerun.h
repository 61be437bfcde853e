// `moa history rerun`: repeats a recorded command and reports how far its measurements drifted.
#pragma once

#include "app/cli/cli_context.h"

#include <string>
#include <vector>

namespace moa::cli {

void addRerunCommand(CLI::App& history, CliContext& cli);

/// A RunDiff document as a table.
std::string driftText(const Json& diff);

/// `arguments` with every output (-o, --out, --save-responses) moved into `folder`, so that a rerun
/// overwrites nothing; the new paths are added to `outputs`.
std::vector<std::string> redirectOutputs(const std::vector<std::string>& arguments, const std::string& folder,
                                         std::vector<std::string>& outputs);

} // namespace moa::cli
