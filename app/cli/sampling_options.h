// --temperature, --top-k, --top-p and --min-p; the seed is a common flag.
#pragma once

#include "app/cli/cli_context.h"

#include "engine/model/sampler.h"

namespace moa::cli {

void addSamplingOptions(CLI::App& command, SamplingOptions& options);

/// For a history row.
Json samplingJson(const SamplingOptions& options);

} // namespace moa::cli
