#include "app/cli/commands/plan_options.h"

#include "app/cli/parse_list.h"

#include "engine/plan/plan_summary.h"

namespace moa::cli {

void addPlanModelOptions(CLI::App& command, PlanModelOptions& options) {
    command.add_option("--model", options.model, "the model it is for: folder, file or name");
    command.add_option("--kv-heads", options.kvHeads, "KV heads, for published plans, which do not say")
        ->default_str("")
        ->check(CLI::Range(1, 4096));
    command.add_option("--head-dim", options.headDim, "head dimension, for kv_bytes")
        ->default_str("")
        ->check(CLI::Range(1, 65536));
    command.add_option("--lengths", options.lengths, "tokens to state sizes at (1024,2048,4096,8192,16384)");
}

std::shared_ptr<const Model> planModel(const PlanModelOptions& options, CliContext& cli) {
    return options.model.empty() ? nullptr : cli.loadFiles(options.model);
}

std::optional<int> kvHeadsOf(const PlanModelOptions& options, const Model* model) {
    if (options.kvHeads > 0) return options.kvHeads;
    if (model) return model->config.kvHeads;
    return std::nullopt;
}

int headDimOf(const PlanModelOptions& options, const Model* model, const PlanFile& plan) {
    if (options.headDim > 0) return options.headDim;
    return model ? model->config.headDim : plan.headDim();
}

std::vector<std::int64_t> lengthsOf(const PlanModelOptions& options) {
    if (options.lengths.empty()) return kShownLengths;
    const std::vector<int> list = parseLengths("--lengths", options.lengths);
    return {list.begin(), list.end()};
}

} // namespace moa::cli
