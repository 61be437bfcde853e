// `moa history export|import|backup|prune`: the whole history out, in, beside, and smaller.
#include "app/cli/commands/history_files.h"
#include "app/cli/history_json.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/plan/json_file.h"

#include <iostream>
#include <sstream>

namespace moa::cli {
namespace {

struct TransferOptions {
    std::string query, format = "json", file;
    int olderThanDays = 0;
    bool marked = false, dryRun = false, compact = false;
};

/// What was typed stays out of what is pasted.
std::string settingsWithoutIds(const std::string& settings) {
    Json json = parseStored(settings);
    if (json.is_object() && json.contains("prompt") && json["prompt"].is_object())
        json["prompt"].erase("ids");
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// One line per run with its settings: to be pasted.
std::string markdownOf(RunSearch& search, History& history, const std::vector<RunId>& runs) {
    const auto cell = [](std::string text) {
        std::string out;
        for (const char c : text) out += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
        return out;
    };
    std::string text =
        "| run | started | command | model | plan | measure | settings |\n|---|---|---|---|---|---|---|\n";
    for (const RunRow& row : search.rows(runs)) {
        const RunSummary& s = row.summary;
        std::string measure = "–";
        if (row.headline)
            measure = row.headline->name + " " + Json(row.headline->value).dump() +
                      (row.headline->error ? " ± " + Json(*row.headline->error).dump() : "") + " " +
                      row.headline->unit;
        text += "| " + std::to_string(s.id.value) + " | " + isoTime(s.started).substr(0, 16) + " | " +
                cell(s.command) + " | " + cell(s.modelName) + " | " + cell(s.planName) + " | " +
                cell(measure) + " | `" + cell(settingsWithoutIds(history.show(s.id).settings)) + "` |\n";
    }
    return text;
}

ExitCode runExport(const TransferOptions& options, CliContext& cli) {
    if (options.format != "json" && cli.options.json && options.file.empty())
        throw UsageError("--json promises one JSON document on standard output; send the " + options.format +
                         " to a file with -o");
    History history = openForReading(cli);
    RunSearch search(history);
    std::vector<RunId> runs;
    if (!options.query.empty() || options.format == "markdown") {
        runs = findRuns(search, options.query, {RunKey::Run, false, {}});
        if (runs.empty()) throw UsageError("no run matches the query");
    }
    const auto write = [&](std::ostream& out) {
        if (options.format == "csv")
            history.exportCsv(out, runs);
        else if (options.format == "json")
            history.exportJson(out, runs);
        else
            out << markdownOf(search, history, runs);
    };
    if (options.file.empty()) {
        write(std::cout);
        std::cout.flush();
        return ExitCode::Done;
    }
    std::ostringstream text;
    write(text);
    jsonfile::writeAtomically(options.file, text.view());
    return cli.conclude(
        {.result = {{"file", options.file}, {"format", options.format}}, .text = "wrote " + options.file});
}

ExitCode runImport(const TransferOptions& options, CliContext& cli) {
    History history = History::open(historyPath(cli));
    const ImportReport report = history.importFile(options.file, storeProgress("import runs", cli));
    Conclusion end{
        .result = {{"file", options.file},
                   {"runs", report.runs},
                   {"known", report.known},
                   {"running", report.running},
                   {"plans", report.plans}},
        .text = std::to_string(report.runs) + " runs added, " + std::to_string(report.known) +
                " were here already" +
                (report.running > 0 ? ", " + std::to_string(report.running) + " have not ended yet" : "")};
    if (!report.isComplete) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; what was added stays, the same command goes on";
    }
    return cli.conclude(std::move(end));
}

ExitCode runBackup(const TransferOptions& options, CliContext& cli) {
    History history = openForReading(cli);
    if (!history.backup(options.file, storeProgress("copy pages", cli))) throw CancelledError();
    std::error_code none;
    const auto bytes = std::filesystem::file_size(options.file, none);
    return cli.conclude({.result = {{"file", options.file}, {"bytes", bytes}},
                         .text = "wrote " + options.file + ", " + formatBytes(bytes)});
}

ExitCode runPrune(const TransferOptions& options, CliContext& cli) {
    std::string query = options.query;
    if (options.olderThanDays > 0) query += " before:" + std::to_string(options.olderThanDays) + "d";
    if (query.empty()) throw UsageError("say what is to go: --query or --older-than");
    History history = options.dryRun ? openForReading(cli) : openForWriting(cli);
    const std::vector<RunId> runs = [&] {
        RunSearch search(history);
        return findRuns(search, query);
    }();
    const PruneReport report = history.prune(runs, options.marked, options.dryRun);
    if (options.compact && !options.dryRun) history.compact();
    const auto number = [](std::int64_t n) { return std::to_string(n); };
    return cli.conclude({.result = {{"dry_run", options.dryRun},
                                    {"runs", report.runs},
                                    {"measurements", report.measurements},
                                    {"series", report.series},
                                    {"plans", report.plans},
                                    {"prompts", report.prompts},
                                    {"profiles", report.profiles},
                                    {"kept", report.kept}},
                         .text = (options.dryRun ? "would remove " : "removed ") + number(report.runs) +
                                 " runs with " + number(report.measurements) + " measurements and " +
                                 number(report.series) + " series, " + number(report.plans) + " plans, " +
                                 number(report.prompts) + " prompts; " + number(report.kept) +
                                 " tagged, noted or running runs stay"});
}

} // namespace

void addHistoryTransferCommands(CLI::App& history, CliContext& cli) {
    auto out = std::make_shared<TransferOptions>();
    CLI::App& exported = cli.addCommand(
        history, "export", "Everything as JSON, every measurement as a line of CSV, or runs as Markdown",
        "  moa history export -o history.json\n"
        "  moa history export --format csv --query 'plan:balanced' > plans.csv");
    exported.add_option("--format", out->format, "json, csv or markdown")
        ->check(CLI::IsMember({"json", "csv", "markdown"}));
    exported.add_option("--query", out->query, "only runs that match (see moa history list --help)");
    exported.add_option("-o,--out", out->file, "file (default: standard output)");
    cli.onRun(exported, [out, &cli] { return runExport(*out, cli); });

    auto in = std::make_shared<TransferOptions>();
    CLI::App& imported =
        cli.addCommand(history, "import", "Add the runs of an export or of another history",
                       "  moa history import laptop.json\n  moa history import other.sqlite");
    imported.add_option("FILE", in->file, "JSON export or history file")->required();
    cli.onRun(imported, [in, &cli] { return runImport(*in, cli); });

    auto copy = std::make_shared<TransferOptions>();
    CLI::App& backup = cli.addCommand(history, "backup", "A whole copy, made while others write",
                                      "  moa history backup history-2026-01-31.sqlite");
    backup.add_option("FILE", copy->file, "where to")->required();
    cli.onRun(backup, [copy, &cli] { return runBackup(*copy, cli); });

    auto gone = std::make_shared<TransferOptions>();
    CLI::App& prune =
        cli.addCommand(history, "prune", "Remove runs; tagged and noted ones stay unless --marked",
                       "  moa history prune --older-than 365 --dry-run\n"
                       "  moa history prune --query 'status:failed before:2026-01-01' --compact");
    prune.add_option("--query", gone->query, "runs that match (see moa history list --help)");
    prune.add_option("--older-than", gone->olderThanDays, "days")
        ->default_str("")
        ->check(CLI::Range(1, 100'000));
    prune.add_flag("--marked", gone->marked, "also tagged and noted runs");
    prune.add_flag("--dry-run", gone->dryRun, "only say what would go");
    prune.add_flag("--compact", gone->compact, "give the room back to the disk; nobody can write meanwhile");
    cli.onRun(prune, [gone, &cli] { return runPrune(*gone, cli); });
}

} // namespace moa::cli
