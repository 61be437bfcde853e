// Effective context at one mean span m: for every length N the plan that the search finds at density m / N, and the
// longest N such that every length up to it keeps at least 90% of the answers; beside it a uniform window of the same
// mean span, and the dense model.
#pragma once

#include "engine/compare/retrieval.h"
#include "engine/core/profile_data.h"
#include "engine/model/language_model.h"
#include "engine/search/loss_tables.h"
#include "engine/search/search.h"

#include <optional>
#include <vector>

namespace moa {

struct EffectiveContextOptions {
    std::int64_t meanSpan = 1024;   ///< m, tokens of cache a KV head may hold on average
    RetrievalOptions retrieval;     ///< `lengths`: the N to look at, ascending; empty: all that are profiled
    double secondsPerPlan = 5;      ///< of search
    Estimate estimate = Estimate::Joint;
    double threshold = 0.9;         ///< share of right answers
};

/// One length, all tasks pooled.
struct EffectiveRow {
    int length = 0;
    double density = 1;             ///< min(1, m / N)
    std::optional<SparsePlan> plan; ///< none: no plan has that density
    Score dense, planned, uniform;
};

struct EffectiveContext {
    Completion completion = Completion::Done;
    std::vector<EffectiveRow> rows;         ///< a cancelled run keeps the lengths it finished
    int dense = 0, planned = 0, uniform = 0; ///< tokens; 0: the first length fails already
};

/// `profile` is of this model and holds every N: what a head needs at a length that was not profiled is not known.
/// Throws UsageError where it does not, and as makeInstance() and measureRetrieval().
EffectiveContext measureEffectiveContext(LanguageModel& model, const ProfileData& profile,
                                         const EffectiveContextOptions& options, std::stop_token stop,
                                         const ProgressFn& progress = {});

} // namespace moa
