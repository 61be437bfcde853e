// `moa search`: from a profile (or a bare instance) to plans, with bound and gap.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_making.h"
#include "app/cli/search_flags.h"
#include "app/cli/search_results.h"

#include "engine/compare/refine.h"
#include "engine/compare/retrieval.h"
#include "engine/core/resources.h"
#include "engine/loader/sha256.h"
#include "engine/plan/json_file.h"
#include "engine/plan/tables_file.h"
#include "engine/profile/profile_file.h"
#include "engine/search/pareto.h"
#include "engine/search/search_session.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

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

/// "folder/plan.json" and "3" → "folder/plan-3.json"; "" stays "".
std::string suffixed(const std::string& path, const std::string& suffix) {
    if (path.empty()) return path;
    const std::filesystem::path p(path);
    return (p.parent_path() / (p.stem().string() + "-" + suffix + p.extension().string())).string();
}

/// The state of an earlier search, "" where there is none yet.
std::string readState(const std::string& path) {
    if (path.empty() || !std::filesystem::exists(path)) return "";
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw FileError(path, "", "a readable file");
    return text.str();
}

class SearchCommand {
public:
    SearchCommand(const Flags& flags, CliContext& cli) : m_flags(flags), m_cli(cli) {}

    ExitCode run() {
        checkFlags();
        if (!m_flags.model.empty()) m_files = m_cli.loadFiles(m_flags.model);
        if (m_flags.tables.empty()) m_profile = readProfile(m_flags.profile, false);
        const SearchSubject subject{m_files ? m_files->config.headDim : m_flags.headDim, m_profile.heads,
                                    m_profile.kvHeads};
        m_origin.options = searchOptions(m_flags, subject, m_cli.options.seed);
        m_origin.headDim = subject.headDim;
        m_origin.estimate = m_flags.tables.empty() ? m_flags.estimate : "tables";
        if (m_flags.tables.empty()) {
            m_origin.profile = &m_profile;
            m_origin.profilePath = m_flags.profile;
            m_instance = makeInstance(m_profile, tableOptions(m_flags, m_origin.options));
        } else {
            m_instance = instanceFromTables(m_flags.tables);
        }
        begin();
        if (m_flags.pareto) return paretoPlans();
        if (m_flags.sweep) return sweptPlans();
        if (m_flags.everyGranularity()) return granularities();
        return m_flags.refine > 0 ? refinedPlan() : onePlan();
    }

private:
    void checkFlags() const {
        if (m_flags.profile.empty() == m_flags.tables.empty())
            throw UsageError("give a profile, or --tables with a search instance");
        if (m_flags.out.empty() && m_flags.tables.empty() && !m_flags.sweep)
            throw UsageError("-o names the plan file to write");
        const int modes = m_flags.pareto + m_flags.sweep + m_flags.everyGranularity() + (m_flags.refine > 0);
        if (modes > 1) throw UsageError("one of --pareto, --sweep, --granularity all and --refine at a time");
        if (m_flags.targetLoss && (modes > 0 || m_flags.solver != "lagrangian" || m_flags.density))
            throw UsageError(
                "--target-loss is a search of its own: without --density, another solver or mode");
        if (m_flags.refine > 0 && m_flags.model.empty()) throw UsageError("--refine measures: give --model");
    }

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
            subject.profile =
                ProfileRef{std::filesystem::absolute(m_flags.profile).string(), sha256OfFile(m_flags.profile), m_instance.lengths,
                           m_profile.lengths.begin()->second.samples, m_profile.calibration};
            std::error_code none;
            subject.profile->bytes = static_cast<std::int64_t>(std::filesystem::file_size(m_flags.profile, none));
        }
        m_cli.beginRun(subject);
    }

    /// Writes the plan and appends it to the result.
    Json& add(const SearchOutcome& outcome, const std::string& path) {
        Json plan = outcomeJson(outcome);
        plan["file"] = path.empty() ? Json() : Json(path);
        const PlanFile file = planFromSearch(m_instance, outcome, m_origin);
        if (!m_flags.tables.empty()) plan["choice"] = outcome.choice;
        if (outcome.solvers.size() > 1) addSolvers(plan, outcome);
        if (!path.empty()) writePlan(path, file);
        m_end.searches.push_back(searchRecord(outcome, m_origin, path, &file));
        m_end.measurements.push_back(
            {"search_loss", "nats", outcome.objective, 1, {}, Json{{"plan", path}}.dump()});
        m_result["plans"].push_back(std::move(plan));
        return m_result["plans"].back();
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
        m_end.text = describeSearch(m_result);
        return m_cli.conclude(std::move(m_end));
    }

    void addOrRecord(const SearchOutcome& outcome, const std::string& path) {
        if (outcome.hasPlan())
            add(outcome, path);
        else
            m_end.searches.push_back(searchRecord(outcome, m_origin, "", nullptr));
    }

    ExitCode onePlan() {
        if (m_origin.options.solver != SolverKind::Lagrangian) {
            const SearchOutcome outcome =
                search(m_instance, m_origin.options, m_cli.stopToken(), m_cli.progress());
            addOrRecord(outcome, m_flags.out);
            return finish(outcome.status, outcome.explanation);
        }
        SearchSession session(m_instance);
        if (const std::string state = readState(m_flags.state); !state.empty()) session.loadState(state);
        std::int64_t better = 0;
        const ProgressFn progress = m_cli.progress();
        const SolveLimits limits{m_origin.options.timeLimit, m_origin.options.gapTarget};
        const auto count = [&](const SearchOutcome&) { progress({"search", ++better, 0}); };
        const SearchOutcome outcome =
            m_flags.targetLoss
                ? session.solveForLoss(m_origin.options, *m_flags.targetLoss, limits, m_cli.stopToken())
                : session.solve(m_origin.options, limits, m_cli.stopToken(), count);
        addOrRecord(outcome, m_flags.out);
        if (outcome.hasPlan()) {
            Json& plan = m_result["plans"].back();
            plan["prices"] = pricesJson(session.shadowPrices());
            if (m_flags.heads)
                plan["heads"] =
                    headsJson(m_instance, outcome.choice, session.headSensitivities(outcome.choice));
        }
        if (!m_flags.state.empty()) jsonfile::writeAtomically(m_flags.state, session.saveState());
        return finish(outcome.status, outcome.explanation);
    }

    /// The paper's ablation: what each further freedom brings, with measured retrieval where a model is
    /// given.
    ExitCode granularities() {
        SearchStatus status = SearchStatus::Optimal;
        std::string explanation;
        std::vector<MaskChoice> masks;
        for (Granularity g :
             {Granularity::Uniform, Granularity::Layer, Granularity::Head, Granularity::Elastic}) {
            m_origin.options.granularity = g;
            const SearchOutcome outcome =
                search(m_instance, m_origin.options, m_cli.stopToken(), m_cli.progress());
            if (!outcome.hasPlan()) {
                m_result["without_plan"][toString(g)] =
                    outcome.explanation.empty() ? toString(outcome.status) : outcome.explanation;
                explanation = outcome.explanation;
            } else {
                add(outcome, suffixed(m_flags.out, toString(g)))["granularity"] = toString(g);
                if (m_files)
                    masks.push_back({toString(g), MaskSource::plan(toPlan(m_instance, outcome.choice,
                                                                          m_files->config.heads))});
            }
            if (outcome.status != SearchStatus::Optimal &&
                (outcome.hasPlan() || m_cli.stopToken().stop_requested()))
                status = outcome.status;
        }
        if (m_result["plans"].empty() && status == SearchStatus::Optimal) status = SearchStatus::Infeasible;
        if (!masks.empty() && status != SearchStatus::Cancelled && !measure(masks))
            status = SearchStatus::Cancelled;
        return finish(status, explanation);
    }

    /// Retrieval of each mask beside its plan, and of dense attention; false when cancelled.
    bool measure(std::vector<MaskChoice> masks) {
        masks.push_back({"dense", MaskSource::dense()});
        RetrievalOptions options;
        options.lengths = m_instance.lengths;
        options.prompts = m_flags.prompts;
        options.seed = m_cli.options.seed;
        options.textFolder = resourcesFolder() / "texts";
        const auto model = m_cli.loadModel(m_files);
        const RetrievalOutcome outcome =
            measureRetrieval(*model, masks, options, m_cli.stopToken(), m_cli.progress());
        for (std::size_t k = 0; k + 1 < masks.size(); ++k)
            m_result["plans"][k]["retrieval"] = retrievalJson(outcome.rows, k);
        m_result["dense_retrieval"] = retrievalJson(outcome.rows, masks.size() - 1);
        return outcome.completion == Completion::Done;
    }

    /// Measured instead of estimated: the confirmed winner is the plan that is written.
    ExitCode refinedPlan() {
        const auto model = m_cli.loadModel(m_files);
        CalibrationSet set(*model, resourcesFolder() / "texts", splitList(m_flags.data), m_cli.options.seed);
        RefineOptions refine;
        refine.candidates = refine.swaps = m_flags.refine;
        refine.samples = refine.judgeSamples = m_flags.refineSamples;
        for (const auto& [length, at] : m_profile.lengths)
            refine.firstSample = std::max(refine.firstSample, at.samples);
        const RefineOutcome outcome = refinePlan(*model, set, m_instance, m_origin.options, refine,
                                                 m_cli.stopToken(), m_cli.progress());
        m_result["refine"] = refineJson(outcome);
        if (outcome.plans.empty()) return finish(SearchStatus::Cancelled, "");
        SearchOptions options = m_origin.options;
        options.starts = {outcome.plans[outcome.winner].choice};
        SearchOutcome plan = search(m_instance, options, m_cli.stopToken());
        const double bound = plan.lowerBound;
        plan.choice = options.starts.front();
        plan.loss = lossesOf(m_instance, plan.choice);
        plan.density = densitiesOf(m_instance, plan.choice);
        plan.objective = outcome.plans[outcome.winner].estimated;
        plan.gap = (plan.objective - bound) / std::max(std::abs(plan.objective), 1e-15);
        plan.distinctRules = static_cast<int>(std::set<int>(plan.choice.begin(), plan.choice.end()).size());
        add(plan, m_flags.out);
        return finish(outcome.completion == Completion::Cancelled ? SearchStatus::Cancelled : plan.status,
                      "");
    }

    ExitCode sweptPlans() {
        const std::vector<double> densities = sweepDensities();
        const std::vector<SearchOutcome> outcomes =
            sweepDensity(m_instance, m_origin.options, densities, m_cli.stopToken(), m_cli.progress());
        SearchStatus status = SearchStatus::Optimal;
        for (std::size_t k = 0; k < outcomes.size(); ++k) {
            if (!outcomes[k].hasPlan()) continue;
            const std::string percent = std::to_string(static_cast<int>(std::lround(100 * densities[k])));
            add(outcomes[k], suffixed(m_flags.out, percent))["density_bound"] = densities[k];
            if (outcomes[k].status != SearchStatus::Optimal) status = outcomes[k].status;
        }
        if (m_cli.stopToken().stop_requested()) return finish(SearchStatus::Cancelled, "");
        if (m_result["plans"].empty()) return finish(SearchStatus::Infeasible, outcomes.back().explanation);
        return finish(status, "");
    }

    ExitCode paretoPlans() {
        const ParetoSet set = paretoSet(m_instance, m_origin.options, 5, m_cli.stopToken(), m_cli.progress());
        for (std::size_t i = 0; i < set.points.size(); ++i)
            add(set.points[i].outcome, suffixed(m_flags.out, std::to_string(i + 1)));
        m_result["dominated"] = Json::array();
        for (const ParetoPoint& point : set.dominated)
            m_result["dominated"].push_back(outcomeJson(point.outcome));
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
    std::shared_ptr<const Model> m_files; ///< null without --model
    ProfileData m_profile;
    SearchInstance m_instance;
    PlanOrigin m_origin;
    Conclusion m_end;
    Json m_result = {{"plans", Json::array()}};
};

} // namespace

void addSearchCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<Flags>();
    CLI::App& command =
        cli.addCommand(app, "search", "Find the plan that costs the least within the limits",
                       "  moa search tiny.profile -o plan.json --density 0.5\n"
                       "  moa search tiny.profile -o plan.json --density 0.25 --solver both\n"
                       "  moa search tiny.profile -o front.json --pareto\n"
                       "  moa search tiny.profile -o plan.json --refine 8 --model moa-tiny\n"
                       "  moa search tiny.profile -o plan.json --granularity all --model moa-tiny\n"
                       "  moa search --tables instance.json --density 0.5 --json");
    addSearchFlags(command, *flags);
    command.add_option("--model", flags->model, "for --kv-bytes, --refine and measured retrieval");
    command.add_option("--head-dim", flags->headDim, "for --kv-bytes: values per head")
        ->check(CLI::PositiveNumber);
    cli.onRun(command, [flags, &cli] { return SearchCommand(*flags, cli).run(); });
}

} // namespace moa::cli
