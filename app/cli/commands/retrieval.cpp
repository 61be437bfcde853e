// `moa retrieval`: how many answers survive, dense, under a plan or under a uniform window; its flags choose among the
// plain table (here), the needle grid, sweeps over densities and spans, and the effective context.
#include "app/cli/commands/commands.h"
#include "app/cli/commands/effective.h"
#include "app/cli/commands/needle.h"
#include "app/cli/commands/sweep.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_choice.h"
#include "app/cli/result_file.h"
#include "app/cli/score_json.h"
#include "app/cli/text_table.h"

#include "engine/compare/retrieval.h"
#include "engine/core/format.h"
#include "engine/core/resources.h"
#include "engine/plan/uniform_plan.h"

#include <algorithm>

namespace moa::cli {
namespace {

struct RetrievalFlags {
    std::string model, plan, tasks = "lines,facts", lengths;
    double uniform = 0;
    int samples = 0, questions = 4, depths = 10; ///< samples 0: as the kind of measurement needs
    bool effective = false, grid = false, againstDensity = false;
    std::string profile, estimate = "joint", densities, spanGrid, out, resume;
    std::int64_t meanSpan = 1024;

    bool sweeps() const { return againstDensity || !spanGrid.empty(); }
};

constexpr int kPrompts = 10, kNeedles = 4;
constexpr int kReachPrompts = 15; // lines and facts, four questions each: 120 a length
constexpr const char* kDensities = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1";

/// Powers of two from 1,024 to the context, and the context itself.
std::vector<int> allLengths(int context) {
    std::vector<int> lengths;
    for (int n = 1024; n < context; n *= 2) lengths.push_back(n);
    lengths.push_back(context);
    return lengths;
}

/// One mask's score of one row.
Json sideJson(const RetrievalRow& row, std::size_t mask) {
    Json json = scoreJson(row.scores[mask]);
    json["score"] = row.means[mask];
    json["answer_nll"] = row.metric == Metric::Answer ? Json(row.nll[mask]) : Json();
    return json;
}

/// Half of the 95% interval, where the score is a share of answers.
std::optional<double> halfInterval(const Json& row) {
    if (!row.contains("interval95")) return std::nullopt;
    return (row["interval95"][1].get<double>() - row["interval95"][0].get<double>()) / 2;
}

Json cells(const RetrievalOutcome& outcome, const std::optional<SparsePlan>& plan, const std::vector<MaskChoice>& beside) {
    Json rows = Json::array();
    for (const RetrievalRow& row : outcome.rows) {
        Json json = sideJson(row, 0);
        json["task"] = row.task;
        json["length"] = row.length;
        json["metric"] = nameOf(row.metric);
        json["density"] = plan ? plan->density(row.length) : 1.0;
        for (std::size_t m = 1; m < beside.size(); ++m) json[beside[m].name] = sideJson(row, m);
        if (beside.size() > 1) json["drop"] = row.relativeDrop(1, 0);
        rows.push_back(std::move(json));
    }
    return rows;
}

std::string describe(const Json& result) {
    TextTable table({"task", "length", "right", "accuracy", "95% interval", "density"});
    for (const Json& row : result["rows"])
        table.add({row["task"].get<std::string>(), std::to_string(row["length"].get<int>()),
                   std::to_string(row["right"].get<int>()) + "/" + std::to_string(row["asked"].get<int>()),
                   formatFixed(row["accuracy"].get<double>(), 3),
                   formatFixed(row["interval95"][0].get<double>(), 2) + "–" +
                       formatFixed(row["interval95"][1].get<double>(), 2),
                   formatFixed(row["density"].get<double>(), 4)});
    std::string text = table.text();
    if (result.contains("largest_drop")) {
        TextTable beside({"task", "length", "metric", "dense", "plan", "uniform", "lost by the plan"});
        const auto number = [](const Json& value) { return formatFixed(value.get<double>(), 3); };
        for (const Json& row : result["rows"])
            beside.add({row["task"].get<std::string>(), row["length"].dump(), row["metric"].get<std::string>(),
                        number(row["dense"]["score"]), number(row["score"]), number(row["uniform"]["score"]),
                        formatFixed(100 * row["drop"].get<double>(), 1) + "%"});
        text += "\n" + beside.text() +
                keyValueLines({{"largest drop", formatFixed(100 * result["largest_drop"].get<double>(), 1) + "%"}});
    }
    if (result.contains("effective")) {
        const Json& e = result["effective"];
        const auto shown = [](const Json& v) { return v.is_null() ? std::string("–") : v.dump(); };
        text += keyValueLines({{"effective context, dense", shown(e["dense"])},
                               {"effective context, plan", shown(e["plan"])},
                               {"effective context, uniform", shown(e["uniform"])},
                               {"mean span at that length", shown(e["mean_span"])},
                               {"multiple", shown(e["multiple"])}});
    }
    return text;
}

class RetrievalCommand {
public:
    RetrievalCommand(const RetrievalFlags& flags, CliContext& cli) : m_flags(flags), m_cli(cli) {}

