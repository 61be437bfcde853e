// `moa retrieval`: how many answers survive, dense, under a plan or under a uniform window.
#include "app/cli/commands/commands.h"
#include "app/cli/commands/effective.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_choice.h"
#include "engine/core/resources.h"
#include "app/cli/text_table.h"

#include "engine/compare/retrieval.h"
#include "engine/core/format.h"
#include "engine/plan/uniform_plan.h"

#include <algorithm>

namespace moa::cli {
namespace {

struct RetrievalFlags {
    std::string model, plan, tasks = "lines,facts", lengths;
    double uniform = 0;
    int samples = 10, questions = 4;
    bool effective = false;
    std::string profile, estimate = "joint";
    std::int64_t meanSpan = 1024;
};

/// Powers of two from 1,024 to the context, and the context itself.
std::vector<int> allLengths(int context) {
    std::vector<int> lengths;
    for (int n = 1024; n < context; n *= 2) lengths.push_back(n);
    lengths.push_back(context);
    return lengths;
}

Json cells(const RetrievalOutcome& outcome, std::size_t mask, const std::optional<SparsePlan>& plan) {
    Json rows = Json::array();
    for (const RetrievalRow& row : outcome.rows) {
        const Score& score = row.scores[mask];
        const Interval interval = score.interval95();
        rows.push_back({{"task", row.task},
                        {"length", row.length},
                        {"accuracy", score.accuracy()},
                        {"asked", score.asked},
                        {"right", score.right},
                        {"interval95", {interval.low, interval.high}},
                        {"answer_nll", row.nll[mask]},
                        {"density", plan ? plan->density(row.length) : 1.0}});
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
        if (!m_flags.plan.empty() && m_flags.uniform > 0)
            throw UsageError("give --plan or --uniform, not both");
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
        options.prompts = m_flags.samples;
        options.questionsPerPrompt = m_flags.questions;
        options.seed = m_cli.options.seed;
        options.textFolder = resourcesFolder() / "texts";
        if (!m_flags.profile.empty()) {
            if (!m_flags.effective || m_plan)
                throw UsageError("--profile goes with --effective-context, without a plan: plans are made from it");
            if (m_flags.lengths.empty()) options.lengths.clear(); // those of the profile
            return runEffectiveContext(m_flags.model, m_flags.profile, m_flags.meanSpan, m_flags.estimate, options, m_cli);
        }
        std::vector<MaskChoice> masks{{"plan", m_plan ? MaskSource::plan(*m_plan) : MaskSource::dense()}};
        if (m_flags.effective) {
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
        return conclude(measureRetrieval(*model, masks, options, m_cli.stopToken(), m_cli.progress()));
    }

private:
    ExitCode conclude(const RetrievalOutcome& outcome) {
        Json result = {{"rows", cells(outcome, 0, m_plan)}};
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
        Conclusion end{.result = result, .text = describe(result)};
        for (const Json& row : result["rows"])
            end.measurements.push_back(
                {"retrieval",
                 "",
                 row["accuracy"].get<double>(),
                 row["asked"].get<int>(),
                 {},
                 Json{{"task", row["task"]}, {"length", row["length"]}, {"density", row["density"]}}.dump()});
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
};

} // namespace

void addRetrievalCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<RetrievalFlags>();
    CLI::App& command = cli.addCommand(app, "retrieval", "How many answers survive a plan",
                                       "  moa retrieval moa-tiny --plan plan.json --lengths 1024,4096\n"
                                       "  moa retrieval moa-tiny --uniform 0.25\n"
                                       "  moa retrieval moa-tiny --plan plan.json --effective-context\n"
                                       "  moa retrieval moa-tiny --effective-context --profile tiny.moaprofile");
    command.add_option("MODEL", flags->model, "folder, .safetensors file or name")->required();
    command.add_option("--plan", flags->plan, "plan file (default: dense)");
    command.add_option("--uniform", flags->uniform, "a uniform window of this density instead")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--task,--tasks", flags->tasks, "lines, facts, passkey, JSONL files with responses")
        ->capture_default_str();
    command.add_option("--lengths", flags->lengths, "tokens (default 1024,2048,4096)");
    command.add_option("--samples", flags->samples, "prompts a cell")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command.add_option("--questions", flags->questions, "questions from one prompt's cache")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command.add_flag("--effective-context", flags->effective,
                     "the longest input with accuracy above 90%, dense, plan and uniform");
    command.add_option("--profile", flags->profile,
                       "with --effective-context: a plan is searched for every length at one mean span");
    command.add_option("--estimate", flags->estimate, "of losses, as in moa search")->capture_default_str();
    command.add_option("--mean-span", flags->meanSpan, "tokens a KV head holds on average then")
        ->check(CLI::Range(128, 1 << 24))
        ->capture_default_str();
    cli.onRun(command, [flags, &cli] { return RetrievalCommand(*flags, cli).run(); });
}

} // namespace moa::cli
