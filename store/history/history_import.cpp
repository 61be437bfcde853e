// Runs of other histories and of exports.
#include "store/history/history.h"

#include "store/history/json_import.h"
#include "store/history/row_writing.h"
#include "store/schema/schema.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

namespace moa {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kBatch = 200;

bool isDatabase(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string start(15, '\0');
    in.read(start.data(), static_cast<std::streamsize>(start.size()));
    return in && start == "SQLite format 3";
}

/// A copy of another history that may be upgraded, removed at the end.
class Copy {
public:
    explicit Copy(const std::string& path) {
        std::string name = (fs::temp_directory_path() / "moa-import-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw StoreError(name, "", "a temporary folder cannot be made", StoreProblem::Failed);
        m_folder = name;
        Connection from(path, Connection::Access::ReadOnly, 5000);
        Connection to(file(), Connection::Access::Create, 0);
        copyDatabase(from, to);
    }
    ~Copy() {
        std::error_code none;
        fs::remove_all(m_folder, none);
    }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;
    std::string file() const { return (m_folder / "copy.sqlite").string(); }

private:
    fs::path m_folder;
};

/// Plans of another history as plans of this one; parents come before their children, whose numbers are
/// higher.
class PlanNumbers {
public:
    void add(History& history, std::int64_t other, PlanRef plan, const std::optional<ModelRef>& model) {
        if (plan.parent) {
            const auto parent = m_here.find(plan.parent->value);
            plan.parent = parent == m_here.end() ? std::nullopt : std::optional(parent->second);
        }
        m_here[other] = history.recordPlan(plan, model);
    }
    std::int64_t size() const { return static_cast<std::int64_t>(m_here.size()); }

private:
    std::map<std::int64_t, PlanId> m_here;
};

} // namespace

std::optional<RunId> History::addImported(const RunDetail& d) {
    Connection& c = m_connection;
    if (!d.uid.empty() && find(d.uid)) return std::nullopt;
    const std::pair<const char*, const std::string*> documents[] = {{"settings", &d.settings},
                                                                    {"result", &d.result},
                                                                    {"arguments", &d.arguments},
                                                                    {"versions", &d.versions}};
    for (const auto& [name, text] : documents) rows::requireJson(c, *text, name);
    const bool stopped = d.summary.status == RunStatus::Interrupted;
    const rows::OptionalRow model = rows::onModel(c, d.model);
    const auto withoutParent = [](std::optional<PlanRef> plan) { // its number is of the other history
        if (plan) plan->parent.reset();
        return plan;
    };
    Statement(c,
              "INSERT INTO runs (uid, command, arguments, status, started_at, finished_at, process_id, "
              "machine_id, device, "
              "backend, program_version, versions, seed, model_id, profile_id, plan_id, prompt_id, "
              "accelerator_id, rerun_of, "
              "settings, result, error) VALUES (iif(?1 = '', lower(hex(randomblob(16))), ?1), ?2, ?3, ?4, "
              "?5, ?6, 0, ?7, ?8, "
              "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
              d.uid, d.summary.command, d.arguments, toString(stopped ? RunStatus::Failed : d.summary.status),
              d.summary.started.time_since_epoch().count(),
              d.summary.finished ? std::optional<std::int64_t>(d.summary.finished->time_since_epoch().count())
                                 : std::nullopt,
              rows::onMachine(c, d.machine), d.summary.device, d.summary.backend, d.programVersion,
              d.versions, rows::wrapped(d.summary.seed), model, rows::onProfile(c, d.profile, model),
              rows::onPlan(c, withoutParent(d.plan), model), rows::onPrompt(c, d.prompt),
              rows::onAccelerator(c, d.accelerator), rows::rowOf(d.summary.rerunOf), d.settings, d.result,
              stopped && d.error.empty() ? "interrupted" : d.error)
        .run();
    const RunId run(c.lastInsertId());
    std::vector<SearchRecord> searches = d.searches;
    for (SearchRecord& s : searches) s.plan = withoutParent(s.plan);
    rows::onMeasurements(c, run, d.measurements);
    rows::onSearches(c, run, searches, model);
    rows::onSeries(c, run, d.series);
    rows::onTags(c, run, d.tags);
    rows::onNote(c, run, d.note);
    return run;
}

ImportReport History::importRuns(std::int64_t size, const std::function<RunDetail(std::int64_t)>& runAt,
                                 const StoreProgress& progress) {
    ImportReport report;
    std::map<std::int64_t, RunId> here; // number there → number here
    for (std::int64_t first = 0; first < size; first += kBatch) {
        Transaction batch(m_connection, Transaction::Kind::Write);
        for (std::int64_t i = first; i < std::min(first + kBatch, size); ++i) {
            RunDetail run = runAt(i);
            const std::int64_t there = run.summary.id.value;
            if (run.summary.status == RunStatus::Running) {
                ++report.running;
                continue;
            }
            if (run.summary.rerunOf) {
                const auto of = here.find(run.summary.rerunOf->value);
                run.summary.rerunOf = of == here.end() ? std::nullopt : std::optional(of->second);
            }
            const auto added = addImported(run);
            if (const auto known = added ? added : find(run.uid)) here[there] = *known;
            ++(added ? report.runs : report.known);
        }
        batch.commit();
        if (progress && !progress(std::min(first + kBatch, size), size)) {
            report.isComplete = first + kBatch >= size;
            return report;
        }
    }
    return report;
}

ImportReport History::importFrom(History& other, const StoreProgress& progress) {
    requireWritable();
    PlanNumbers plans;
    for (const PlanId id : other.allPlans())
        plans.add(*this, id.value, other.showPlan(id).plan, std::nullopt);
    const std::vector<RunId> runs = other.allRuns();
    ImportReport report = importRuns(
        static_cast<std::int64_t>(runs.size()),
        [&](std::int64_t i) { return other.show(runs[static_cast<std::size_t>(i)]); }, progress);
    report.plans = plans.size();
    return report;
}

ImportReport History::importFile(const std::string& path, const StoreProgress& progress) {
    requireWritable();
    std::error_code none;
    if (fs::exists(path, none) && fs::equivalent(path, m_connection.path(), none))
        throw UsageError("history: a history cannot be imported into itself");
    if (isDatabase(path)) {
        const Copy copy(path); // older ones are upgraded there
        History other = open(copy.file());
        return importFrom(other, progress);
    }
    JsonImport json(path);
    PlanNumbers plans;
    for (const ExportedPlan& plan : json.plans()) plans.add(*this, plan.id, plan.plan, std::nullopt);
    ImportReport report = importRuns(
        json.runs(), [&](std::int64_t i) { return json.run(i); }, progress);
    report.plans = plans.size();
    return report;
}

} // namespace moa
