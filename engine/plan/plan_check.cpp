#include "engine/plan/plan_check.h"

#include "engine/core/error.h"
#include "engine/core/format.h"
#include "engine/plan/plan_summary.h"

#include <algorithm>
#include <set>

namespace moa {
namespace {

using Problems = std::vector<PlanProblem>;

void checkShape(const SparsePlan& plan, const ModelConfig& model, Problems& problems) {
    const auto compare = [&](const char* code, const char* what, int has, int wanted) {
        if (has != wanted)
            problems.push_back({Severity::Error, code,
                                "the plan has " + std::to_string(has) + " " + what + ", the model " +
                                    std::to_string(wanted)});
    };
    compare("layers", "layers", plan.layers, model.layers);
    compare("heads", "query heads", plan.heads, model.heads);
    compare("kv_heads", "KV heads", plan.kvHeads, model.kvHeads);
}

void checkOrigin(const PlanFile& file, const ModelToFit& model, Problems& problems) {
    const std::string made = file.modelSha256();
    if (!made.empty() && !model.sha256.empty() && made != model.sha256)
        problems.push_back({Severity::Warning, "model",
                            "the plan was made for other weights (" + file.modelName() + ", sha256 " +
                                made.substr(0, 12) + "…)"});
}

/// The passport lists the distinct rules; a list that no longer matches tells that the file was edited by
/// hand.
void checkRuleList(const PlanFile& file, Problems& problems) {
    const nlohmann::json listed = file.passport("rules");
    if (!listed.is_array()) return;
    std::set<Rule> said;
    for (const auto& pair : listed) said.insert({pair[0].get<double>(), pair[1].get<double>()});
    if (said != std::set<Rule>(file.plan.rules.begin(), file.plan.rules.end()))
        problems.push_back(
            {Severity::Warning, "stale_rules",
             "the passport lists other rules than alphas and betas hold: edited after it was made; "
             "its losses and measurements are of the plan before"});
}

void checkLengths(const ModelConfig& model, std::span<const std::int64_t> lengths, Problems& problems) {
    for (const std::int64_t n : lengths)
        if (model.context > 0 && n > model.context)
            problems.push_back({Severity::Note, "context",
                                "length " + std::to_string(n) + " is beyond the model's context of " +
                                    std::to_string(model.context)});
}

/// Rules that ask for less than a sink and one block run with just that.
void checkNarrowRules(const SparsePlan& plan, std::span<const std::int64_t> lengths, Problems& problems) {
    for (const std::int64_t n : lengths) {
        const auto narrow = std::count_if(plan.rules.begin(), plan.rules.end(), [&](const Rule& r) {
            return spanOf(r, n) < std::min<std::int64_t>(plan.sink + kBlock, n);
        });
        if (narrow > 0)
            problems.push_back({Severity::Note, "narrow",
                                "at " + std::to_string(n) + " tokens " + std::to_string(narrow) + " of " +
                                    std::to_string(plan.rules.size()) +
                                    " heads ask for less than the smallest cache of " +
                                    std::to_string(plan.sink + kBlock) + " tokens and get that"});
    }
}

/// What the groups hold over their mean and least, summed over all KV heads, and the share of the whole
/// cache.
struct ExtraCache {
    double overMean = 0, overLeast = 0, share = 0;
};

ExtraCache extraCache(const SparsePlan& plan, const std::vector<Disagreement>& list, std::size_t length,
                      std::int64_t n) {
    ExtraCache extra;
    for (const Disagreement& d : list) {
        extra.overMean += static_cast<double>(d.cost[length].cache) - d.cost[length].mean;
        extra.overLeast += static_cast<double>(d.cost[length].cache - d.cost[length].least);
    }
    const double held =
        plan.density(n) * static_cast<double>(denseCache(n, plan.sink)) * plan.layers * plan.kvHeads;
    extra.share = extra.overMean / held;
    return extra;
}

void checkGroups(const SparsePlan& plan, std::span<const std::int64_t> lengths, Problems& problems) {
    const auto list = disagreements(plan, lengths);
    if (list.empty()) return;
    std::string cost;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        const ExtraCache extra = extraCache(plan, list, i, lengths[i]);
        cost += (i == 0 ? ": at " : "; at ") + std::to_string(lengths[i]) + " tokens " +
                formatFixed(100 * extra.share, 1) + "% of the cache is above the groups' mean";
    }
    problems.push_back({Severity::Warning, "disagreeing_kv_heads",
                        std::to_string(list.size()) + " of " + std::to_string(plan.layers * plan.kvHeads) +
                            " KV heads have query heads with different rules; each holds the widest" + cost});
}

const char* nameOf(Severity severity) {
    switch (severity) {
    case Severity::Error:
        return "error";
    case Severity::Warning:
        return "warning";
    case Severity::Note:
        return "note";
    }
    return "note";
}

nlohmann::json disagreementJson(const Disagreement& d) {
    nlohmann::json rules = nlohmann::json::array(), at = nlohmann::json::object();
    for (const Rule& r : d.rules) rules.push_back({r.alpha, r.beta});
    for (const GroupCost& c : d.cost)
        at[std::to_string(c.n)] = {{"cache", c.cache}, {"mean", c.mean}, {"least", c.least}};
    return {{"layer", d.layer.value}, {"kv_head", d.kvHead.value}, {"rules", rules}, {"at", at}};
}

} // namespace

