#include "app/cli/plan_choice.h"

#include "engine/plan/plan_check.h"

namespace moa::cli {

PlanChoice choosePlan(const std::string& path, const Model& model, CliContext& context) {
    PlanChoice choice{path, std::nullopt};
    if (path.empty()) return choice;
    choice.file = readPlan(path, model.config.kvHeads);
    // Hashing takes a second per GB: only where there is something to compare with.
    const ModelToFit fit{model.config, choice.file->modelSha256().empty() ? "" : model.sha256()};
    for (const PlanProblem& problem : checkPlan(*choice.file, fit, {})) {
        if (problem.severity == Severity::Error) throw FileError(path, "", problem.message);
        if (problem.severity == Severity::Warning) context.note("moa: " + path + ": " + problem.message);
    }
    return choice;
}

} // namespace moa::cli
