// `moa search`: from a profile (or a bare instance) to plans, with bound and gap.
#include "app/cli/commands/commands.h"
#include "app/cli/plan_making.h"
#include "app/cli/search_flags.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/plan/tables_file.h"
#include "engine/profile/profile_file.h"
#include "engine/search/pareto.h"

#include <cmath>
#include <filesystem>

namespace moa::cli {
namespace {

struct Flags : SearchFlags {
    std::string model;
    int headDim = 0;
};

SearchInstance instanceFromTables(const std::string& path) {
    const SearchTables tables = readSearchTables(path);
    SearchInstance instance;
    instance.layers = tables.layers;
    instance.kvHeads = tables.kvHeads;
    instance.rules = tables.rules;
    instance.lengths = tables.lengths;
    instance.extraDensityLengths = tables.extraDensityLengths;
    instance.loss = tables.loss;
    instance.density = tables.density;
    completeInstance(instance);
    return instance;
}

std::string numbered(const std::string& path, std::size_t number) {
    const std::filesystem::path p(path);
    return (p.parent_path() / (p.stem().string() + "-" + std::to_string(number) + p.extension().string()))
        .string();
}

std::string describe(const Json& result) {
    if (result["plans"].empty()) return "";
    const Json& first = result["plans"][0];
    std::vector<std::string> header{"plan"};
    for (const auto& [length, x] : first["loss"].items()) header.push_back("loss " + length);
    for (const auto& [length, x] : first["density"].items()) header.push_back("density " + length);
    for (const char* name : {"bound", "gap", "rules", "seconds"}) header.push_back(name);
    TextTable table(header);
    for (const Json& plan : result["plans"]) {
        std::vector<std::string> row{plan["file"].is_null() ? "(not written)"
                                                            : plan["file"].get<std::string>()};
        for (const auto& [length, x] : plan["loss"].items()) row.push_back(formatFixed(x.get<double>(), 5));
        for (const auto& [length, x] : plan["density"].items())
            row.push_back(formatFixed(x.get<double>(), 4));
        row.push_back(plan["bound"].is_null() ? "–" : formatFixed(plan["bound"].get<double>(), 5));
        row.push_back(plan["gap"].is_null() ? "–" : formatFixed(100 * plan["gap"].get<double>(), 2) + "%");
        row.push_back(std::to_string(plan["rules"].get<int>()));
        row.push_back(formatFixed(plan["seconds"].get<double>(), 3));
        table.add(std::move(row));
    }
    return table.text() + keyValueLines({{"status", result["status"].get<std::string>()}});
}

class SearchCommand {
public:
    SearchCommand(const Flags& flags, CliContext& cli) : m_flags(flags), m_cli(cli) {}

    ExitCode run() {
        if (m_flags.profile.empty() == m_flags.tables.empty())
            throw UsageError("give a profile, or --tables with a search instance");
        if (m_flags.out.empty() && m_flags.tables.empty())
            throw UsageError("-o names the plan file to write");
        int headDim = m_flags.headDim;
        if (!m_flags.model.empty()) headDim = m_cli.loadFiles(m_flags.model)->config.headDim;
        m_origin.options = searchOptions(m_flags, headDim, m_cli.options.seed);
        m_origin.headDim = headDim;
        m_origin.estimate = m_flags.tables.empty() ? m_flags.estimate : "tables";
        if (m_flags.tables.empty()) {
            m_profile = readProfile(m_flags.profile, false);
            m_origin.profile = &m_profile;
            m_origin.profilePath = m_flags.profile;
            m_instance = makeInstance(m_profile, tableOptions(m_flags, m_origin.options));
        } else {
            m_instance = instanceFromTables(m_flags.tables);
        }
        begin();
        return m_flags.pareto ? paretoPlans() : onePlan();
    }

private:
    void begin() {
        RunSubject subject{.command = "search"};
        subject.seed = m_cli.options.seed;
        subject.settings = {{"estimate", m_origin.estimate},
                            {"granularity", m_flags.granularity},
                            {"solver", m_flags.solver},
                            {"rules_per_layer", m_flags.rulesPerLayer},
                            {"min_density_share", m_flags.minDensityShare},
                            {"objective", m_flags.objective},
                            {"pareto", m_flags.pareto}};
        if (m_origin.options.density) subject.settings["density"] = *m_origin.options.density;
        if (m_origin.profile) {
            ProfileRef ref{m_flags.profile, "", m_instance.lengths, m_profile.lengths.begin()->second.samples,
                           m_profile.calibration};
            subject.profile = ref;
        }
        m_cli.beginRun(subject);
    }

