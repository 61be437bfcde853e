// `moa plan import` and `moa plan export`.
#pragma once

#include "app/cli/cli_context.h"

namespace moa::cli {

void addPlanTransferCommands(CLI::App& plan, CliContext& cli);

} // namespace moa::cli
