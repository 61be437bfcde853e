// Retrieval and decode speed of plans against density, and over a grid of spans and lengths: at every point the plan that
// a search finds there, a uniform window of the same density, and the dense model, on the same prompts.
#pragma once

#include "engine/compare/plan_at_density.h"
#include "engine/compare/retrieval.h"
#include "engine/model/language_model.h"

#include <functional>
#include <optional>
#include <vector>

namespace moa {

struct SweepPoint {
    int length = 0;      ///< tokens; the profile holds it
    double density = 1;  ///< in (0, 1]
};

struct SweepOptions {
    std::vector<SweepPoint> points;
    RetrievalOptions retrieval; ///< `lengths` is not read
    bool speed = true;          ///< also time decode steps
    double secondsPerPlan = 5;  ///< of search
    Estimate estimate = Estimate::Joint;
};

/// One mask at one point; all tasks pooled.
struct SweepSide {
    double density = 1;         ///< what it holds
    Score score;
    double tokensPerSecond = 0; ///< of one sequence; 0: not timed
};

struct SweepRow {
    SweepPoint point;
    SweepSide dense, uniform;
    std::optional<SweepSide> plan; ///< none: no plan has that density
};

struct SweepOutcome {
    Completion completion = Completion::Done;
    std::vector<SweepRow> rows; ///< a cancelled run keeps those it finished
};

/// Called from the working thread with every finished row.
using SweepRowFn = std::function<void(const SweepRow&)>;

/// Throws UsageError for points outside the profile or the density's range, and as measureRetrieval(), planAtDensity().
SweepOutcome measureSweep(LanguageModel& model, const ProfileData& profile, const SweepOptions& options,
                          const SweepRowFn& onRow, std::stop_token stop, const ProgressFn& progress = {});

} // namespace moa
