// The history: every measurement this program made, with what is needed to repeat it. One SQLite file (WAL);
// the schema is store/schema/*.sql. Goals: nothing recorded is ever lost or half there; several processes may
// write at once; a run that is cancelled or killed still has its row. Non-goals: asking users anything,
// knowing what a plan or a result means.
#pragma once

#include "store/history/records.h"
#include "store/history/run_diff.h"
#include "store/sqlite/database.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace moa {

enum class OpenMode { ReadWrite, ReadOnly };

/// One History belongs to one thread; open another for another thread. Every function throws StoreError (exit
/// code 3: file, where, what to do) when the file fails it, and UsageError for a run that is not there.
class History {
public:
    /// Opens the history at `path`; in ReadWrite mode the file and its folders are made when missing and the
    /// schema is upgraded. A newer file with only additions, or one that cannot be written, opens read-only
    /// (see writable()).
    static History open(const std::string& path, OpenMode mode = OpenMode::ReadWrite,
                        int busyTimeoutMs = 5000);

    /// The user's history: $XDG_DATA_HOME or ~/.local/share, moa-workbench/history.sqlite. Throws UsageError
    /// when neither variable is set.
    static std::string defaultPath();

    SchemaOutcome outcome() const { return m_outcome; }
    bool writable() const;
    const std::string& path() const { return m_connection.path(); }

    /// One finished run with its measurements and searches, in one transaction.
    RunId recordRun(const RunRecord& run);
    /// A row with status "running", for work that may be cancelled or killed.
    RunId begin(const RunStart& start);
    /// Ends a run that begin() began. UsageError when it has ended already.
    void finish(RunId run, const RunEnd& end);

    /// Newest first.
    std::vector<RunSummary> list(const RunFilter& filter = {});
    RunDetail show(RunId run);
    /// What two runs have different: settings, plan, machine …, and every measurement side by side.
    RunDiff diff(RunId a, RunId b);

    /// {"schema", "exported", "runs": [everything of every run, oldest first]}, from one snapshot.
    void exportJson(std::ostream& out);
    /// One line per measurement (RFC 4180, header first); a run without any has one line.
    void exportCsv(std::ostream& out);

    /// Integrity and foreign keys of the whole file; empty when sound, else one line per problem.
    std::vector<std::string> check();

private:
    History(Connection connection, SchemaOutcome outcome)
        : m_connection(std::move(connection)), m_outcome(outcome) {}
    RunSummary summary(RunId run);
    std::vector<RunId> allRuns();
    void requireWritable() const;

    Connection m_connection;
    SchemaOutcome m_outcome;
};

} // namespace moa
