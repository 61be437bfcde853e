// `moa retrieval --effective-context --profile P`: how far a plan of one mean span reaches.
#pragma once

#include "app/cli/cli_context.h"
#include "engine/compare/retrieval.h"

namespace moa::cli {

/// Runs and concludes the command. Throws as measureEffectiveContext().
ExitCode runEffectiveContext(const std::string& model, const std::string& profilePath, std::int64_t meanSpan,
                             const std::string& estimate, const RetrievalOptions& retrieval, CliContext& cli);

} // namespace moa::cli
