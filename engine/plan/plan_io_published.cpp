#include "engine/plan/plan_io_published.h"

#include "engine/plan/json_file.h"

#include <filesystem>

namespace moa {

PlanFile importPublished(const std::string& path, std::optional<int> kvHeads) {
    PlanFile file = readPlan(path, kvHeads);
    if (file.hasPassport() || !file.kvHeadsKnown) return file;
    file.document[kPassportKey] = {
        {"search",
         {{"imported", "published MoA plan"}, {"file", std::filesystem::path(path).filename().string()}}}};
    file.document = planDocument(file);
    return file;
}

std::string publishedText(const SparsePlan& plan) {
    PlanFile bare;
    bare.plan = plan;
    bare.kvHeadsKnown = false; // no passport
    return planText(bare);
}

void exportPublished(const std::string& path, const SparsePlan& plan) {
    jsonfile::writeAtomically(path, publishedText(plan));
}

} // namespace moa
