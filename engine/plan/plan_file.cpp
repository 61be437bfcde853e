#include "engine/plan/plan_file.h"

#include "engine/core/error.h"
#include "engine/plan/json_file.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace moa {
namespace {

using Json = nlohmann::json;

/// The largest plausible plan (a few hundred layers and heads, with its measurements) is a few MiB.
constexpr std::uint64_t kMaxPlanBytes = 64u << 20;
constexpr int kMaxLayers = 4096, kMaxHeads = 4096;
/// Rules beyond these are typing mistakes: no context is longer than 2^40 tokens.
constexpr double kMaxAlpha = 1099511627776.0, kMaxBeta = 1e6;

struct RuleGrid {
    int layers = 0, heads = 0;
    std::vector<double> values; ///< [L][H]
};

RuleGrid readGrid(const Json& document, const char* key, double most, const jsonfile::Place& root) {
    const jsonfile::Place place = root / key;
    const Json& rows = place.array(root.member(document, key, "an array of one row per layer"),
                                   "an array of one row per layer");
    if (rows.empty() || rows.size() > std::size_t(kMaxLayers))
        place.fail("1 to " + std::to_string(kMaxLayers) + " layers, it has " + std::to_string(rows.size()));
    RuleGrid grid;
    grid.layers = static_cast<int>(rows.size());
    for (std::size_t l = 0; l < rows.size(); ++l) {
        const Json& row = place[l].array(rows[l], "an array of one number per query head");
        if (row.empty() || row.size() > std::size_t(kMaxHeads))
            place[l].fail("1 to " + std::to_string(kMaxHeads) + " heads, it has " +
                          std::to_string(row.size()));
        if (l == 0) grid.heads = static_cast<int>(row.size());
        if (row.size() != std::size_t(grid.heads))
            place[l].fail(std::to_string(grid.heads) + " heads as in the first layer, it has " +
                          std::to_string(row.size()));
        for (std::size_t h = 0; h < row.size(); ++h) {
            const double x = place[l][h].number(row[h]);
            if (std::abs(x) > most) place[l][h].fail("a number between ±" + Json(most).dump());
            grid.values.push_back(x);
        }
    }
    return grid;
}

/// Throws when the passport was written by a program whose files we cannot read.
void checkVersion(const Json& passport, const jsonfile::Place& place) {
    const std::int64_t version =
        (place / "version")
            .integer(place.member(passport, "version", "the passport's version"), 1, 1'000'000);
    if (version <= kPassportVersion) return;
    const auto from = passport.find("readable_from");
    if (from != passport.end() && (place / "readable_from").integer(*from, 1, version) <= kPassportVersion)
        return;
    (place / "version")
        .fail("at most " + std::to_string(kPassportVersion) + ", it is " + std::to_string(version) +
              ": the plan was written by a newer version of this program");
}

void checkMember(const Json& object, const char* key, Json::value_t type, const char* what,
                 const jsonfile::Place& place) {
    const auto found = object.find(key);
    if (found != object.end() && found->type() != type) (place / key).fail(what);
}

/// Checks the informative parts of a passport, so that readers may rely on their types.
void checkPassportParts(const Json& passport, const jsonfile::Place& place) {
    for (const char* key : {"model", "profile", "search"})
        checkMember(passport, key, Json::value_t::object, "an object", place);
    checkMember(passport, "measurements", Json::value_t::array, "an array", place);
    if (const auto model = passport.find("model"); model != passport.end()) {
        for (const char* key : {"name", "sha256"})
            checkMember(*model, key, Json::value_t::string, "a string", place / "model");
        if (const auto dim = model->find("head_dim"); dim != model->end())
            (place / "model" / "head_dim").integer(*dim, 1, 1 << 20);
    }
    if (const auto rules = passport.find("rules"); rules != passport.end()) {
        const jsonfile::Place at = place / "rules";
        at.array(*rules, "an array of [alpha, beta] pairs");
        for (std::size_t r = 0; r < rules->size(); ++r) {
            if (!(*rules)[r].is_array() || (*rules)[r].size() != 2) at[r].fail("a pair [alpha, beta]");
            for (std::size_t i = 0; i < 2; ++i) at[r][i].number((*rules)[r][i]);
        }
    }
}

void readPassport(const Json& passport, const jsonfile::Place& place, SparsePlan& plan) {
    if (!passport.is_object()) place.fail("an object");
    checkVersion(passport, place);
    plan.kvHeads = static_cast<int>(
        (place / "kv_heads")
            .integer(place.member(passport, "kv_heads", "the number of KV heads"), 1, plan.heads));
    if (plan.heads % plan.kvHeads != 0)
        (place / "kv_heads")
            .fail("a divisor of the " + std::to_string(plan.heads) + " query heads, it is " +
                  std::to_string(plan.kvHeads));
    if (const auto block = passport.find("block"); block != passport.end())
        (place / "block").integer(*block, kBlock, kBlock);
    if (const auto sink = passport.find("sink"); sink != passport.end()) {
        plan.sink = static_cast<int>((place / "sink").integer(*sink, 0, kMaxSinkBlocks * kBlock));
        if (plan.sink % kBlock != 0)
            (place / "sink").fail("a multiple of 64 from 0 to 256, it is " + std::to_string(plan.sink));
    }
    checkPassportParts(passport, place);
}

/// The distinct rules of a plan as [[alpha, beta] …], in rising order: the format search instances use.
Json distinctRules(const SparsePlan& plan) {
    const std::set<std::pair<double, double>> distinct = [&] {
        std::set<std::pair<double, double>> rules;
        for (const Rule& r : plan.rules) rules.emplace(r.alpha, r.beta);
        return rules;
    }();
    Json out = Json::array();
    for (const auto& [alpha, beta] : distinct) out.push_back(Json::array({alpha, beta}));
    return out;
}

/// A member of `object`, or null; safe on anything.
Json memberOrNull(const Json& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? Json(nullptr) : *found;
}

} // namespace

