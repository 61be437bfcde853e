#include "app/cli/search_results.h"

#include "app/cli/text_table.h"

#include "engine/core/format.h"

#include <cmath>

namespace moa::cli {

using nlohmann::json;

namespace {

/// JSON has no infinities.
json finite(double value) {
    return std::isfinite(value) ? json(value) : json();
}

std::string orDash(const json& value, double factor, int decimals, const char* unit = "") {
    return value.is_number() ? formatFixed(factor * value.get<double>(), decimals) + unit : "–";
}

json ruleJson(const SearchInstance& instance, int rule) {
    return {instance.rules[rule].alpha, instance.rules[rule].beta};
}

std::string plansTable(const json& plans) {
    std::vector<std::string> header{"plan"};
    for (const auto& [length, x] : plans[0]["loss"].items()) header.push_back("loss " + length);
    for (const auto& [length, x] : plans[0]["density"].items()) header.push_back("density " + length);
    for (const char* name : {"bound", "gap", "rules", "seconds"}) header.push_back(name);
    TextTable table(header);
    for (const json& plan : plans) {
        std::vector<std::string> row{plan["file"].is_null() ? "(not written)"
                                                            : plan["file"].get<std::string>()};
        for (const auto& [length, x] : plan["loss"].items()) row.push_back(formatFixed(x.get<double>(), 5));
        for (const auto& [length, x] : plan["density"].items())
            row.push_back(formatFixed(x.get<double>(), 4));
        row.push_back(orDash(plan["bound"], 1, 5));
        row.push_back(orDash(plan["gap"], 100, 2, "%"));
        row.push_back(std::to_string(plan["rules"].get<int>()));
        row.push_back(formatFixed(plan["seconds"].get<double>(), 3));
        table.add(std::move(row));
    }
    return table.text();
}

std::string solversTable(const json& plan) {
    TextTable table({"solver", "status", "objective", "bound", "seconds"});
    for (const json& solver : plan["solvers"])
        table.add({solver["solver"].get<std::string>(), solver["status"].get<std::string>(),
                   orDash(solver["objective"], 1, 6), orDash(solver["bound"], 1, 6),
                   orDash(solver["seconds"], 1, 3)});
    return table.text() +
           keyValueLines({{"difference", orDash(plan.value("difference", json()), 1, 9, " nats")}});
}

std::string retrievalTable(const json& result) {
    TextTable table({"plan", "task", "length", "right", "accuracy"});
    const auto rows = [&](const std::string& name, const json& cells) {
        for (const json& cell : cells)
            table.add(
                {name, cell["task"].get<std::string>(), std::to_string(cell["length"].get<int>()),
                 std::to_string(cell["right"].get<int>()) + "/" + std::to_string(cell["asked"].get<int>()),
                 orDash(cell["accuracy"], 1, 3)});
    };
    rows("dense", result["dense_retrieval"]);
    for (const json& plan : result["plans"])
        if (plan.contains("retrieval")) rows(plan["granularity"].get<std::string>(), plan["retrieval"]);
    return table.text();
}

std::string refineTable(const json& refine) {
    TextTable table({"plan", "estimated, nats", "measured, nats", "±"});
    std::size_t k = 0;
    for (const json& plan : refine["plans"])
        table.add(
            {plan["origin"].get<std::string>() + (k++ == refine["winner"].get<std::size_t>() ? " *" : ""),
             orDash(plan["estimated"], 1, 5), orDash(plan["measured"], 1, 5),
             orDash(plan["standard_error"], 1, 5)});
    std::string text = table.text();
    if (refine["judged"].is_null()) return text;
    const json& judged = refine["judged"];
    return text + keyValueLines({{"judged on", judged["samples"].dump() + " unseen samples"},
                                 {"before, after", orDash(judged["before"], 1, 5) + ", " +
                                                       orDash(judged["after"], 1, 5) + " nats"},
                                 {"gained", orDash(judged["gained"], 1, 5) + " ± " +
                                                orDash(judged["standard_error"], 1, 5) + " nats"}});
}

} // namespace

void addSolvers(json& plan, const SearchOutcome& outcome) {
    std::vector<double> objectives;
    for (const SolverReport& report : outcome.solvers) {
        plan["solvers"].push_back({{"solver", toString(report.solver)},
                                   {"status", toString(report.status)},
                                   {"objective", report.objective ? json(*report.objective) : json()},
                                   {"bound", finite(report.lowerBound)},
                                   {"seconds", report.seconds}});
        if (report.objective) objectives.push_back(*report.objective);
    }
    plan["difference"] = objectives.size() == 2 ? json(objectives[1] - objectives[0]) : json();
}

json pricesJson(const std::vector<ShadowPrice>& prices) {
    json out = json::array();
    for (const ShadowPrice& price : prices)
        out.push_back({{"limit", price.limit},
                       {"length", price.length},
                       {"side", price.upper ? "upper" : "lower"},
                       {"step", price.step},
                       {"unit", price.unit},
                       {"nats", price.nats},
                       {"text", price.text}});
    return out;
}

json headsJson(const SearchInstance& instance, const std::vector<int>& choice,
               const std::vector<HeadSensitivity>& heads) {
    const auto step = [&](const std::optional<RuleStep>& s) {
        return s ? json{{"rule", ruleJson(instance, s->rule)}, {"loss", s->loss}, {"density", s->density}}
                 : json();
    };
    json out = json::array();
    for (std::size_t g = 0; g < heads.size(); ++g)
        out.push_back({{"layer", static_cast<int>(g) / instance.kvHeads},
                       {"kv_head", static_cast<int>(g) % instance.kvHeads},
                       {"rule", ruleJson(instance, choice[g])},
                       {"wider", step(heads[g].wider)},
                       {"narrower", step(heads[g].narrower)}});
    return out;
}

json retrievalJson(const std::vector<RetrievalRow>& rows, std::size_t mask) {
    json out = json::array();
    for (const RetrievalRow& row : rows)
        out.push_back({{"task", row.task},
                       {"length", row.length},
                       {"accuracy", row.scores[mask].accuracy()},
                       {"asked", row.scores[mask].asked},
                       {"right", row.scores[mask].right}});
    return out;
}

json refineJson(const RefineOutcome& outcome) {
    json plans = json::array();
    for (const RefinedPlan& plan : outcome.plans)
        plans.push_back({{"origin", toString(plan.origin)},
                         {"estimated", plan.estimated},
                         {"measured", plan.measured},
                         {"standard_error", plan.standardError}});
    json judged;
    if (const auto& j = outcome.judgement)
        judged = {{"samples", j->samples},
                  {"before", j->before},
                  {"after", j->after},
                  {"gained", j->gained},
                  {"standard_error", j->standardError}};
    return {{"plans", plans},
            {"winner", outcome.winner},
            {"rank_correlation", finite(outcome.rankCorrelation)},
            {"layer_factors", outcome.layerFactors},
            {"judged", judged}};
}

std::string describeSearch(const json& result) {
    std::string text;
    if (!result["plans"].empty()) {
        const json& first = result["plans"][0];
        text = plansTable(result["plans"]);
        if (first.contains("solvers")) text += solversTable(first);
        if (first.contains("prices"))
            for (const json& price : first["prices"]) text += price["text"].get<std::string>() + "\n";
        if (result.contains("dense_retrieval")) text += retrievalTable(result);
    }
    if (result.contains("without_plan"))
        for (const auto& [name, why] : result["without_plan"].items())
            text += keyValueLines({{name, "no plan: " + why.get<std::string>()}});
    if (result.contains("refine")) text += refineTable(result["refine"]);
    return text.empty() ? text : text + keyValueLines({{"status", result["status"].get<std::string>()}});
}

} // namespace moa::cli
