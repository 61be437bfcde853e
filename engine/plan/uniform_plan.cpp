#include "engine/plan/uniform_plan.h"

#include "engine/core/error.h"
#include "engine/plan/plan_file.h"

namespace moa {

SparsePlan uniformAtDensity(int layers, int heads, int kvHeads, double density, int sink) {
    if (!(density > 0 && density <= 1)) throw UsageError("density: expected a share above 0 and up to 1");
    if (layers < 1 || heads < 1 || kvHeads < 1)
        throw UsageError("plan: expected at least one layer and head");
    SparsePlan plan = uniformPlan(layers, heads, kvHeads, {0, density}, sink);
    requireWellFormed(plan);
    return plan;
}

} // namespace moa
