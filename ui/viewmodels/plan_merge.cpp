// Rules compared as they are written.
#include "ui/viewmodels/plan_merge.h"

#include <algorithm>

namespace moa {
namespace {

bool isSame(const SparsePlan& a, const SparsePlan& b, HeadRef head) {
    const std::ptrdiff_t group = a.heads / a.kvHeads, first = std::ptrdiff_t(head.layer) * a.heads + head.kvHead * group;
    return std::equal(a.rules.begin() + first, a.rules.begin() + first + group, b.rules.begin() + first);
}

} // namespace

PlanMerge mergePlans(const SparsePlan& base, const SparsePlan& mine, const SparsePlan& theirs) {
    PlanMerge merge;
    for (int l = 0; l < base.layers; ++l)
        for (int g = 0; g < base.kvHeads; ++g) {
            const HeadRef head{l, g};
            const bool iChanged = !isSame(base, mine, head), theyChanged = !isSame(base, theirs, head);
            if (iChanged && theyChanged)
                (isSame(mine, theirs, head) ? merge.both : merge.conflicts).insert(head);
            else if (theyChanged)
                merge.theirs.insert(head);
            else if (iChanged)
                merge.mine.insert(head);
        }
    return merge;
}

std::map<HeadRef, std::vector<Rule>> rulesFrom(const SparsePlan& from, const std::set<HeadRef>& heads) {
    std::map<HeadRef, std::vector<Rule>> rules;
    const int group = from.heads / from.kvHeads;
    for (const HeadRef head : heads)
        for (int h = 0; h < group; ++h) rules[head].push_back(from.rule(LayerIndex(head.layer), HeadIndex(head.kvHead * group + h)));
    return rules;
}

} // namespace moa