    /// Writes the plan and appends it to the result.
    void add(const SearchOutcome& outcome, const std::string& path) {
        Json plan = outcomeJson(outcome);
        plan["file"] = path.empty() ? Json() : Json(path);
        const PlanFile file = planFromSearch(m_instance, outcome, m_origin);
        if (!m_flags.tables.empty()) plan["choice"] = outcome.choice;
        if (outcome.solvers.size() > 1)
            for (const SolverReport& report : outcome.solvers)
                plan["solvers"].push_back(
                    {{"solver", toString(report.solver)},
                     {"status", toString(report.status)},
                     {"objective", report.objective ? Json(*report.objective) : Json()},
                     {"bound", std::isfinite(report.lowerBound) ? Json(report.lowerBound) : Json()},
                     {"seconds", report.seconds}});
        if (!path.empty()) writePlan(path, file);
        m_end.searches.push_back(searchRecord(outcome, m_origin, path, &file));
        m_end.measurements.push_back(
            {"search_loss", "nats", outcome.objective, 1, {}, Json{{"plan", path}}.dump()});
        m_result["plans"].push_back(std::move(plan));
    }

    ExitCode finish(SearchStatus status, const std::string& explanation) {
        m_result["status"] = toString(status);
        if (status == SearchStatus::Infeasible) {
            m_end.status = RunStatus::Infeasible;
            m_end.message = "infeasible: " + explanation;
            m_result["explanation"] = explanation;
        } else if (status == SearchStatus::Cancelled) {
            m_end.status = RunStatus::Cancelled;
            m_end.message = m_result["plans"].empty() ? "cancelled; no plan was found yet"
                                                      : "cancelled; the best plans so far were written";
        } else if (status == SearchStatus::TimeLimit) {
            m_end.status = m_result["plans"].empty() ? RunStatus::Failed : RunStatus::TimeLimit;
            m_end.message = m_result["plans"].empty() ? "no plan within --time-limit; give it more time"
                                                      : "stopped by --time-limit";
        }
        m_end.result = m_result;
        m_end.text = describe(m_result);
        return m_cli.conclude(std::move(m_end));
    }

    ExitCode onePlan() {
        const SearchOutcome outcome =
            search(m_instance, m_origin.options, m_cli.stopToken(), m_cli.progress());
        if (outcome.hasPlan())
            add(outcome, m_flags.out);
        else
            m_end.searches.push_back(searchRecord(outcome, m_origin, "", nullptr));
        return finish(outcome.status, outcome.explanation);
    }

    ExitCode paretoPlans() {
        const ParetoSet set = paretoSet(m_instance, m_origin.options, 5, m_cli.stopToken(), m_cli.progress());
        for (std::size_t i = 0; i < set.points.size(); ++i)
            add(set.points[i].outcome, m_flags.out.empty() ? "" : numbered(m_flags.out, i + 1));
        m_result["solves"] = set.solves;
        m_result["feasible"] = set.feasible;
        if (set.completion == Completion::Cancelled) return finish(SearchStatus::Cancelled, "");
        if (set.points.empty() && !set.outOfTime)
            return finish(SearchStatus::Infeasible, set.infeasible.explanation);
        bool proven = true;
        for (const ParetoPoint& point : set.points)
            proven = proven && point.outcome.status == SearchStatus::Optimal;
        return finish(set.outOfTime ? SearchStatus::TimeLimit
                      : proven      ? SearchStatus::Optimal
                                    : SearchStatus::Feasible,
                      "");
    }

    const Flags& m_flags;
    CliContext& m_cli;
    ProfileData m_profile;
    SearchInstance m_instance;
    PlanOrigin m_origin;
    Conclusion m_end;
    Json m_result = {{"plans", Json::array()}};
};

} // namespace

void addSearchCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<Flags>();
    CLI::App& command = cli.addCommand(app, "search", "Find the plan that costs the least within the limits",
                                       "  moa search tiny.profile -o plan.json --density 0.5\n"
                                       "  moa search tiny.profile -o plan.json --density 0.25 --solver both\n"
                                       "  moa search tiny.profile -o front.json --pareto\n"
                                       "  moa search --tables instance.json --density 0.5 --json");
    addSearchFlags(command, *flags);
    command.add_option("--model", flags->model, "for --kv-bytes: the model the plan is for");
    command.add_option("--head-dim", flags->headDim, "for --kv-bytes: values per head")
        ->check(CLI::PositiveNumber);
    cli.onRun(command, [flags, &cli] { return SearchCommand(*flags, cli).run(); });
}

} // namespace moa::cli
