// From a search's outcome to a plan file with its passport.
#pragma once

#include "engine/core/profile_data.h"
#include "engine/plan/plan_file.h"
#include "engine/search/loss_tables.h"
#include "engine/search/search.h"
#include "store/history/records.h"

#include <nlohmann/json.hpp>

#include <string>

namespace moa::cli {

/// Where a plan's numbers come from.
struct PlanOrigin {
    std::string profilePath; ///< empty: no profile (a bare instance)
    const ProfileData* profile = nullptr;
    int headDim = 0; ///< 0: not known
    std::string estimate;
    SearchOptions options;
};

/// {"1024": value, …}.
nlohmann::json byLength(const std::map<int, double>& values);
/// What a search found, for results and passports: loss, density, objective, bound, gap, seconds, status.
nlohmann::json outcomeJson(const SearchOutcome& outcome);

/// The plan of `outcome` with its passport.
PlanFile planFromSearch(const SearchInstance& instance, const SearchOutcome& outcome,
                        const PlanOrigin& origin);
/// The history row of one solve; `file` null: no plan.
SearchRecord searchRecord(const SearchOutcome& outcome, const PlanOrigin& origin, const std::string& path,
                          const PlanFile* file);

} // namespace moa::cli
