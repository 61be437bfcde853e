// `moa retrieval --grid`: which answers survive by depth and length.
#pragma once

#include "app/cli/cli_context.h"
#include "app/cli/plan_choice.h"
#include "engine/compare/needle_grid.h"

namespace moa::cli {

struct NeedleRequest {
    std::vector<std::string> tasks;
    NeedleOptions grid;              ///< `task` is each of them in turn
    std::optional<SparsePlan> plan;  ///< none: dense alone
    std::string out, resume;         ///< files; may be empty
};

/// Runs and concludes the command. Throws as measureNeedleGrid(), FileError for the files.
ExitCode runNeedleGrid(std::shared_ptr<const Model> files, const PlanChoice& choice, const NeedleRequest& request,
                       CliContext& cli);

} // namespace moa::cli
