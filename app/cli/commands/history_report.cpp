// `moa history diff|lineage|report`: runs side by side, where a plan comes from, and a page to share.
#include "app/cli/commands/history_files.h"
#include "app/cli/commands/rerun.h"
#include "app/cli/history_json.h"
#include "app/cli/text_table.h"

#include "engine/plan/json_file.h"
#include "store/query/lineage.h"
#include "store/query/run_compare.h"
#include "store/report/html_report.h"

#include <algorithm>

namespace moa::cli {
namespace {

struct ReportFlags {
    std::vector<std::int64_t> runs;
    std::int64_t plan = 0, baseline = 0;
    std::string output;
    bool all = false, markdown = false;
};

/// The place of --baseline among the runs; the first without it.
std::size_t baselineOf(const ReportFlags& flags) {
    if (flags.baseline == 0) return 0;
    const auto at = std::ranges::find(flags.runs, flags.baseline);
    if (at == flags.runs.end()) throw UsageError("--baseline is one of the runs compared");
    return static_cast<std::size_t>(at - flags.runs.begin());
}

const char* nameOf(Tick tick) {
    return tick == Tick::Same      ? "same"
           : tick == Tick::Differs ? "differs"
           : tick == Tick::Better  ? "better"
                                   : "worse";
}

Json comparisonJson(const RunComparison& c) {
    Json rows = Json::array(), runs = Json::array();
    for (const RunSummary& run : c.runs) runs.push_back(run.id.value);
    for (const ComparisonRow& row : c.rows) {
        Json cells = Json::array();
        for (const ComparisonCell& cell : row.cells)
            cells.push_back({{"text", cell.text},
                             {"value", cell.value ? Json(*cell.value) : Json()},
                             {"error", cell.error ? Json(*cell.error) : Json()},
                             {"tick", nameOf(cell.tick)}});
        rows.push_back({{"group", row.group},
                        {"name", row.name},
                        {"unit", row.unit},
                        {"differs", row.differs},
                        {"cells", cells}});
    }
    return {{"runs", runs},
            {"baseline", c.runs[c.baseline].id.value},
            {"rows", rows},
            {"different", c.different}};
}

std::string comparisonText(const RunComparison& c, bool all) {
    std::vector<std::string> header = {""};
    for (std::size_t i = 0; i < c.runs.size(); ++i)
        header.push_back("run " + std::to_string(c.runs[i].id.value) + (i == c.baseline ? ", baseline" : ""));
    TextTable table(std::move(header));
    for (const ComparisonRow& row : c.rows) {
        if (!all && !row.differs) continue;
        std::vector<std::string> cells = {row.name + (row.unit.empty() ? "" : ", " + row.unit)};
        for (const ComparisonCell& cell : row.cells)
            cells.push_back((cell.text.empty() ? "–" : cell.text) + (cell.tick == Tick::Worse    ? " worse"
                                                                     : cell.tick == Tick::Better ? " better"
                                                                                                 : ""));
        table.add(std::move(cells));
    }
    return table.text() + std::to_string(c.different) + " of " + std::to_string(c.rows.size()) +
           " fields differ\n";
}

/// Two runs without further wishes are told as a rerun's drift is.
ExitCode runDiff(const ReportFlags& flags, CliContext& cli) {
    if (flags.runs.size() < 2) throw UsageError("diff takes two to six runs");
    History history = openForReading(cli);
    const RunComparison c = compareRuns(history, runIds(flags.runs), baselineOf(flags));
    Json result = comparisonJson(c);
    std::string text = flags.markdown ? markdownOf(c, !flags.all) : comparisonText(c, flags.all);
    if (flags.runs.size() == 2) {
        const Json pair = toJson(history.diff(RunId(flags.runs[0]), RunId(flags.runs[1])));
        result.update(pair);
        if (!flags.markdown && !flags.all && flags.baseline == 0) text = driftText(pair);
    }
    return cli.conclude({.result = result, .text = text});
}

const char* nameOf(LineageNode::Kind kind) {
    return kind == LineageNode::Kind::Profile ? "profile" : kind == LineageNode::Kind::Run ? "run" : "plan";
}

ExitCode runLineage(const ReportFlags& flags, CliContext& cli) {
    History history = openForReading(cli);
    PlanId plan(flags.plan);
    if (!flags.runs.empty()) {
        const RunDetail run = history.show(RunId(flags.runs.front()));
        if (!run.summary.plan) throw UsageError("run " + std::to_string(flags.runs.front()) + " has no plan");
        plan = *run.summary.plan;
    } else if (flags.plan == 0) {
        throw UsageError("name a run, or --plan N");
    }
    const Lineage lineage = lineageOf(history, plan);
    Json nodes = Json::array(), edges = Json::array();
    for (const LineageNode& node : lineage.nodes)
        nodes.push_back({{"kind", nameOf(node.kind)},
                         {"id", node.id},
                         {"label", node.label},
                         {"detail", node.detail},
                         {"when", node.when == TimePoint{} ? Json() : Json(isoTime(node.when))},
                         {"depth", node.depth},
                         {"focus", node.isFocus}});
    for (const LineageEdge& edge : lineage.edges)
        edges.push_back({{"from", edge.from}, {"to", edge.to}, {"kind", edge.kind}});
    TextTable table({"what", "name", "how", "comes from"});
    for (std::size_t i = 0; i < lineage.nodes.size(); ++i) {
        const LineageNode& node = lineage.nodes[i];
        std::string from;
        for (const LineageEdge& edge : lineage.edges)
            if (edge.to == i)
                from += (from.empty() ? "" : ", ") + edge.kind + " " + nameOf(lineage.nodes[edge.from].kind) +
                        " " + std::to_string(lineage.nodes[edge.from].id);
        table.add(
            {std::string(nameOf(node.kind)) + " " + std::to_string(node.id) + (node.isFocus ? " *" : ""),
             node.label, node.detail, from});
    }
    return cli.conclude({.result = {{"plan", plan.value},
                                    {"nodes", nodes},
                                    {"edges", edges},
                                    {"omitted_runs", lineage.omittedRuns}},
                         .text = table.text()});
}

ExitCode runReport(const ReportFlags& flags, CliContext& cli) {
    History history = openForReading(cli);
    const std::string html = htmlReport(history, runIds(flags.runs), baselineOf(flags));
    jsonfile::writeAtomically(flags.output, html);
    return cli.conclude({.result = {{"file", flags.output}, {"runs", flags.runs}, {"bytes", html.size()}},
                         .text = "wrote " + flags.output});
}

} // namespace

void addHistoryReportCommands(CLI::App& history, CliContext& cli) {
    auto compared = std::make_shared<ReportFlags>();
    CLI::App& diff = cli.addCommand(history, "diff", "What two to six runs have different",
                                    "  moa history diff 12 15\n"
                                    "  moa history diff 12 15 18 --baseline 15 --markdown");
    diff.add_option("ID", compared->runs, "runs")->default_str("")->required()->check(CLI::PositiveNumber);
    diff.add_option("--baseline", compared->baseline, "the run others are held to (default: the first)")
        ->default_str("")
        ->check(CLI::PositiveNumber);
    diff.add_flag("--all", compared->all, "also what is the same");
    diff.add_flag("--markdown", compared->markdown, "a table to be pasted");
    cli.onRun(diff, [compared, &cli] { return runDiff(*compared, cli); });

    auto plan = std::make_shared<ReportFlags>();
    CLI::App& lineage = cli.addCommand(history, "lineage", "Where a plan comes from and what became of it",
                                       "  moa history lineage 12\n  moa history lineage --plan 3");
    lineage.add_option("ID", plan->runs, "a run that used it")
        ->default_str("")
        ->expected(0, 1)
        ->check(CLI::PositiveNumber);
    lineage.add_option("--plan", plan->plan, "number of the plan")
        ->default_str("")
        ->check(CLI::PositiveNumber);
    cli.onRun(lineage, [plan, &cli] { return runLineage(*plan, cli); });

    auto page = std::make_shared<ReportFlags>();
    CLI::App& report =
        cli.addCommand(history, "report", "One run, or two to six compared, as a page to share",
                       "  moa history report 12 -o run.html\n  moa history report 12 15 -o compared.html");
    report.add_option("ID", page->runs, "runs")->default_str("")->required()->check(CLI::PositiveNumber);
    report.add_option("-o,--out", page->output, "HTML file")->required();
    report.add_option("--baseline", page->baseline, "the run others are held to (default: the first)")
        ->default_str("")
        ->check(CLI::PositiveNumber);
    cli.onRun(report, [page, &cli] { return runReport(*page, cli); });
}

} // namespace moa::cli
