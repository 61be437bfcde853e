// What the subcommands of `moa plan` share: a plan file, the model it is for, and lengths to state things at.
#pragma once

#include "app/cli/cli_context.h"

#include "engine/plan/plan_check.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moa::cli {

struct PlanModelOptions {
    std::string model;
    int kvHeads = 0, headDim = 0; ///< 0: not given
    std::string lengths;
};

/// --model, --kv-heads, --head-dim and --lengths.
void addPlanModelOptions(CLI::App& command, PlanModelOptions& options);

/// The model files named by --model; null without.
std::shared_ptr<const Model> planModel(const PlanModelOptions& options, CliContext& cli);
/// KV heads as --kv-heads or the model says.
std::optional<int> kvHeadsOf(const PlanModelOptions& options, const Model* model);
/// As --head-dim, the model or the plan's passport says; 0: not known.
int headDimOf(const PlanModelOptions& options, const Model* model, const PlanFile& plan);
/// --lengths, or the usual ones.
std::vector<std::int64_t> lengthsOf(const PlanModelOptions& options);

} // namespace moa::cli
