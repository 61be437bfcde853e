// The main job from end to end, as `moa demo` runs it: profile → search → validate → retrieval → compare.
#pragma once

#include "app/cli/plan_making.h"

#include "engine/compare/lockstep.h"
#include "engine/compare/retrieval.h"
#include "engine/compare/validation.h"
#include "engine/profile/profile_run.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace moa::cli {

struct DemoOptions {
    std::filesystem::path out; ///< folder for profile, plans and pictures
    std::filesystem::path textFolder;
    std::vector<double> densities{0.5, 0.25};
    std::vector<int> profileLengths{1024, 2048, 4096};
    std::vector<int> retrievalLengths{1024, 2048, 4096};
    int profileSamples = 8;  ///< per length
    int validationLength = 8192;
    int validationSamples = 4;
    int prompts = 10; ///< per task and length
    int questionsPerPrompt = 4;
    std::uint64_t seed = 0;
    std::string toolVersion;
};

/// One plan the demo made: its file, search and, for candidates, what validation said.
struct DemoPlan {
    std::string name;   ///< "moa-50", "published-25" …
    double density = 0; ///< the bound
    std::string estimate;
    std::filesystem::path file;
    PlanFile plan;
    SearchOutcome search;
    std::optional<PlanValidation> validation;
};

struct DemoOutcome {
    Completion completion = Completion::Done;
    std::string finishedStages; ///< for the message after a cancel
    ProfileOutcome profile;
    std::vector<DemoPlan> plans; ///< per density: ours, then the published estimate's
    std::vector<SearchRecord> searches;
    std::vector<MaskChoice> masks; ///< as measured: dense, then per density moa, published, uniform
    RetrievalOutcome retrieval;
    std::optional<LockstepOutcome> compare;   ///< last plan of ours on one 4k prompt
    std::vector<std::filesystem::path> files; ///< everything written
};

/// Throws as the steps do; a cancelled run keeps the files of the finished steps.
DemoOutcome runDemo(LanguageModel& model, const DemoOptions& options, std::stop_token stop,
                    const ProgressFn& progress);

} // namespace moa::cli
