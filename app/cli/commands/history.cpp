// `moa history list|show|diff|export|rerun|check`: what was measured here, and measuring it again.
#include "app/cli/commands/commands.h"
#include "app/cli/commands/rerun.h"
#include "app/cli/history_json.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/plan/json_file.h"

#include <iostream>
#include <sstream>

namespace moa::cli {
namespace {

struct HistoryOptions {
    RunFilter filter;
    std::int64_t a = 0, b = 0, before = 0;
    std::string format = "json", output;
};

std::string historyPath(const CliContext& cli) {
    return cli.options.db.empty() ? History::defaultPath() : cli.options.db;
}

History openForReading(const CliContext& cli) {
    return History::open(historyPath(cli), OpenMode::ReadOnly);
}

/// Rows, newest first. A user's own history that does not exist yet is an empty one.
std::vector<RunSummary> listRuns(const RunFilter& filter, const CliContext& cli) {
    try {
        return openForReading(cli).list(filter);
    } catch (const StoreError& e) {
        if (e.problem() == StoreProblem::Missing && cli.options.db.empty()) return {};
        throw;
    }
}

ExitCode runList(const HistoryOptions& options, CliContext& cli) {
    RunFilter filter = options.filter;
    if (options.before > 0) filter.before = RunId(options.before);
    const std::vector<RunSummary> runs = listRuns(filter, cli);
    Json list = Json::array();
    TextTable table({"id", "started", "command", "status", "model", "plan", "values"});
    for (const RunSummary& run : runs) {
        list.push_back(toJson(run));
        table.add({std::to_string(run.id.value), isoTime(run.started).substr(0, 19), run.command,
                   toString(run.status), run.modelName, run.planName, std::to_string(run.measurements)});
    }
    return cli.conclude({.result = {{"file", historyPath(cli)}, {"runs", list}},
                         .text = runs.empty() ? "no runs yet" : table.text()});
}

std::string measurementText(const Json& measurements) {
    TextTable table({"measurement", "value", "±", "unit", "context"});
    for (const Json& m : measurements)
        table.add({m["name"].get<std::string>(), m["value"].is_null() ? "–" : m["value"].dump(),
                   m["error"].is_null() ? "" : m["error"].dump(), m["unit"].get<std::string>(),
                   m["context"].dump()});
    return table.text();
}

std::string showText(const Json& run) {
    std::string command = "moa";
    for (const Json& argument : run["arguments"]) command += " " + argument.get<std::string>();
    const auto named = [&](const char* key) {
        return run[key].is_object() ? run[key]["name"].get<std::string>() : std::string("–");
    };
    std::vector<std::pair<std::string, std::string>> lines = {
        {"run", run["id"].dump() + ", " + run["status"].get<std::string>()},
        {"command", command},
        {"started", run["started"].get<std::string>()},
        {"finished", run["finished"].is_null() ? "–" : run["finished"].get<std::string>()},
        {"model", named("model")},
        {"plan", named("plan")},
        {"device", run["device"].get<std::string>()},
        {"machine",
         run["machine"]["cpu"].get<std::string>() + ", " + run["machine"]["os"].get<std::string>()},
        {"settings", run["settings"].dump()}};
    if (!run["error"].is_null()) lines.push_back({"error", run["error"].get<std::string>()});
    return keyValueLines(lines) + "\n" + measurementText(run["measurements"]);
}

ExitCode runShow(const HistoryOptions& options, CliContext& cli) {
    const Json run = toJson(openForReading(cli).show(RunId(options.a)));
    return cli.conclude({.result = run, .text = showText(run)});
}

ExitCode runDiff(const HistoryOptions& options, CliContext& cli) {
    const Json diff = toJson(openForReading(cli).diff(RunId(options.a), RunId(options.b)));
    return cli.conclude({.result = diff, .text = driftText(diff)});
}

ExitCode runExport(const HistoryOptions& options, CliContext& cli) {
    if (options.format == "csv" && cli.options.json && options.output.empty())
        throw UsageError(
            "--json promises one JSON document on standard output; send the CSV to a file with -o");
    History history = openForReading(cli);
    const auto write = [&](std::ostream& out) {
        options.format == "csv" ? history.exportCsv(out) : history.exportJson(out);
    };
    if (options.output.empty()) {
        write(std::cout);
        std::cout.flush();
        return ExitCode::Done;
    }
    std::ostringstream text;
    write(text);
    jsonfile::writeAtomically(options.output, text.view());
    return cli.conclude({.result = {{"file", options.output}, {"format", options.format}},
                         .text = "wrote " + options.output});
}

ExitCode runCheck(CliContext& cli) {
    History history = openForReading(cli);
    const std::vector<std::string> problems = history.check();
    std::string text = historyPath(cli) + (problems.empty() ? ": sound" : ": damaged");
    for (const std::string& problem : problems) text += "\n" + problem;
    const ExitCode code = cli.conclude(
        {.result = {{"file", historyPath(cli)}, {"ok", problems.empty()}, {"problems", problems}},
         .text = text});
    return problems.empty() ? code : ExitCode::BadFile;
}

void addListCommand(CLI::App& history, CliContext& cli) {
    auto options = std::make_shared<HistoryOptions>();
    CLI::App& list = cli.addCommand(history, "list", "Runs, newest first",
                                    "  moa history list --limit 10 --command score");
    list.add_option("--limit", options->filter.limit, "rows at most; 0: all")->check(CLI::NonNegativeNumber);
    list.add_option("--command", options->filter.command, "only runs of this command");
    list.add_option("--model", options->filter.modelName, "only runs of this model, by name");
    list.add_option("--before", options->before, "only runs older than this id")
        ->default_str("")
        ->check(CLI::PositiveNumber);
    cli.onRun(list, [options, &cli] { return runList(*options, cli); });
}

void addExportCommand(CLI::App& history, CliContext& cli) {
    auto options = std::make_shared<HistoryOptions>();
    CLI::App& exported =
        cli.addCommand(history, "export", "Everything as JSON, or every measurement as a line of CSV",
                       "  moa history export -o history.json\n"
                       "  moa history export --format csv > history.csv");
    exported.add_option("--format", options->format, "json or csv")->check(CLI::IsMember({"json", "csv"}));
    exported.add_option("-o,--out", options->output, "file (default: standard output)");
    cli.onRun(exported, [options, &cli] { return runExport(*options, cli); });
}

} // namespace

void addHistoryCommand(CLI::App& app, CliContext& cli) {
    CLI::App& history = cli.addCommand(app, "history", "What was measured here, and measuring it again",
                                       "  moa history list\n"
                                       "  moa history rerun 12");
    history.require_subcommand(1);
    addListCommand(history, cli);

    auto shown = std::make_shared<HistoryOptions>();
    CLI::App& show =
        cli.addCommand(history, "show", "Everything about one run", "  moa history show 12 --json");
    show.add_option("ID", shown->a, "run")->default_str("")->required()->check(CLI::PositiveNumber);
    cli.onRun(show, [shown, &cli] { return runShow(*shown, cli); });

    auto pair = std::make_shared<HistoryOptions>();
    CLI::App& diff =
        cli.addCommand(history, "diff", "What two runs have different", "  moa history diff 12 15");
    diff.add_option("A", pair->a, "run")->default_str("")->required()->check(CLI::PositiveNumber);
    diff.add_option("B", pair->b, "run")->default_str("")->required()->check(CLI::PositiveNumber);
    cli.onRun(diff, [pair, &cli] { return runDiff(*pair, cli); });

    addExportCommand(history, cli);
    addRerunCommand(history, cli);
    CLI::App& check = cli.addCommand(history, "check", "Whether the file is sound (exit code 3 if it is not)",
                                     "  moa history check --db history.sqlite");
    cli.onRun(check, [&cli] { return runCheck(cli); });
}

} // namespace moa::cli
