// The reading half of History: rows back into values.
#include "store/history/history.h"

#include "store/history/json_text.h"
#include "store/history/run_status.h"
#include "store/history/series_blob.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <limits>

namespace moa {
namespace {

std::optional<std::uint64_t> unwrapped(std::optional<std::int64_t> value) {
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

TimePoint timeOf(std::int64_t milliseconds) {
    return TimePoint(std::chrono::milliseconds(milliseconds));
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
    s.status = statusNamed(row.textView(2));
    s.started = timeOf(row.integer(3));
    if (!row.isNull(4)) s.finished = timeOf(row.integer(4));
    s.modelName = row.text(5);
    s.planName = row.text(6);
    s.device = row.text(7);
    s.backend = row.text(8);
    if (!row.isNull(9)) s.plan = PlanId(row.integer(9));
    s.seed = unwrapped(row.optionalInteger(10));
    if (!row.isNull(11)) s.rerunOf = RunId(row.integer(11));
    s.measurements = row.integer(12);
    if (s.status == RunStatus::Running && machineAt(row, 14) == here && processIsGone(row.integer(13)))
        s.status = RunStatus::Interrupted;
    return s;
}

std::optional<ModelRef> readModel(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(
        c,
        "SELECT name, sha256, architecture, layers, heads, kv_heads, head_dim, hidden, vocab, context, "
        "quantisation FROM models WHERE id = ?",
        id);
    if (!row.step()) return std::nullopt;
    ModelRef model{row.text(0), row.text(1), {}};
    ModelConfig& s = model.shape;
    s.architecture = row.text(2);
    int column = 3;
    for (int* field : {&s.layers, &s.heads, &s.kvHeads, &s.headDim, &s.hidden, &s.vocab, &s.context})
        *field = static_cast<int>(row.integer(column++));
    model.quantisation = row.text(10);
    return model;
}

std::optional<ProfileRef> readProfile(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(
        c,
        "SELECT p.path, p.sha256, p.lengths, p.samples, p.calibration, coalesce(c.sha256, ''), c.seed, "
        "p.bytes FROM profiles p LEFT JOIN calibrations c ON c.id = p.calibration_id WHERE p.id = ?",
        id);
    if (!row.step()) return std::nullopt;
    return ProfileRef{
        row.text(0), row.text(1), historyjson::integersOf(row.text(2)), static_cast<int>(row.integer(3)),
        row.text(4), row.text(5), unwrapped(row.optionalInteger(6)),    row.optionalInteger(7)};
}

std::optional<PromptRef> readPrompt(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(c, "SELECT sha256, tokens, text FROM prompts WHERE id = ?", id);
    if (!row.step()) return std::nullopt;
    PromptRef prompt{row.text(0), row.integer(1)};
    if (!row.isNull(2)) prompt.text = row.text(2);
    return prompt;
}

std::optional<Accelerator> readAccelerator(const Connection& c, std::optional<std::int64_t> id) {
    Statement row(c, "SELECT name, memory_bytes, driver, runtime FROM accelerators WHERE id = ?", id);
    if (!row.step()) return std::nullopt;
    return Accelerator{row.text(0), row.integer(1), row.text(2), row.text(3)};
}

std::vector<Series> readSeries(const Connection& c, RunId run) {
    Statement row(c, "SELECT name, unit, start, data FROM series WHERE run_id = ? ORDER BY id", run.value);
    std::vector<Series> list;
    while (row.step()) list.push_back({row.text(0), row.text(1), row.integer(2), seriesValues(row.blob(3))});
    return list;
}

std::vector<std::string> readTags(const Connection& c, RunId run) {
    Statement row(
        c, "SELECT t.name FROM run_tags r JOIN tags t ON t.id = r.tag_id WHERE r.run_id = ? ORDER BY t.name",
        run.value);
    std::vector<std::string> list;
    while (row.step()) list.push_back(row.text(0));
    return list;
}

std::string readNote(const Connection& c, RunId run) {
    Statement row(c, "SELECT text FROM notes WHERE run_id = ?", run.value);
    return row.step() ? row.text(0) : std::string();
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
        "seconds, status, limits FROM searches WHERE run_id = ? ORDER BY id",
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
        s.limits = row.text(11);
        list.push_back(std::move(s));
    }
    return list;
}

} // namespace

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
    Statement row(m_connection,
                  "SELECT r.arguments, r.program_version, r.versions, r.settings, r.result, r.error, "
                  "coalesce(r.uid, ''), "
                  "r.model_id, r.profile_id, r.plan_id, r.prompt_id, r.accelerator_id, "
                  "c.cpu, c.cores, c.memory_bytes, c.os, c.kernel "
                  "FROM runs r JOIN machines c ON c.id = r.machine_id WHERE r.id = ?",
                  run.value);
    if (!row.step()) throw UsageError("history: there is no run " + std::to_string(run.value));
    int column = 0;
    for (std::string* field : {&detail.arguments, &detail.programVersion, &detail.versions, &detail.settings,
                               &detail.result, &detail.error, &detail.uid})
        *field = row.text(column++);
    detail.model = readModel(m_connection, row.optionalInteger(7));
    detail.profile = readProfile(m_connection, row.optionalInteger(8));
    detail.plan = readPlanRow(m_connection, row.optionalInteger(9));
    detail.prompt = readPrompt(m_connection, row.optionalInteger(10));
    detail.accelerator = readAccelerator(m_connection, row.optionalInteger(11));
    detail.machine = machineAt(row, 12);
    detail.measurements = readMeasurements(m_connection, run);
    detail.searches = readSearches(m_connection, run);
    detail.series = readSeries(m_connection, run);
    detail.tags = readTags(m_connection, run);
    detail.note = readNote(m_connection, run);
    return detail;
}

PlanDetail History::showPlan(PlanId plan) {
    Statement row(
        m_connection,
        "SELECT p.created_at, coalesce(m.name, ''), (SELECT count(*) FROM runs r WHERE r.plan_id = p.id) "
        "FROM plans p LEFT JOIN models m ON m.id = p.model_id WHERE p.id = ?",
        plan.value);
    if (!row.step()) throw UsageError("history: there is no plan " + std::to_string(plan.value));
    return {plan, *readPlanRow(m_connection, plan.value), timeOf(row.integer(0)), row.text(1),
            row.integer(2)};
}

std::optional<RunId> History::find(const std::string& uid) {
    Statement row(m_connection, "SELECT id FROM runs WHERE uid = ?", uid);
    return row.step() ? std::optional(RunId(row.integer(0))) : std::nullopt;
}

std::vector<RunId> History::allRuns() {
    std::vector<RunId> runs;
    for (Statement rows(m_connection, "SELECT id FROM runs ORDER BY id"); rows.step();)
        runs.emplace_back(rows.integer(0));
    return runs;
}

std::vector<PlanId> History::allPlans() {
    std::vector<PlanId> plans;
    for (Statement rows(m_connection, "SELECT id FROM plans ORDER BY id"); rows.step();)
        plans.emplace_back(rows.integer(0));
    return plans;
}

} // namespace moa
