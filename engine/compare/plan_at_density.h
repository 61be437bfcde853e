// The plan that a search finds at one length and density, for measurements over many of both.
#pragma once

#include "engine/core/model_config.h"
#include "engine/core/plan.h"
#include "engine/core/profile_data.h"
#include "engine/search/loss_tables.h"

#include <optional>
#include <stop_token>
#include <vector>

namespace moa {

struct PlanRequest {
    int length = 0;       ///< a length that the profile holds
    double density = 1;   ///< most of the dense cache that the plan's caches hold at `length`
    Estimate estimate = Estimate::Joint;
    double seconds = 5;   ///< of search
};

/// The plan of least estimated loss; everything at density 1; nothing where no plan is so small. Throws as
/// makeInstance().
std::optional<SparsePlan> planAtDensity(const ProfileData& profile, const PlanRequest& request, const std::stop_token& stop);

/// Throws UsageError unless the profile has the model's shape and holds every length: what a head needs at a length that
/// was not profiled is not known.
void checkProfiled(const ProfileData& profile, const ModelConfig& config, const std::vector<int>& lengths);

} // namespace moa