    ExitCode run() {
        check();
        const auto files = m_cli.loadFiles(m_flags.model);
        const ModelConfig& c = files->config;
        const PlanChoice choice = choosePlan(m_flags.plan, *files, m_cli);
        if (choice.file) m_plan = choice.file->plan;
        if (m_flags.uniform > 0) m_plan = uniformAtDensity(c.layers, c.heads, c.kvHeads, m_flags.uniform);

        RetrievalOptions options;
        options.tasks = splitList(m_flags.tasks);
        options.lengths = !m_flags.lengths.empty() ? parseLengths("--lengths", m_flags.lengths)
                          : m_flags.effective      ? allLengths(c.context)
                                                   : std::vector<int>{1024, 2048, 4096};
        options.prompts = m_flags.samples > 0 ? m_flags.samples : m_flags.effective ? kReachPrompts : kPrompts;
        options.questionsPerPrompt = m_flags.questions;
        options.seed = m_cli.options.seed;
        options.textFolder = resourcesFolder() / "texts";
        if (m_flags.grid) return runNeedles(files, choice, options);
        if (!m_flags.profile.empty()) return runOnProfile(options);
        std::vector<MaskChoice> masks{{"plan", m_plan ? MaskSource::plan(*m_plan) : MaskSource::dense()}};
        // Users' own tasks have no known dense score: it is measured beside the plan's.
        m_beside = m_plan && std::ranges::any_of(options.tasks, isFile);
        if (m_flags.effective || m_beside) {
            masks.push_back({"dense", MaskSource::dense()});
            const double density = m_plan ? m_plan->density(options.lengths.back()) : 1.0;
            masks.push_back(
                {"uniform", MaskSource::plan(uniformAtDensity(c.layers, c.heads, c.kvHeads, density))});
        }
        const auto model = m_cli.loadModel(files);
        m_cli.beginRun({.command = "retrieval",
                        .model = files.get(),
                        .plan = choice.get(),
                        .planPath = choice.path,
                        .settings = {{"tasks", options.tasks},
                                     {"lengths", options.lengths},
                                     {"prompts", options.prompts},
                                     {"questions_per_prompt", options.questionsPerPrompt},
                                     {"uniform", m_flags.uniform}},
                        .seed = m_cli.options.seed});
        return conclude(measureRetrieval(*model, masks, options, m_cli.stopToken(), m_cli.progress()), masks);
    }

private:
    /// Which flags go together. Throws UsageError.
    void check() const {
        const int kinds = m_flags.effective + m_flags.grid + m_flags.againstDensity + !m_flags.spanGrid.empty();
        if (kinds > 1)
            throw UsageError("--effective-context, --grid, --against-density and --span-grid are different measurements: "
                             "give one of them");
        if (!m_flags.plan.empty() && m_flags.uniform > 0) throw UsageError("give --plan or --uniform, not both");
        const bool hasPlan = !m_flags.plan.empty() || m_flags.uniform > 0;
        if (!m_flags.profile.empty() && !(m_flags.effective || m_flags.sweeps()))
            throw UsageError("--profile goes with --effective-context, --against-density or --span-grid");
        if (m_flags.sweeps() && m_flags.profile.empty())
            throw UsageError("--against-density and --span-grid search a plan for every point: give --profile (moa profile makes one)");
        if (!m_flags.profile.empty() && hasPlan) throw UsageError("with --profile plans are searched: leave --plan and --uniform out");
        if (!m_flags.densities.empty() && !m_flags.againstDensity) throw UsageError("--densities goes with --against-density");
        if (!m_flags.resume.empty() && !m_flags.grid && !(m_flags.effective && !m_flags.profile.empty()))
            throw UsageError("--resume goes with --grid, or with --effective-context --profile");
        checkResultEnding(m_flags.out);
        const std::filesystem::path out = m_flags.out;
        const bool picture = out.extension() == ".png" || out.extension() == ".svg";
        if (picture && !m_flags.grid && m_flags.profile.empty())
            throw UsageError("-o " + m_flags.out + ": a plain table has no picture; use .csv or .json, or add --grid");
    }

