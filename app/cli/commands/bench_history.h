// `moa bench history`: how fast a history of many runs opens, answers and scrolls. No model, no GPU.
#pragma once

#include "app/cli/cli_context.h"

namespace moa::cli {

/// Makes a history of `runs` runs with series in a temporary folder, measures it, removes it, concludes the command.
ExitCode runBenchHistory(int runs, CliContext& cli);

} // namespace moa::cli
