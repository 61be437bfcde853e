// What a run would take in memory before anything is loaded, as pure arithmetic on the GUI thread.
#pragma once

#include "ui/jobs/values.h"

#include <optional>

namespace moa {

struct EstimateInput {
    ModelFacts model;
    std::optional<SparsePlan> plan; ///< none: dense alone
    std::int64_t length = 4096;     ///< N, tokens
    int batch = 1;
    bool onCard = false;
    quint64 usableBytes = 0; ///< on the device, with no model loaded; 0: not known
};

struct RunEstimate {
    MemoryParts dense, plan;
    std::vector<quint64> denseByLayer, planByLayer; ///< KV of the whole batch
    /// Longest N that fits, at most the context; 0: none does. Without a known limit: the context.
    std::int64_t longestDense = 0, longestPlan = 0;
    /// Total bytes at lengths from 1,024 (a sixteenth of a short context) to the context, ascending.
    std::vector<std::pair<std::int64_t, quint64>> denseCurve, planCurve;
};

RunEstimate estimateRun(const EstimateInput& input);

} // namespace moa