    static bool isFile(const std::string& task) { return std::ranges::find(builtInTasks(), task) == builtInTasks().end(); }

    ExitCode runNeedles(const std::shared_ptr<const Model>& files, const PlanChoice& choice, const RetrievalOptions& options) {
        if (std::ranges::any_of(options.tasks, isFile))
            throw UsageError("--grid hides its own needles: --task lines, facts or passkey");
        NeedleRequest request;
        request.tasks = options.tasks;
        request.grid.lengths = options.lengths;
        request.grid.depths = m_flags.depths;
        request.grid.samples = m_flags.samples > 0 ? m_flags.samples : kNeedles;
        request.grid.seed = options.seed;
        request.grid.textFolder = options.textFolder;
        request.plan = m_plan;
        request.out = m_flags.out;
        request.resume = m_flags.resume;
        return runNeedleGrid(files, choice, request, m_cli);
    }

    ExitCode runOnProfile(RetrievalOptions options) {
        if (m_flags.lengths.empty()) options.lengths.clear(); // those of the profile
        if (m_flags.effective)
            return runEffectiveContext({m_flags.model, m_flags.profile, m_flags.estimate, m_flags.out, m_flags.resume, m_flags.meanSpan, options}, m_cli);
        SweepRequest request{m_flags.model, m_flags.profile, m_flags.estimate, m_flags.out, options, {}, {}};
        if (!m_flags.spanGrid.empty()) {
            for (const int span : parseIntegers("--span-grid", m_flags.spanGrid, 128, 1 << 24)) request.spans.push_back(span);
        } else {
            for (const std::string& part : splitList(m_flags.densities.empty() ? kDensities : m_flags.densities)) {
                const double density = parseNumber("--densities", part);
                if (!(density > 0 && density <= 1)) throw UsageError("--densities " + part + ": expected shares above 0, at most 1");
                request.densities.push_back(density);
            }
        }
        return runSweep(request, m_cli);
    }

    ExitCode conclude(const RetrievalOutcome& outcome, const std::vector<MaskChoice>& masks) {
        Json result = {{"rows", cells(outcome, m_plan, m_beside ? masks : std::vector<MaskChoice>{})}};
        if (m_beside) {
            double largest = 0;
            for (const Json& row : result["rows"]) largest = std::max(largest, row["drop"].get<double>());
            result["largest_drop"] = largest;
        }
        if (m_flags.effective) {
            const int plan = effectiveLength(outcome.rows, 0);
            const Json span = m_plan && plan > 0 ? Json(m_plan->meanSpan(plan))
                              : plan > 0         ? Json(plan)
                                                 : Json();
            result["effective"] = {{"plan", plan},
                                   {"dense", effectiveLength(outcome.rows, 1)},
                                   {"uniform", effectiveLength(outcome.rows, 2)},
                                   {"mean_span", span},
                                   {"multiple", span.is_null() ? Json() : Json(plan / span.get<double>())}};
        }
        writeResult(m_flags.out, result, [] { return std::vector<Panel>(); });
        Conclusion end{.result = result, .text = describe(result)};
        for (const Json& row : result["rows"])
            end.measurements.push_back(
                {"retrieval",
                 "",
                 row["score"].get<double>(),
                 row["asked"].get<int>(),
                 halfInterval(row),
                 Json{{"task", row["task"]}, {"length", row["length"]}, {"density", row["density"]}, {"metric", row["metric"]}}.dump()});
        if (outcome.completion == Completion::Cancelled) {
            end.status = RunStatus::Cancelled;
            end.message =
                "cancelled; the result holds the " + std::to_string(outcome.rows.size()) + " finished cells";
        }
        return m_cli.conclude(std::move(end));
    }

