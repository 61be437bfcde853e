// Validation of plans at a length they were not made for: the loss on answers the dense model wrote itself. The
// plan with the lowest answer loss wins (docs/method.md, "Optimisation").
#pragma once

#include "engine/compare/answering.h"
#include "engine/core/plan.h"
#include "engine/tasks/calibration.h"
#include "engine/tasks/score.h"

#include <functional>
#include <string>
#include <vector>

namespace moa {

struct ValidationOptions {
    int length = 8192;
    int samples = 8;
    bool heads = false;            ///< also measure every KV head alone (docs/cli.md, --heads)
};

/// One KV head narrowed to the plan's window, everything else dense.
struct HeadLoss {
    LayerIndex layer;
    KvHeadIndex kvHead;
    double measured = 0;  ///< nats per answer token over dense
    double estimated = 0; ///< first-order: mean over samples of |Σ_i C_i(w)| on the same samples
};

struct PlanValidation {
    double answerNll = 0, denseAnswerNll = 0; ///< nats per answer token, mean over samples
    Score retrieval;                          ///< whole answers kept
    double agreement = 0;                     ///< share of the dense model's greedy tokens that the plan keeps
    double density = 0;
    std::vector<double> increases;            ///< [sample] nats per answer token over dense; their mean is the loss increase
    std::vector<HeadLoss> heads;
    double headCorrelation = 0;               ///< Spearman, measured against estimated

    /// Of the mean loss increase; 0 with fewer than two samples.
    double standardError() const;
};

struct ValidationOutcome {
    Completion completion = Completion::Done;
    std::vector<PlanValidation> plans;
    std::size_t best = 0; ///< least answerNll
    int samples = 0;      ///< finished
};

/// Sees the means so far after each sample, on the caller's thread; without heads.
using ValidationSampleFn = std::function<void(const ValidationOutcome& soFar)>;

/// Samples come from `set` at the nominal length. A cancelled run keeps the means of the finished samples.
ValidationOutcome validatePlans(LanguageModel& model, CalibrationSet& set, const std::vector<SparsePlan>& plans,
                                const ValidationOptions& options, std::stop_token stop, const ProgressFn& progress,
                                const ValidationSampleFn& onSample = {});

} // namespace moa
