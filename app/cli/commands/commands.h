// Every command of `moa`, one file each. A new command adds its function here and a line to addCommands().
#pragma once

#include "app/cli/cli_context.h"

namespace moa::cli {

void addInfoCommand(CLI::App& app, CliContext& context);

/// All of them, in the order of the help.
inline void addCommands(CLI::App& app, CliContext& context) {
    addInfoCommand(app, context);
}

} // namespace moa::cli
