// Two plans that come from one, brought together head by head: where only one of them changed a head's rules, its rules are
// taken; where both did, in different ways, somebody must choose. Plain values.
#pragma once

#include "engine/core/plan.h"
#include "ui/viewmodels/selection_model.h"

#include <map>
#include <set>
#include <vector>

namespace moa {

struct PlanMerge {
    std::set<HeadRef> theirs;    ///< only they changed: taken over
    std::set<HeadRef> mine;      ///< only mine changed: stays
    std::set<HeadRef> both;      ///< both changed alike
    std::set<HeadRef> conflicts; ///< both changed, in different ways
};

/// Of three plans of one shape. Sinks are not merged: mine stays.
PlanMerge mergePlans(const SparsePlan& base, const SparsePlan& mine, const SparsePlan& theirs);

/// Rules of `from` for these heads, one a query head of the group.
std::map<HeadRef, std::vector<Rule>> rulesFrom(const SparsePlan& from, const std::set<HeadRef>& heads);

} // namespace moa