std::vector<Disagreement> disagreements(const SparsePlan& plan, std::span<const std::int64_t> lengths) {
    for (const std::int64_t n : lengths)
        if (n < 1) throw UsageError("lengths: expected tokens from 1 up, got " + std::to_string(n));
    const std::size_t group = std::size_t(plan.heads / plan.kvHeads);
    std::vector<Disagreement> list;
    for (std::size_t i = 0; i < std::size_t(plan.layers) * plan.kvHeads; ++i) {
        const std::span<const Rule> rules = std::span(plan.rules).subspan(i * group, group);
        if (std::all_of(rules.begin(), rules.end(), [&](const Rule& r) { return r == rules[0]; })) continue;
        Disagreement d{LayerIndex(int(i) / plan.kvHeads),
                       KvHeadIndex(int(i) % plan.kvHeads),
                       {rules.begin(), rules.end()},
                       {}};
        for (const std::int64_t n : lengths) {
            GroupCost cost{n, 0, denseCache(n, plan.sink), 0};
            for (const Rule& r : rules) {
                const std::int64_t c = cacheOf(r, n, plan.sink);
                cost.cache = std::max(cost.cache, c);
                cost.least = std::min(cost.least, c);
                cost.mean += static_cast<double>(c) / static_cast<double>(group);
            }
            d.cost.push_back(cost);
        }
        list.push_back(std::move(d));
    }
    return list;
}

std::vector<PlanProblem> checkPlan(const PlanFile& file, const std::optional<ModelToFit>& model,
                                   std::span<const std::int64_t> lengths) {
    Problems problems;
    if (model) {
        checkShape(file.plan, model->config, problems);
        checkOrigin(file, *model, problems);
        checkLengths(model->config, lengths, problems);
    } else if (!file.kvHeadsKnown) {
        problems.push_back(
            {Severity::Note, "kv_heads_unknown",
             "the file does not say how many KV heads the model has; every query head is counted alone"});
    }
    checkRuleList(file, problems);
    checkGroups(file.plan, lengths, problems);
    checkNarrowRules(file.plan, lengths, problems);
    std::stable_sort(problems.begin(), problems.end(),
                     [](const PlanProblem& a, const PlanProblem& b) { return a.severity < b.severity; });
    return problems;
}

nlohmann::json checkReport(const PlanFile& file, const std::optional<ModelToFit>& model,
                           std::span<const std::int64_t> lengths) {
    using Json = nlohmann::json;
    Json problems = Json::array(), heads = Json::array(), extra = Json::object();
    bool ok = true;
    for (const PlanProblem& p : checkPlan(file, model, lengths)) {
        ok = ok && p.severity != Severity::Error;
        problems.push_back({{"severity", nameOf(p.severity)}, {"code", p.code}, {"message", p.message}});
    }
    const auto list = disagreements(file.plan, lengths);
    for (const Disagreement& d : list) heads.push_back(disagreementJson(d));
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        const ExtraCache cost = extraCache(file.plan, list, i, lengths[i]);
        extra[std::to_string(lengths[i])] = {
            {"over_mean", cost.overMean}, {"over_least", cost.overLeast}, {"share_of_cache", cost.share}};
    }
    return {{"ok", ok}, {"problems", problems}, {"disagreeing", heads}, {"extra_cache_tokens", extra}};
}

} // namespace moa