    const RetrievalFlags& m_flags;
    CliContext& m_cli;
    std::optional<SparsePlan> m_plan;
    bool m_beside = false; ///< dense and uniform are measured beside the plan
};

} // namespace

void addRetrievalCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<RetrievalFlags>();
    CLI::App& command =
        cli.addCommand(app, "retrieval", "How many answers survive a plan",
                       "  moa retrieval moa-tiny --plan plan.json --lengths 1024,4096\n"
                       "  moa retrieval moa-tiny --uniform 0.25\n"
                       "  moa retrieval moa-tiny --plan plan.json --task mine.jsonl\n"
                       "  moa retrieval moa-tiny --plan plan.json --grid --depths 10 -o needles.png\n"
                       "  moa retrieval moa-tiny --plan plan.json --effective-context\n"
                       "  moa retrieval moa-tiny --effective-context --profile tiny.moaprofile -o reach.svg\n"
                       "  moa retrieval moa-tiny --against-density --profile tiny.moaprofile -o density.png\n"
                       "  moa retrieval moa-tiny --span-grid 256,512,1024 --profile tiny.moaprofile -o spans.png");
    command.add_option("MODEL", flags->model, "folder, .safetensors file or name")->required();
    command.add_option("--plan", flags->plan, "plan file (default: dense)");
    command.add_option("--uniform", flags->uniform, "a uniform window of this density instead")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--task,--tasks", flags->tasks, "lines, facts, passkey, JSONL files with responses or answers")
        ->capture_default_str();
    command.add_option("--lengths", flags->lengths, "tokens (default 1024,2048,4096)");
    command.add_option("--samples", flags->samples, "prompts a cell (default 10, with --effective-context 15); with --grid questions a cell (default 4)")
        ->check(CLI::Range(1, 100000));
    command.add_option("--questions", flags->questions, "questions from one prompt's cache")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command.add_option("-o,--out", flags->out, "the result as .json or .csv; grids, sweeps and effective context also .png or .svg");
    command.add_flag("--grid", flags->grid, "answers by depth and length");
    command.add_option("--depths", flags->depths, "rows of the grid")
        ->check(CLI::Range(1, NeedleOptions::kMostDepths))
        ->capture_default_str();
    command.add_option("--resume", flags->resume, "go on with what this .json file of --grid or --effective-context holds");
    command.add_flag("--effective-context", flags->effective,
                     "the longest input with accuracy above 90%, dense, plan and uniform");
    command.add_flag("--against-density", flags->againstDensity, "answers and tokens per second from 10% to 100%");
    command.add_option("--densities", flags->densities, "other shares of the dense cache, 0.25,0.5");
    command.add_option("--span-grid", flags->spanGrid, "answers at these mean spans (tokens) and every length");
    command.add_option("--profile", flags->profile, "plans are searched in it, for every point of those measurements");
    command.add_option("--estimate", flags->estimate, "of losses, as in moa search")->capture_default_str();
    command.add_option("--mean-span", flags->meanSpan, "of --effective-context: tokens a KV head holds on average")
        ->check(CLI::Range(128, 1 << 24))
        ->capture_default_str();
    cli.onRun(command, [flags, &cli] { return RetrievalCommand(*flags, cli).run(); });
}

} // namespace moa::cli
