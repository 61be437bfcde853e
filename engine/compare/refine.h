// Beyond the first-order sum: plans near the estimated best are measured on calibration samples, parts of
// them are swapped, the estimates are corrected where they put plans in the wrong order, and what wins is
// judged on samples that no decision has seen (docs/method.md, "Optimisation"). Non-goal: retrieval;
// measureRetrieval scores whole answers.
#pragma once

#include "engine/core/plan.h"
#include "engine/model/language_model.h"
#include "engine/search/candidates.h"
#include "engine/tasks/calibration.h"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace moa {

struct RefineOptions {
    int candidates = 6;   ///< K: plans near the estimated best, itself among them
    int swaps = 6;        ///< most swaps of a layer between measured plans that are tried
    double spread = 0.4;  ///< error of the estimates that candidates cover, see candidatePlans
    int length = 0;       ///< nominal, tokens; 0: the objective length
    int samples = 6;      ///< that choose; as many again confirm the choice
    int judgeSamples = 6; ///< that only judge
    /// First sample of the set to use: those before it made the profile.
    int firstSample = 0;
};

/// One plan and its losses, nats per answer token over the dense model, on the choosing samples.
struct RefinedPlan {
    enum class Origin { Estimate, Candidate, Swap, Correction };
    std::vector<int> choice; ///< [group]
    Origin origin = Origin::Candidate;
    double estimated = 0;
    double measured = 0;      ///< mean
    double standardError = 0; ///< of the mean
};
std::string toString(RefinedPlan::Origin origin);

/// What the untouched samples say of two plans.
struct RefineJudgement {
    int samples = 0;
    double before = 0, after = 0; ///< measured, the estimated best and the winner
    double gained = 0;            ///< before − after; its standard error beside it
    double standardError = 0;
};

struct RefineOutcome {
    Completion completion = Completion::Done; ///< cancelled: what was measured so far, no judgement
    std::vector<RefinedPlan> plans;           ///< in the order measured; the first is the estimated best
    std::size_t winner = 0;                   ///< 0 where no other plan was confirmed
    double rankCorrelation = 0;               ///< estimated against measured over `plans`; NaN where constant
    /// Factors on each layer's estimated losses, fitted where the order disagreed; empty: none were.
    std::vector<double> layerFactors;
    std::optional<RefineJudgement> judgement;
};

/// Measures and chooses. A plan other than the estimated best wins only where it is better on the choosing
/// samples and, by more than one standard error of the paired difference, on as many fresh ones. Every plan
/// meets the limits of `options`. Throws as `search`, UsageError for counts below 1 or where no plan meets
/// the limits, and where the length is past the model's context. Progress stage: "refine".
RefineOutcome refinePlan(LanguageModel& model, CalibrationSet& set, const SearchInstance& instance,
                         const SearchOptions& options, const RefineOptions& refine, std::stop_token stop = {},
                         const ProgressFn& progress = {});

/// Factors s [layers] that fit measured ≈ Σ_l s_l · estimated_l over plans, pulled towards their common value
/// and held within [0.2, 5]. `layerLosses` [plans][layers], `measured` [plans]. Public for tests.
std::vector<double> fitLayerFactors(const std::vector<std::vector<double>>& layerLosses,
                                    const std::vector<double>& measured);

} // namespace moa