nlohmann::json PlanFile::passport(std::string_view key) const {
    return memberOrNull(memberOrNull(document, kPassportKey), key);
}

std::string PlanFile::modelName() const {
    const Json name = memberOrNull(passport("model"), "name");
    return name.is_string() ? name.get<std::string>() : "";
}

std::string PlanFile::modelSha256() const {
    const Json hash = memberOrNull(passport("model"), "sha256");
    return hash.is_string() ? hash.get<std::string>() : "";
}

int PlanFile::headDim() const {
    const Json dim = memberOrNull(passport("model"), "head_dim");
    return dim.is_number() ? dim.get<int>() : 0;
}

PlanFile makePlanFile(const SparsePlan& plan, const Passport& passport) {
    PlanFile file{plan, Json::object(), true};
    Json model = {{"name", passport.modelName}, {"sha256", passport.modelSha256}};
    if (passport.headDim > 0) model["head_dim"] = passport.headDim;
    file.document[kPassportKey] = {{"version", kPassportVersion},
                                   {"model", std::move(model)},
                                   {"profile", passport.profile},
                                   {"search", passport.search},
                                   {"measurements", passport.measurements}};
    file.document = planDocument(file);
    return file;
}

void addMeasurement(PlanFile& file, nlohmann::json measurement) {
    if (!file.kvHeadsKnown) throw UsageError("plan: expected known KV heads before a measurement is added");
    Json& passport = file.document[kPassportKey];
    if (!passport.is_object()) passport = Json::object();
    Json& list = passport["measurements"];
    if (!list.is_array()) list = Json::array();
    list.push_back(std::move(measurement));
}

PlanFile readPlan(const std::string& path, std::optional<int> kvHeads) {
    return parsePlan(jsonfile::readText(path, kMaxPlanBytes), path, kvHeads);
}

