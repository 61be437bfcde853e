// `moa retrieval --against-density` and `--span-grid`: answers and speed of plans over densities, spans and lengths.
#pragma once

#include "app/cli/cli_context.h"
#include "engine/compare/retrieval.h"

namespace moa::cli {

struct SweepRequest {
    std::string model, profile, estimate, out;
    RetrievalOptions retrieval;    ///< `lengths`: those of the sweep; empty: as below
    std::vector<double> densities; ///< against density; lengths default to the longest profiled
    std::vector<int> spans;        ///< or a grid of mean spans, in tokens; lengths default to all that are profiled
};

/// Runs and concludes the command. Throws as measureSweep(), FileError for the files.
ExitCode runSweep(const SweepRequest& request, CliContext& cli);

} // namespace moa::cli
