// Where a plan comes from and what became of it: the profile, the search, the plans it was edited or copied
// from and into, and the runs that used them.
#pragma once

#include "store/history/history.h"

#include <cstddef>
#include <string>
#include <vector>

namespace moa {

struct LineageNode {
    enum class Kind { Profile, Run, Plan };
    Kind kind = Kind::Plan;
    std::int64_t id = 0;  ///< a RunId, a PlanId or the row of a profile
    std::string label;    ///< name of a plan, path of a profile, command of a run
    std::string detail;   ///< origin of a plan, calibration of a profile, status of a run
    TimePoint when{};     ///< 0: not known
    int depth = 0;        ///< longest way from a node that nothing leads to
    bool isFocus = false; ///< the plan that was asked for
};

struct LineageEdge {
    std::size_t from = 0, to = 0; ///< indices into nodes
    std::string kind; ///< "profiled", "searched", "found", "edited" (or another origin), "copied", "used"
};

struct Lineage {
    std::vector<LineageNode> nodes;
    std::vector<LineageEdge> edges;
    std::int64_t omittedRuns = 0; ///< uses beyond the newest of each plan
};

/// At most 200 plans around `plan`, and the newest `usesOfEach` runs of each. Throws UsageError for a plan
/// that is not there.
Lineage lineageOf(History& history, PlanId plan, int usesOfEach = 8);

} // namespace moa
