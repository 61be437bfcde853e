// The program as a function: parses the command line, runs one command, turns every error into an exit code.
#pragma once

#include "app/cli/cli_context.h"

#include <string>
#include <vector>

namespace moa::cli {

/// `arguments` without the program's name. Returns the exit code of the contract; errors are one line on
/// standard error.
int runProgram(const std::vector<std::string>& arguments, CancelSignal& cancel);

/// A command run inside another one: prints no result, keeps it instead.
struct NestedResult {
    int exitCode = 0;
    std::optional<Conclusion> conclusion; ///< none when it failed
    std::optional<RunId> run;             ///< its history row
};
/// `common` replaces where and whether the run is recorded and how much it says.
NestedResult runNested(const std::vector<std::string>& arguments, CancelSignal& cancel,
                       const CommonOptions& common, RerunOptions rerun);

} // namespace moa::cli
