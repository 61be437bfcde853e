// `moa history list|show|check`: what was measured here. Its other subcommands stand in files beside this
// one.
#include "app/cli/commands/commands.h"
#include "app/cli/commands/history_files.h"
#include "app/cli/commands/rerun.h"
#include "app/cli/history_json.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"

#include <algorithm>
#include <map>

namespace moa::cli {
namespace {

struct HistoryOptions {
    std::string query, command, model, order = "started";
    int limit = 50;
    std::int64_t a = 0, before = 0;
    bool facets = false;
};

/// The flags as one query: --command and --model are terms like any other.
std::string queryOf(const HistoryOptions& options) {
    std::string query = options.query;
    const auto add = [&](const std::string& term) { query += (query.empty() ? "" : " ") + term; };
    if (!options.command.empty()) add(exactTerm("command", options.command));
    if (!options.model.empty()) add(exactTerm("model", options.model));
    if (options.before > 0) add("run:0-" + std::to_string(options.before - 1));
    return query;
}

/// "started", "kl", "density:asc": a column or a measure, the largest first unless it says so.
RunOrder orderOf(const std::string& text) {
    static const std::map<std::string, RunKey> kKeys = {
        {"run", RunKey::Run},         {"started", RunKey::Started}, {"command", RunKey::Command},
        {"status", RunKey::Status},   {"model", RunKey::Model},     {"plan", RunKey::Plan},
        {"device", RunKey::Device},   {"seconds", RunKey::Seconds}, {"length", RunKey::Length},
        {"density", RunKey::Density}, {"measure", RunKey::Measure}};
    RunOrder order;
    std::string name = text;
    if (name.ends_with(":asc")) {
        order.descending = false;
        name.resize(name.size() - 4);
    }
    const auto known = kKeys.find(name);
    order.key = known == kKeys.end() ? RunKey::Measure : known->second;
    if (known == kKeys.end()) order.measure = name;
    return order;
}

Json rowJson(const RunRow& row) {
    Json json = toJson(row.summary);
    const auto orNull = [](const auto& value) { return value ? Json(*value) : Json(); };
    json["seconds"] = orNull(row.seconds);
    json["length"] = orNull(row.length);
    json["density"] = orNull(row.density);
    json["outcome"] = row.outcome;
    json["tags"] = row.tags;
    json["note"] = row.note.empty() ? Json() : Json(row.note);
    json["headline"] = row.headline ? Json{{"name", row.headline->name},
                                           {"value", row.headline->value},
                                           {"error", orNull(row.headline->error)},
                                           {"unit", row.headline->unit}}
                                    : Json();
    return json;
}

std::string shortValue(const std::optional<Measurement>& m) {
    return m ? m->name + " " + formatFixed(m->value, 4) : "";
}

Json facetsJson(const std::vector<Facet>& facets) {
    Json all = Json::object();
    for (const Facet& facet : facets) {
        Json values = Json::array();
        for (const FacetValue& v : facet.values) values.push_back({{"value", v.value}, {"runs", v.count}});
        all[facet.field] = values;
    }
    return all;
}

ExitCode listRuns(const HistoryOptions& options, History& history, CliContext& cli) {
    RunSearch search(history);
    const Query query = readQuery(queryOf(options));
    const RunOrder order = orderOf(options.order);
    const auto& measures = search.measures();
    if (!order.measure.empty() && std::ranges::find(measures, order.measure) == measures.end())
        throw UsageError("--order " + order.measure + ": no column and no measure of this history");
    const RunList found = search.find(query, order);
    requireSound(found);
    const std::size_t most = options.limit == 0 ? found.runs.size() : static_cast<std::size_t>(options.limit);
    Json list = Json::array();
    TextTable table({"id", "started", "command", "plan", "N", "density", "measure", "outcome", "tags"});
    for (const RunRow& row : search.rows(std::span(found.runs).first(std::min(most, found.runs.size())))) {
        list.push_back(rowJson(row));
        std::string tags;
        for (const std::string& tag : row.tags) tags += (tags.empty() ? "" : ", ") + tag;
        table.add({std::to_string(row.summary.id.value), isoTime(row.summary.started).substr(0, 19),
                   row.summary.command, row.summary.planName, row.length ? std::to_string(*row.length) : "",
                   row.density ? formatFixed(*row.density, 4) : "", shortValue(row.headline), row.outcome,
                   tags});
    }
    Json result = {
        {"file", historyPath(cli)}, {"runs", list}, {"matched", found.runs.size()}, {"all", found.all}};
    if (options.facets) result["facets"] = facetsJson(search.facets(query));
    std::string text = found.all == 0       ? "no runs yet"
                       : found.runs.empty() ? "no run matches; " + std::to_string(found.all) + " are there"
                                            : table.text();
    if (options.facets)
        for (const auto& [field, values] : result["facets"].items()) {
            if (values.empty()) continue;
            text += "\n" + field + ":";
            for (const Json& v : values)
                text += " " + v["value"].get<std::string>() + " (" + v["runs"].dump() + ")";
        }
    return cli.conclude({.result = result, .text = text});
}

/// A user's own history that does not exist yet is an empty one.
ExitCode runList(const HistoryOptions& options, CliContext& cli) {
    try {
        History history = openForReading(cli);
        return listRuns(options, history, cli);
    } catch (const StoreError& e) {
        if (e.problem() != StoreProblem::Missing || !cli.options.db.empty()) throw;
    }
    History none = History::inMemory();
    return listRuns(options, none, cli);
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
    if (!run["tags"].empty()) lines.push_back({"tags", run["tags"].dump()});
    if (!run["note"].is_null()) lines.push_back({"note", run["note"].get<std::string>()});
    for (const Json& series : run["series"])
        lines.push_back({"series", series["name"].get<std::string>() + ", " +
                                       std::to_string(series["values"].size()) + " values"});
    return keyValueLines(lines) + "\n" + measurementText(run["measurements"]);
}

ExitCode runShow(const HistoryOptions& options, CliContext& cli) {
    const Json run = toJson(openForReading(cli).show(RunId(options.a)));
    return cli.conclude({.result = run, .text = showText(run)});
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

std::string queryHelp() {
    std::string text =
        "Queries: terms are ANDed; -term is everything else; a,b is one of them; \"a b\" is exactly that.\n";
    for (const QueryFieldName& field : queryFieldNames()) {
        std::string example(field.example);
        example.resize(std::max<std::size_t>(example.size(), 24), ' ');
        text += "  " + example + std::string(field.meaning) + "\n";
    }
    return text +
           "  kl>0.05, retrieval<90%  any measure by its name\n  word, \"two words\"       in notes, tags, "
           "prompts, names of plans and models";
}

void addListCommand(CLI::App& history, CliContext& cli) {
    auto options = std::make_shared<HistoryOptions>();
    CLI::App& list =
        cli.addCommand(history, "list", "Runs, newest first",
                       "  moa history list --limit 10 --command score\n"
                       "  moa history list --query 'kl>0.05 plan:balanced after:2026-01-01' --order kl\n\n" +
                           queryHelp());
    list.add_option("--query", options->query, "only runs that match");
    list.add_option("--order", options->order,
                    "started, seconds, density … or a measure; NAME:asc for the least first");
    list.add_flag("--facets", options->facets, "also how many there are of each command, model, plan, tag …");
    list.add_option("--limit", options->limit, "rows at most; 0: all")->check(CLI::NonNegativeNumber);
    list.add_option("--command", options->command, "only runs of this command");
    list.add_option("--model", options->model, "only runs of this model, by name");
    list.add_option("--before", options->before, "only runs older than this id")
        ->default_str("")
        ->check(CLI::PositiveNumber);
    cli.onRun(list, [options, &cli] { return runList(*options, cli); });
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

    addHistoryReportCommands(history, cli);
    addHistoryTransferCommands(history, cli);
    addHistoryMarkCommands(history, cli);
    addRerunCommand(history, cli);
    CLI::App& check = cli.addCommand(history, "check", "Whether the file is sound (exit code 3 if it is not)",
                                     "  moa history check --db history.sqlite");
    cli.onRun(check, [&cli] { return runCheck(cli); });
}

} // namespace moa::cli
