// `moa retrieval --effective-context --profile P`: how far a plan of one mean span reaches.
#pragma once

#include "app/cli/cli_context.h"
#include "engine/compare/retrieval.h"

namespace moa::cli {

struct EffectiveRequest {
    std::string model, profile, estimate, out, resume; ///< names and files; the last two may be empty
    std::int64_t meanSpan = 1024;
    RetrievalOptions retrieval;
};

/// Runs and concludes the command. Throws as measureEffectiveContext(), FileError for the files.
ExitCode runEffectiveContext(const EffectiveRequest& request, CliContext& cli);

} // namespace moa::cli
