// The writing half of History: rows of runs and of what they refer to. Functions named "on…" run inside the
// caller's transaction.
#include "store/history/history.h"

#include "store/history/json_text.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <unistd.h>

namespace moa {
namespace {

using OptionalRow = std::optional<std::int64_t>;

/// Throws BadValue unless `text` is one JSON document; SQLite itself would only name a failed constraint.
void requireJson(const Connection& c, const std::string& text, const std::string& what) {
    Statement valid(c, "SELECT json_valid(?)", text);
    // SQLite's parser stops at a NUL and would call the rest valid.
    if (!valid.step() || valid.integer(0) != 1 || text.find('\0') != std::string::npos)
        throw StoreError(c.path(), what, "expected a JSON document", StoreProblem::BadValue);
}

template <class Tag>
OptionalRow rowOf(const std::optional<RowId<Tag>>& id) {
    return id ? OptionalRow(id->value) : std::nullopt;
}

/// Runs `find`, else `insert` with the same values; the id either way.
template <class... Values>
std::int64_t findOrInsert(Connection& c, const std::string& find, const std::string& insert,
                          const Values&... values) {
    Statement found(c, find, values...);
    if (found.step()) return found.integer(0);
    Statement(c, insert, values...).run();
    return c.lastInsertId();
}

std::int64_t onMachine(Connection& c, const Machine& m) {
    return findOrInsert(
        c,
        "SELECT id FROM machines WHERE cpu = ? AND cores = ? AND memory_bytes = ? AND os = ? AND kernel = ?",
        "INSERT INTO machines (cpu, cores, memory_bytes, os, kernel) VALUES (?, ?, ?, ?, ?)", m.cpu, m.cores,
        m.memoryBytes, m.os, m.kernel);
}

OptionalRow onModel(Connection& c, const std::optional<ModelRef>& model) {
    if (!model) return std::nullopt;
    const ModelConfig& s = model->shape;
    return findOrInsert(c,
                        "SELECT id FROM models WHERE name = ? AND sha256 = ? AND architecture = ? AND layers "
                        "= ? AND heads = ? AND "
                        "kv_heads = ? AND head_dim = ? AND hidden = ? AND vocab = ? AND context = ?",
                        "INSERT INTO models (name, sha256, architecture, layers, heads, kv_heads, head_dim, "
                        "hidden, vocab, context) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        model->name, model->sha256, s.architecture, s.layers, s.heads, s.kvHeads, s.headDim,
                        s.hidden, s.vocab, s.context);
}

OptionalRow onProfile(Connection& c, const std::optional<ProfileRef>& p, OptionalRow model) {
    if (!p) return std::nullopt;
    const std::string lengths = historyjson::array(p->lengths);
    const std::int64_t id = findOrInsert(
        c,
        "SELECT id FROM profiles WHERE path = ? AND sha256 = ? AND lengths = ? AND samples = ? AND "
        "calibration = ?",
        "INSERT INTO profiles (path, sha256, lengths, samples, calibration) VALUES (?, ?, ?, ?, ?)", p->path,
        p->sha256, lengths, p->samples, p->calibration);
    Statement(c, "UPDATE profiles SET model_id = ? WHERE id = ? AND model_id IS NULL", model, id).run();
    return id;
}

OptionalRow onPlan(Connection& c, const std::optional<PlanRef>& plan, OptionalRow model) {
    if (!plan) return std::nullopt;
    requireJson(c, plan->json, "plan");
    // Equal text under an equal name is the same plan. Its length finds it: the text itself is in no index.
    Statement found(c, "SELECT id FROM plans WHERE length(json) = length(?1) AND json = ?1 AND name = ?2",
                    plan->json, plan->name);
    if (found.step()) return found.integer(0);
    Statement(c,
              "INSERT INTO plans (name, json, sha256, origin, parent_id, model_id, created_at) "
              "VALUES (?, ?, ?, ?, ?, ?, ?)",
              plan->name, plan->json, plan->sha256, plan->origin, rowOf(plan->parent), model,
              currentTime().time_since_epoch().count())
        .run();
    return c.lastInsertId();
}

RunId onStart(Connection& c, const RunStart& run) {
    requireJson(c, run.settings, "settings");
    const std::int64_t machine = onMachine(c, currentMachine());
    const OptionalRow model = onModel(c, run.model);
    const OptionalRow profile = onProfile(c, run.profile, model);
    const OptionalRow plan = onPlan(c, run.plan, model);
    OptionalRow seed;
    if (run.seed)
        seed.emplace(static_cast<std::int64_t>(*run.seed)); // unsigned values wrap, and back on reading
    Statement(
        c,
        "INSERT INTO runs (command, arguments, status, started_at, process_id, machine_id, device, backend, "
        "program_version, versions, seed, model_id, profile_id, plan_id, rerun_of, settings, result, error) "
        "VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', '')",
        run.command, historyjson::array(run.arguments),
        run.started.value_or(currentTime()).time_since_epoch().count(), std::int64_t(::getpid()), machine,
        run.device, run.backend, run.programVersion.empty() ? MOA_VERSION : run.programVersion,
        historyjson::object(run.versions), seed, model, profile, plan, rowOf(run.rerunOf), run.settings)
        .run();
    return RunId(c.lastInsertId());
}

void onMeasurements(Connection& c, RunId run, const std::vector<Measurement>& measurements) {
    Statement insert(c, "INSERT INTO measurements (run_id, name, unit, value, samples, error, context) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (const Measurement& m : measurements) {
        requireJson(c, m.context, "measurement " + m.name + ", context");
        insert.bind(run.value, m.name, m.unit, m.value, m.samples, m.error, m.context).run();
    }
}

void onSearches(Connection& c, RunId run, const std::vector<SearchRecord>& searches) {
    OptionalRow model;
    if (Statement of(c, "SELECT model_id FROM runs WHERE id = ?", run.value); of.step())
        model = of.optionalInteger(0);
    for (const SearchRecord& s : searches)
        Statement(
            c,
            "INSERT INTO searches (run_id, plan_id, estimate, granularity, solver, objective_length, "
            "density_bound, loss, bound, gap, seconds, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            run.value, onPlan(c, s.plan, model), s.estimate, s.granularity, s.solver, s.objectiveLength,
            s.densityBound, s.loss, s.bound, s.gap, s.seconds, s.status)
            .run();
}

void onEnd(Connection& c, RunId run, const RunEnd& end) {
    if (end.status == RunStatus::Running || end.status == RunStatus::Interrupted)
        throw UsageError("history: a run ends as done, failed, cancelled, infeasible or time_limit");
    requireJson(c, end.result, "result");
    Statement update(c,
                     "UPDATE runs SET status = ?, finished_at = ?, result = ?, error = ? "
                     "WHERE id = ? AND status = 'running'",
                     toString(end.status), currentTime().time_since_epoch().count(), end.result, end.error,
                     run.value);
    update.run();
    if (c.changes() != 1) throw UsageError("history: run " + std::to_string(run.value) + " is not running");
    onMeasurements(c, run, end.measurements);
    onSearches(c, run, end.searches);
}

} // namespace

RunId History::recordRun(const RunRecord& run) {
    requireWritable();
    Transaction transaction(m_connection, Transaction::Kind::Write);
    const RunId id = onStart(m_connection, run);
    onEnd(m_connection, id, run);
    transaction.commit();
    return id;
}

RunId History::begin(const RunStart& start) {
    requireWritable();
    Transaction transaction(m_connection, Transaction::Kind::Write);
    const RunId id = onStart(m_connection, start);
    transaction.commit();
    return id;
}

void History::finish(RunId run, const RunEnd& end) {
    requireWritable();
    Transaction transaction(m_connection, Transaction::Kind::Write);
    onEnd(m_connection, run, end);
    transaction.commit();
}

} // namespace moa
