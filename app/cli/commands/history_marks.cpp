// `moa history tag|note`: what people say of runs.
#include "app/cli/commands/history_files.h"
#include "app/cli/parse_list.h"
#include "app/cli/text_table.h"

namespace moa::cli {
namespace {

struct MarkOptions {
    std::vector<std::int64_t> runs;
    std::vector<std::string> add, remove;
    std::string query, text;
    CLI::Option* textOption = nullptr;
};

Json tagsOf(History& history) {
    RunSearch search(history);
    Json list = Json::array();
    for (const Facet& facet : search.facets({}, 10'000))
        if (facet.field == "tag")
            for (const FacetValue& value : facet.values)
                list.push_back({{"tag", value.value}, {"runs", value.count}});
    return list;
}

ExitCode runTag(const MarkOptions& options, CliContext& cli) {
    const bool changes = !options.add.empty() || !options.remove.empty();
    History history = changes ? openForWriting(cli) : openForReading(cli);
    std::vector<RunId> runs = runIds(options.runs);
    if (!options.query.empty()) {
        RunSearch search(history);
        for (const RunId run : findRuns(search, options.query)) runs.push_back(run);
    }
    if (changes && runs.empty()) throw UsageError("name runs, or --query some that match");
    if (!options.add.empty()) history.addTags(runs, options.add);
    if (!options.remove.empty()) history.removeTags(runs, options.remove);
    const Json tags = tagsOf(history);
    TextTable table({"tag", "runs"});
    for (const Json& tag : tags) table.add({tag["tag"].get<std::string>(), tag["runs"].dump()});
    return cli.conclude({.result = {{"runs", changes ? runs.size() : 0}, {"tags", tags}},
                         .text = tags.empty() ? "no tags yet" : table.text()});
}

ExitCode runNote(const MarkOptions& options, CliContext& cli) {
    const RunId run(options.runs.front());
    const bool changes = options.textOption->count() > 0;
    History history = changes ? openForWriting(cli) : openForReading(cli);
    if (changes) history.setNote(run, options.text);
    const std::string note = history.show(run).note;
    return cli.conclude({.result = {{"run", run.value}, {"note", note.empty() ? Json() : Json(note)}},
                         .text = note.empty() ? "no note" : note});
}

} // namespace

void addHistoryMarkCommands(CLI::App& history, CliContext& cli) {
    auto tags = std::make_shared<MarkOptions>();
    CLI::App& tag = cli.addCommand(history, "tag", "Put tags on runs, take them off, or list them all",
                                   "  moa history tag 12 15 --add baseline,for-report\n"
                                   "  moa history tag --query 'plan:balanced' --remove draft\n"
                                   "  moa history tag");
    tag.add_option("ID", tags->runs, "runs")->default_str("")->check(CLI::PositiveNumber);
    tag.add_option("--query", tags->query, "runs that match (see moa history list --help)");
    tag.add_option("--add", tags->add, "tags")->delimiter(',')->default_str("");
    tag.add_option("--remove", tags->remove, "tags")->delimiter(',')->default_str("");
    cli.onRun(tag, [tags, &cli] { return runTag(*tags, cli); });

    auto noted = std::make_shared<MarkOptions>();
    noted->runs.resize(1);
    CLI::App& note = cli.addCommand(history, "note", "Show the note of a run, or write it",
                                    "  moa history note 12 'drifted after the driver update'\n"
                                    "  moa history note 12 ''");
    note.add_option("ID", noted->runs.front(), "run")
        ->default_str("")
        ->required()
        ->check(CLI::PositiveNumber);
    noted->textOption = note.add_option("TEXT", noted->text, "the new note; empty removes it");
    cli.onRun(note, [noted, &cli] { return runNote(*noted, cli); });
}

} // namespace moa::cli
