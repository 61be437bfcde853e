#include "app/cli/plan_making.h"

#include "engine/loader/sha256.h"

#include <cmath>
#include <filesystem>

namespace moa::cli {

using nlohmann::json;

namespace {

/// JSON has no infinities.
json finite(double value) {
    return std::isfinite(value) ? json(value) : json();
}

} // namespace

json byLength(const std::map<int, double>& values) {
    json out = json::object();
    for (const auto& [length, value] : values) out[std::to_string(length)] = value;
    return out;
}

json outcomeJson(const SearchOutcome& outcome) {
    return {{"loss", byLength(outcome.loss)}, {"density", byLength(outcome.density)},
            {"objective", outcome.objective}, {"bound", finite(outcome.lowerBound)},
            {"gap", finite(outcome.gap)},     {"seconds", outcome.seconds},
            {"rules", outcome.distinctRules}, {"status", toString(outcome.status)}};
}

namespace {

/// The limits of a search, for whoever wants to search under them again.
json boundsJson(const SearchOptions& options) {
    json loss = json::object();
    for (const auto& [length, limit] : options.lossLimits)
        if (limit.upper) loss[std::to_string(length)] = *limit.upper;
    json bounds = {{"min_density_share", options.minDensityShare},
                   {"density_at", byLength(options.densityAt)},
                   {"max_loss", loss},
                   {"rules_per_layer", options.rulesPerLayer},
                   {"objective_length", options.objectiveLength}};
    bounds["density"] = options.density.value_or(1.0);
    return bounds;
}

/// Everything that bound it, for its row.
json limitsJson(const SearchOptions& options) {
    json limits = boundsJson(options);
    limits["min_density_share_at"] = byLength(options.minDensityShareAt);
    limits["pins"] = json::array();
    for (const Pin& pin : options.pins)
        limits["pins"].push_back({{"layer", pin.layer},
                                  {"kv_head", pin.kvHead},
                                  {"kind", pin.kind == Pin::Kind::Exact     ? "exact"
                                           : pin.kind == Pin::Kind::MinSpan ? "min_span"
                                                                            : "max_span"},
                                  {"alpha", pin.rule.alpha},
                                  {"beta", pin.rule.beta},
                                  {"span", pin.span},
                                  {"length", pin.length}});
    if (options.kvLimit)
        limits["kv_bytes"] = {{"bytes", options.kvLimit->bytes}, {"batch", options.kvLimit->batch}};
    if (options.decodeTime) limits["decode_seconds"] = options.decodeTime->seconds;
    return limits;
}

} // namespace

PlanFile planFromSearch(const SearchInstance& instance, const SearchOutcome& outcome,
                        const PlanOrigin& origin) {
    Passport passport;
    passport.headDim = origin.headDim;
    passport.search = outcomeJson(outcome);
    passport.search["estimate"] = origin.estimate;
    passport.search["granularity"] = toString(origin.options.granularity);
    passport.search["solver"] = toString(origin.options.solver);
    passport.search["objective_length"] =
        origin.options.objectiveLength ? origin.options.objectiveLength : instance.lengths.back();
    passport.search["bounds"] = boundsJson(origin.options);
    if (origin.options.density) passport.search["density_bound"] = *origin.options.density;
    int heads = instance.kvHeads;
    if (const ProfileData* profile = origin.profile) {
        heads = profile->heads;
        passport.modelName = profile->modelName;
        passport.modelSha256 = profile->modelSha256;
        json samples = json::object();
        for (const auto& [length, at] : profile->lengths) samples[std::to_string(length)] = at.samples;
        passport.profile = {{"file", std::filesystem::path(origin.profilePath).filename().string()},
                            {"samples", samples},
                            {"calibration", profile->calibration},
                            {"tool_version", profile->toolVersion}};
    }
    return makePlanFile(toPlan(instance, outcome.choice, heads), passport);
}

SearchRecord searchRecord(const SearchOutcome& outcome, const PlanOrigin& origin, const std::string& path,
                          const PlanFile* file) {
    SearchRecord record;
    if (file) {
        const std::string text = planText(*file);
        record.plan = PlanRef{std::filesystem::path(path).filename().string(), text, sha256OfText(text), "search", {}};
    }
    record.limits = limitsJson(origin.options).dump();
    record.estimate = origin.estimate;
    record.granularity = toString(origin.options.granularity);
    record.solver = toString(origin.options.solver);
    record.objectiveLength = origin.options.objectiveLength;
    record.densityBound = origin.options.density;
    if (outcome.hasPlan()) record.loss = outcome.objective;
    if (std::isfinite(outcome.lowerBound)) record.bound = outcome.lowerBound;
    if (std::isfinite(outcome.gap)) record.gap = outcome.gap;
    record.seconds = outcome.seconds;
    record.status = toString(outcome.status);
    return record;
}

} // namespace moa::cli