PlanFile parsePlan(std::string_view text, const std::string& name, std::optional<int> kvHeads) {
    PlanFile file;
    file.document = jsonfile::parse(text, name);
    const jsonfile::Place root(name);
    if (!file.document.is_object()) root.fail("an object with alphas and betas");
    const RuleGrid alphas = readGrid(file.document, "alphas", kMaxAlpha, root);
    const RuleGrid betas = readGrid(file.document, "betas", kMaxBeta, root);
    if (alphas.layers != betas.layers || alphas.heads != betas.heads)
        (root / "betas")
            .fail(std::to_string(alphas.layers) + " × " + std::to_string(alphas.heads) +
                  " numbers as in alphas, it has " + std::to_string(betas.layers) + " × " +
                  std::to_string(betas.heads));
    SparsePlan& plan = file.plan;
    plan.layers = alphas.layers;
    plan.heads = alphas.heads;
    plan.rules.resize(alphas.values.size());
    for (std::size_t i = 0; i < plan.rules.size(); ++i) plan.rules[i] = {alphas.values[i], betas.values[i]};
    if (const auto passport = file.document.find(kPassportKey); passport != file.document.end()) {
        readPassport(*passport, root / kPassportKey, plan);
        return file;
    }
    plan.kvHeads = kvHeads.value_or(plan.heads);
    file.kvHeadsKnown = kvHeads.has_value();
    if (plan.kvHeads < 1 || plan.heads % plan.kvHeads != 0)
        root.fail("query heads per layer to be a multiple of " + std::to_string(plan.kvHeads) +
                  " KV heads, it has " + std::to_string(plan.heads));
    return file;
}

nlohmann::json planDocument(const PlanFile& file) {
    const SparsePlan& plan = file.plan;
    requireWellFormed(plan);
    Json document = file.document.is_object() ? file.document : Json::object();
    Json alphas = Json::array(), betas = Json::array();
    for (int l = 0; l < plan.layers; ++l) {
        Json alphaRow = Json::array(), betaRow = Json::array();
        for (int h = 0; h < plan.heads; ++h) {
            const Rule& rule = plan.rule(LayerIndex(l), HeadIndex(h));
            alphaRow.push_back(rule.alpha);
            betaRow.push_back(rule.beta);
        }
        alphas.push_back(std::move(alphaRow));
        betas.push_back(std::move(betaRow));
    }
    document["alphas"] = std::move(alphas);
    document["betas"] = std::move(betas);
    // A published file read with unknown KV heads gets no passport: it would state a guess as a fact.
    if (!file.kvHeadsKnown && !document.contains(kPassportKey)) return document;
    Json& passport = document[kPassportKey];
    if (!passport.is_object()) passport = Json::object();
    const Json version = memberOrNull(passport, "version");
    if (!version.is_number() || version.get<double>() < kPassportVersion)
        passport["version"] = kPassportVersion;
    passport["kv_heads"] = plan.kvHeads;
    passport["sink"] = plan.sink;
    passport["block"] = kBlock;
    passport["rules"] = distinctRules(plan);
    for (const char* key : {"model", "profile", "search"})
        if (!passport.contains(key)) passport[key] = Json::object();
    if (!passport.contains("measurements")) passport["measurements"] = Json::array();
    return document;
}

std::string planText(const PlanFile& file) {
    return jsonfile::text(planDocument(file));
}

void writePlan(const std::string& path, const PlanFile& file) {
    jsonfile::writeAtomically(path, planText(file));
}

void requireWellFormed(const SparsePlan& plan) {
    const bool shape = plan.layers >= 1 && plan.layers <= kMaxLayers && plan.heads >= 1 &&
                       plan.heads <= kMaxHeads && plan.kvHeads >= 1 && plan.heads % plan.kvHeads == 0 &&
                       plan.rules.size() == std::size_t(plan.layers) * std::size_t(plan.heads);
    if (!shape)
        throw UsageError("plan: expected one rule per layer and query head, and KV heads that divide them");
    if (plan.sink < 0 || plan.sink > kMaxSinkBlocks * kBlock || plan.sink % kBlock != 0)
        throw UsageError("plan: expected a sink that is a multiple of 64 from 0 to 256");
    const bool finite = std::all_of(plan.rules.begin(), plan.rules.end(), [](const Rule& r) {
        return std::isfinite(r.alpha) && std::isfinite(r.beta) && std::abs(r.alpha) <= kMaxAlpha &&
               std::abs(r.beta) <= kMaxBeta;
    });
    if (!finite) throw UsageError("plan: expected finite rules");
}

} // namespace moa
