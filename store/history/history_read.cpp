// The reading half of History: rows back into values.
#include "store/history/history.h"

#include "store/history/json_text.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <utility>

namespace moa {
namespace {

constexpr std::array<std::pair<RunStatus, const char*>, 7> kStatusNames = {
    {{RunStatus::Running, "running"},
     {RunStatus::Done, "done"},
     {RunStatus::Failed, "failed"},
     {RunStatus::Cancelled, "cancelled"},
     {RunStatus::Infeasible, "infeasible"},
     {RunStatus::TimeLimit, "time_limit"},
     {RunStatus::Interrupted, "interrupted"}}};

RunStatus statusOf(const std::string& name) {
    for (const auto& [status, text] : kStatusNames)
        if (name == text) return status;
    return RunStatus::Failed; // the schema's CHECK allows no other name
}

TimePoint timeOf(std::int64_t milliseconds) {
    return TimePoint(std::chrono::milliseconds(milliseconds));
}

bool processIsGone(std::int64_t process) {
    return process > 0 && process <= std::numeric_limits<pid_t>::max() &&
           ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

constexpr const char* kSummaryColumns =
    "SELECT r.id, r.command, r.status, r.started_at, r.finished_at, coalesce(m.name, ''), coalesce(p.name, "
    "''), "
    "r.device, r.backend, r.plan_id, r.seed, r.rerun_of, "
    "(SELECT count(*) FROM measurements x WHERE x.run_id = r.id), r.process_id, "
    "c.cpu, c.cores, c.memory_bytes, c.os, c.kernel "
    "FROM runs r JOIN machines c ON c.id = r.machine_id LEFT JOIN models m ON m.id = r.model_id "
    "LEFT JOIN plans p ON p.id = r.plan_id ";

Machine machineAt(const Statement& row, int column) {
    return {row.text(column), static_cast<int>(row.integer(column + 1)), row.integer(column + 2),
            row.text(column + 3), row.text(column + 4)};
}

RunSummary summaryAt(const Statement& row, const Machine& here) {
    RunSummary s;
    s.id = RunId(row.integer(0));
    s.command = row.text(1);
    s.status = statusOf(row.text(2));
    s.started = timeOf(row.integer(3));
    if (!row.isNull(4)) s.finished = timeOf(row.integer(4));
    s.modelName = row.text(5);
    s.planName = row.text(6);
    s.device = row.text(7);
    s.backend = row.text(8);
    if (!row.isNull(9)) s.plan = PlanId(row.integer(9));
    if (!row.isNull(10)) s.seed = static_cast<std::uint64_t>(row.integer(10));
    if (!row.isNull(11)) s.rerunOf = RunId(row.integer(11));
    s.measurements = row.integer(12);
    if (s.status == RunStatus::Running && machineAt(row, 14) == here && processIsGone(row.integer(13)))
        s.status = RunStatus::Interrupted;
    return s;
}

std::optional<ModelRef> readModel(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(
        c,
        "SELECT name, sha256, architecture, layers, heads, kv_heads, head_dim, hidden, vocab, context "
        "FROM models WHERE id = ?",
        id);
    if (!row.step()) return std::nullopt;
    ModelRef model{row.text(0), row.text(1), {}};
    ModelConfig& s = model.shape;
    s.architecture = row.text(2);
    int column = 3;
    for (int* field : {&s.layers, &s.heads, &s.kvHeads, &s.headDim, &s.hidden, &s.vocab, &s.context})
        *field = static_cast<int>(row.integer(column++));
    return model;
}

std::optional<ProfileRef> readProfile(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(c, "SELECT path, sha256, lengths, samples, calibration FROM profiles WHERE id = ?", id);
    if (!row.step()) return std::nullopt;
    return ProfileRef{row.text(0), row.text(1), historyjson::integersOf(row.text(2)),
                      static_cast<int>(row.integer(3)), row.text(4)};
}

std::optional<PlanRef> readPlanRow(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(c, "SELECT name, json, sha256, origin, parent_id FROM plans WHERE id = ?", id);
    if (!row.step()) return std::nullopt;
    PlanRef plan{row.text(0), row.text(1), row.text(2), row.text(3), std::nullopt};
    if (!row.isNull(4)) plan.parent = PlanId(row.integer(4));
    return plan;
}

std::vector<Measurement> readMeasurements(const Connection& c, RunId run) {
    Statement row(
        c, "SELECT name, unit, value, samples, error, context FROM measurements WHERE run_id = ? ORDER BY id",
        run.value);
    std::vector<Measurement> list;
    while (row.step())
        list.push_back({row.text(0), row.text(1),
                        row.optionalReal(2).value_or(std::numeric_limits<double>::quiet_NaN()),
                        row.integer(3), row.optionalReal(4), row.text(5)});
    return list;
}

std::vector<SearchRecord> readSearches(const Connection& c, RunId run) {
    Statement row(
        c,
        "SELECT plan_id, estimate, granularity, solver, objective_length, density_bound, loss, bound, gap, "
        "seconds, status FROM searches WHERE run_id = ? ORDER BY id",
        run.value);
    std::vector<SearchRecord> list;
    while (row.step()) {
        SearchRecord s;
        s.plan = readPlanRow(c, row.optionalInteger(0));
        s.estimate = row.text(1);
        s.granularity = row.text(2);
        s.solver = row.text(3);
        s.objectiveLength = static_cast<int>(row.integer(4));
        s.densityBound = row.optionalReal(5);
        s.loss = row.optionalReal(6);
        s.bound = row.optionalReal(7);
        s.gap = row.optionalReal(8);
        s.seconds = row.real(9);
        s.status = row.text(10);
        list.push_back(std::move(s));
    }
    return list;
}

} // namespace

std::string toString(RunStatus status) {
    for (const auto& [known, text] : kStatusNames)
        if (status == known) return text;
    return "failed";
}

std::vector<RunSummary> History::list(const RunFilter& filter) {
    std::string sql = std::string(kSummaryColumns) +
                      "WHERE (?1 = '' OR r.command = ?1) AND (?2 = '' OR m.name = ?2) " +
                      "AND (?3 IS NULL OR r.id < ?3) ORDER BY r.id DESC LIMIT ?4";
    const std::optional<std::int64_t> before =
        filter.before ? std::optional(filter.before->value) : std::nullopt;
    Statement rows(m_connection, sql, filter.command, filter.modelName, before,
                   filter.limit > 0 ? filter.limit : -1); // SQLite: −1 is no limit
    const Machine here = currentMachine();
    std::vector<RunSummary> list;
    while (rows.step()) list.push_back(summaryAt(rows, here));
    return list;
}

RunSummary History::summary(RunId run) {
    Statement row(m_connection, std::string(kSummaryColumns) + "WHERE r.id = ?1", run.value);
    if (!row.step()) throw UsageError("history: there is no run " + std::to_string(run.value));
    return summaryAt(row, currentMachine());
}

RunDetail History::show(RunId run) {
    RunDetail detail;
    detail.summary = summary(run);
    Statement row(
        m_connection,
        "SELECT r.arguments, r.program_version, r.versions, r.settings, r.result, r.error, r.model_id, "
        "r.profile_id, r.plan_id, c.cpu, c.cores, c.memory_bytes, c.os, c.kernel "
        "FROM runs r JOIN machines c ON c.id = r.machine_id WHERE r.id = ?",
        run.value);
    if (!row.step()) throw UsageError("history: there is no run " + std::to_string(run.value));
    int column = 0;
    for (std::string* field : {&detail.arguments, &detail.programVersion, &detail.versions, &detail.settings,
                               &detail.result, &detail.error})
        *field = row.text(column++);
    detail.model = readModel(m_connection, row.optionalInteger(6));
    detail.profile = readProfile(m_connection, row.optionalInteger(7));
    detail.plan = readPlanRow(m_connection, row.optionalInteger(8));
    detail.machine = machineAt(row, 9);
    detail.measurements = readMeasurements(m_connection, run);
    detail.searches = readSearches(m_connection, run);
    return detail;
}

std::vector<RunId> History::allRuns() {
    std::vector<RunId> runs;
    for (Statement rows(m_connection, "SELECT id FROM runs ORDER BY id"); rows.step();)
        runs.emplace_back(rows.integer(0));
    return runs;
}

} // namespace moa
