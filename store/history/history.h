// The history: every measurement this program made, with what is needed to repeat it. One SQLite file (WAL);
// the schema is store/schema/*.sql. Goals: nothing recorded is ever lost or half there; several processes may
// write at once; a run that is cancelled or killed still has its row. Non-goals: asking users anything,
// knowing what a plan or a result means; finding and comparing runs (store/query/).
#pragma once

#include "store/history/records.h"
#include "store/history/run_diff.h"
#include "store/sqlite/copy.h"
#include "store/sqlite/database.h"

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace moa {

enum class OpenMode { ReadWrite, ReadOnly };

/// What an import found. Runs that are here already, by their uid, are counted and left alone.
struct ImportReport {
    std::int64_t runs = 0, known = 0, plans = 0;
    std::int64_t running = 0; ///< not ended there yet: left out
    bool isComplete = true;   ///< false: the progress function ended it
};

/// What a prune removes, or would remove.
struct PruneReport {
    std::int64_t runs = 0, measurements = 0, series = 0;
    std::int64_t plans = 0, prompts = 0, profiles = 0; ///< that no other run refers to
    std::int64_t kept = 0;                             ///< asked for, but tagged, noted or running
};

/// One History belongs to one thread; open another for another thread. Every function throws StoreError (exit
/// code 3: file, where, what to do) when the file fails it, and UsageError for a run that is not there.
class History {
public:
    /// Opens the history at `path`; in ReadWrite mode the file and its folders are made when missing and the
    /// schema is upgraded. A newer file with only additions, or one that cannot be written, opens read-only
    /// (see writable()).
    static History open(const std::string& path, OpenMode mode = OpenMode::ReadWrite,
                        int busyTimeoutMs = 5000);

    /// A history in memory, for a session whose file cannot be used.
    static History inMemory();

    /// Moves a damaged file out of the way, with its log, to a free name beside it ("NAME.damaged-1"), and
    /// returns that. Nothing is overwritten. Throws StoreError when it cannot be moved.
    static std::string setAside(const std::string& path);

    /// The user's history: $XDG_DATA_HOME or ~/.local/share, moa-workbench/history.sqlite. Throws UsageError
    /// when neither variable is set.
    static std::string defaultPath();

    SchemaOutcome outcome() const { return m_outcome; }
    bool writable() const;
    const std::string& path() const { return m_connection.path(); }
    /// For the readers in store/query/.
    Connection& connection() { return m_connection; }

    /// One finished run with its measurements and searches, in one transaction.
    RunId recordRun(const RunRecord& run);
    /// Many at once, all of them or none: one transaction. Their ids count up from the first.
    std::vector<RunId> recordRuns(std::span<const RunRecord> runs);
    /// A row with status "running", for work that may be cancelled or killed.
    RunId begin(const RunStart& start);
    /// Ends a run that begin() began. UsageError when it has ended already.
    void finish(RunId run, const RunEnd& end);
    /// A plan that was saved, edited or imported without a run. A plan of equal name and text is the same
    /// one.
    PlanId recordPlan(const PlanRef& plan, const std::optional<ModelRef>& model = std::nullopt);

    /// Tags are 1 to 64 characters, without control characters; upper and lower case are the same. All or
    /// none of the runs are changed. Throws UsageError.
    void addTags(std::span<const RunId> runs, std::span<const std::string> tags);
    void removeTags(std::span<const RunId> runs, std::span<const std::string> tags);
    /// Replaces the note; an empty text removes it. At most 1 MiB.
    void setNote(RunId run, const std::string& text);

    /// Newest first.
    std::vector<RunSummary> list(const RunFilter& filter = {});
    RunDetail show(RunId run);
    PlanDetail showPlan(PlanId plan);
    /// The run of this uid.
    std::optional<RunId> find(const std::string& uid);
    /// What two runs have different: settings, plan, machine …, and every measurement side by side.
    RunDiff diff(RunId a, RunId b);

    /// {"schema", "exported", "plans": [with id and parent], "runs": [everything of every run, oldest
    /// first]}, from one snapshot; of `only` these runs and their plans where any are given.
    void exportJson(std::ostream& out, std::span<const RunId> only = {});
    /// One line per measurement (RFC 4180, header first); a run without any has one line.
    void exportCsv(std::ostream& out, std::span<const RunId> only = {});
    /// Adds what an export or another history holds. Runs arrive in transactions of a few hundred, so that
    /// other programs can write in between; doing it again goes on where an import was stopped. Throws
    /// StoreError for a file that is neither, or broken.
    ImportReport importFile(const std::string& path, const StoreProgress& progress = {});
    /// The same from an open history: one kept in memory while its file could not be written.
    ImportReport importFrom(History& other, const StoreProgress& progress = {});

    /// A whole copy at `path`, made while others write; replaces a file there only once the copy is complete
    /// and sound. False when `progress` ended it; nothing is left then.
    bool backup(const std::string& path, const StoreProgress& progress = {});

    /// Removes runs with all that belongs to them, and plans, prompts and profiles that no other run refers
    /// to. Running runs stay, tagged or noted ones unless `marked`. With `dryRun` nothing is changed.
    PruneReport prune(std::span<const RunId> runs, bool marked, bool dryRun);
    /// Gives the room of removed rows back to the disk; nobody can write meanwhile.
    void compact();

    /// Integrity and foreign keys of the whole file, and where it can be written its full-text index; empty when sound,
    /// else one line per problem.
    std::vector<std::string> check();

private:
    History(Connection connection, SchemaOutcome outcome)
        : m_connection(std::move(connection)), m_outcome(outcome) {}
    RunSummary summary(RunId run);
    std::vector<RunId> allRuns();
    std::vector<PlanId> allPlans();
    std::vector<PlanId> plansOf(std::span<const RunId> runs);
    /// Adds a run as another history had it; nothing when it is here already.
    std::optional<RunId> addImported(const RunDetail& run);
    ImportReport importRuns(std::int64_t size, const std::function<RunDetail(std::int64_t)>& runAt,
                            const StoreProgress& progress);
    void requireRuns(std::span<const RunId> runs);
    void requireWritable() const;

    Connection m_connection;
    SchemaOutcome m_outcome;
};

} // namespace moa
