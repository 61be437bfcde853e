#include "app/cli/commands/history_files.h"

namespace moa::cli {

std::string historyPath(const CliContext& cli) {
    return cli.options.db.empty() ? History::defaultPath() : cli.options.db;
}

History openForReading(const CliContext& cli) {
    try {
        return History::open(historyPath(cli), OpenMode::ReadOnly);
    } catch (const StoreError& e) {
        // An older schema cannot be read as it is; where the file can be written, it is brought up to date.
        if (e.problem() != StoreProblem::ReadOnly) throw;
        return History::open(historyPath(cli));
    }
}

History openForWriting(const CliContext& cli) {
    std::error_code none;
    if (!std::filesystem::exists(historyPath(cli), none))
        throw StoreError(historyPath(cli), "", "there is no such file", StoreProblem::Missing);
    return History::open(historyPath(cli));
}

namespace {

[[noreturn]] void refuse(const QueryProblem& problem) {
    throw UsageError("the query, byte " + std::to_string(problem.begin + 1) + ": " + problem.message + "; " +
                     problem.remedy);
}

} // namespace

Query readQuery(const std::string& text) {
    const Query query = parseQuery(text, localClock());
    if (query.problem) refuse(*query.problem);
    return query;
}

void requireSound(const RunList& list) {
    if (list.problem) refuse(*list.problem);
}

std::vector<RunId> findRuns(RunSearch& search, const std::string& query, const RunOrder& order) {
    RunList list = search.find(readQuery(query), order);
    requireSound(list);
    return std::move(list.runs);
}

std::vector<RunId> runIds(const std::vector<std::int64_t>& ids) {
    std::vector<RunId> runs;
    for (const std::int64_t id : ids) runs.emplace_back(id);
    return runs;
}

StoreProgress storeProgress(const std::string& stage, CliContext& cli) {
    return [stage, &cli, progress = cli.progress()](std::int64_t done, std::int64_t total) {
        progress({stage, done, total});
        return !cli.stopToken().stop_requested();
    };
}

} // namespace moa::cli
