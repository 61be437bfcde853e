// What the history's subcommands share: which file, opening it, and runs chosen by a query.
#pragma once

#include "app/cli/cli_context.h"

#include "store/query/run_search.h"

#include <string>
#include <vector>

namespace moa::cli {

/// --db, else the user's own.
std::string historyPath(const CliContext& cli);

/// Throws StoreError (Missing) where there is no file yet; an old one is upgraded first.
History openForReading(const CliContext& cli);
/// The file must be there: nothing is made by tagging or pruning.
History openForWriting(const CliContext& cli);

/// Throws UsageError with column, message and remedy for a query that is wrong.
Query readQuery(const std::string& text);
void requireSound(const RunList& list);

/// Runs that match, in `order`; all for an empty text.
std::vector<RunId> findRuns(RunSearch& search, const std::string& query, const RunOrder& order = {});

std::vector<RunId> runIds(const std::vector<std::int64_t>& ids);

/// Tells the terminal and listens to Ctrl-C.
StoreProgress storeProgress(const std::string& stage, CliContext& cli);

void addHistoryTransferCommands(CLI::App& history, CliContext& cli); ///< export, import, backup, prune
void addHistoryMarkCommands(CLI::App& history, CliContext& cli);     ///< tag, note
void addHistoryReportCommands(CLI::App& history, CliContext& cli);   ///< diff, lineage, report

} // namespace moa::cli
