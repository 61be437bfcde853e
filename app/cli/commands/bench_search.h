// `moa bench search`: how fast plans are found and proven on synthetic instances of a model's shape. No GPU.
#pragma once

#include "app/cli/cli_context.h"

#include <string>

namespace moa::cli {

/// Runs the bench on one shape (a name of engine/search/synthetic_instance.h) and concludes the command.
ExitCode runBenchSearch(const std::string& shape, CliContext& cli);

} // namespace moa::cli
