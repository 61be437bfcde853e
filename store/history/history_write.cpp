// The writing half of History: runs as they happen, tags and notes. Functions named "on…" run inside the
// caller's transaction.
#include "store/history/history.h"

#include "store/history/json_text.h"
#include "store/history/row_writing.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <unistd.h>

namespace moa {
namespace {

constexpr std::size_t kMostTagBytes = 64 * 4, kMostTagCharacters = 64, kMostNoteBytes = 1 << 20;

RunId onStart(Connection& c, const RunStart& run) {
    rows::requireJson(c, run.settings, "settings");
    static const Machine here = currentMachine(); // asking the system takes longer than writing the row
    const std::int64_t machine = rows::onMachine(c, here);
    const rows::OptionalRow accelerator = rows::onAccelerator(c, run.accelerator);
    const rows::OptionalRow model = rows::onModel(c, run.model);
    const rows::OptionalRow profile = rows::onProfile(c, run.profile, model);
    const rows::OptionalRow plan = rows::onPlan(c, run.plan, model);
    const rows::OptionalRow prompt = rows::onPrompt(c, run.prompt);
    Statement(c,
              "INSERT INTO runs (uid, command, arguments, status, started_at, process_id, machine_id, "
              "device, backend, "
              "program_version, versions, seed, model_id, profile_id, plan_id, prompt_id, accelerator_id, "
              "rerun_of, "
              "settings, result, error) VALUES (lower(hex(randomblob(16))), ?, ?, 'running', ?, ?, ?, ?, ?, "
              "?, ?, ?, ?, ?, "
              "?, ?, ?, ?, ?, '{}', '')",
              run.command, historyjson::array(run.arguments),
              run.started.value_or(currentTime()).time_since_epoch().count(), std::int64_t(::getpid()),
              machine, run.device, run.backend, run.programVersion.empty() ? MOA_VERSION : run.programVersion,
              historyjson::object(run.versions), rows::wrapped(run.seed), model, profile, plan, prompt,
              accelerator, rows::rowOf(run.rerunOf), run.settings)
        .run();
    return RunId(c.lastInsertId());
}

void onEnd(Connection& c, RunId run, const RunEnd& end) {
    if (end.status == RunStatus::Running || end.status == RunStatus::Interrupted)
        throw UsageError("history: a run ends as done, failed, cancelled, infeasible or time_limit");
    rows::requireJson(c, end.result, "result");
    Statement update(c,
                     "UPDATE runs SET status = ?, finished_at = ?, result = ?, error = ? "
                     "WHERE id = ? AND status = 'running'",
                     toString(end.status), currentTime().time_since_epoch().count(), end.result, end.error,
                     run.value);
    update.run();
    if (c.changes() != 1) throw UsageError("history: run " + std::to_string(run.value) + " is not running");
    Statement of(c, "SELECT model_id FROM runs WHERE id = ?", run.value);
    const rows::OptionalRow model = of.step() ? of.optionalInteger(0) : std::nullopt;
    if (end.writtenProfile)
        Statement(c, "UPDATE runs SET profile_id = ? WHERE id = ?",
                  rows::onProfile(c, end.writtenProfile, model), run.value)
            .run();
    rows::onMeasurements(c, run, end.measurements);
    rows::onSearches(c, run, end.searches, model);
    rows::onSeries(c, run, end.series);
}

void requireTag(const std::string& tag) {
    const bool control = std::ranges::any_of(tag, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    const auto characters =
        std::ranges::count_if(tag, [](unsigned char c) { return (c & 0xC0) != 0x80; }); // UTF-8 starts
    if (tag.empty() || control || tag.size() > kMostTagBytes ||
        characters > static_cast<std::ptrdiff_t>(kMostTagCharacters) || historyjson::validUtf8(tag) != tag ||
        tag.front() == ' ' || tag.back() == ' ')
        throw UsageError("history: a tag is 1 to 64 characters without line breaks and outer spaces");
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

std::vector<RunId> History::recordRuns(std::span<const RunRecord> runs) {
    requireWritable();
    Transaction transaction(m_connection, Transaction::Kind::Write);
    std::vector<RunId> ids;
    for (const RunRecord& run : runs) {
        ids.push_back(onStart(m_connection, run));
        onEnd(m_connection, ids.back(), run);
    }
    transaction.commit();
    return ids;
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

PlanId History::recordPlan(const PlanRef& plan, const std::optional<ModelRef>& model) {
    requireWritable();
    Transaction transaction(m_connection, Transaction::Kind::Write);
    const PlanId id(rows::onPlan(m_connection, plan, rows::onModel(m_connection, model)).value());
    transaction.commit();
    return id;
}

void History::requireRuns(std::span<const RunId> runs) {
    Statement found(m_connection, "SELECT 1 FROM runs WHERE id = ?");
    for (const RunId run : runs) {
        found.reset();
        if (!found.bind(run.value).step())
            throw UsageError("history: there is no run " + std::to_string(run.value));
    }
}

void History::addTags(std::span<const RunId> runs, std::span<const std::string> tags) {
    requireWritable();
    std::ranges::for_each(tags, requireTag);
    Transaction transaction(m_connection, Transaction::Kind::Write);
    requireRuns(runs);
    for (const RunId run : runs) rows::onTags(m_connection, run, tags);
    transaction.commit();
}

void History::removeTags(std::span<const RunId> runs, std::span<const std::string> tags) {
    requireWritable();
    Transaction transaction(m_connection, Transaction::Kind::Write);
    requireRuns(runs);
    Statement remove(
        m_connection,
        "DELETE FROM run_tags WHERE run_id = ? AND tag_id = (SELECT id FROM tags WHERE name = ?)");
    for (const RunId run : runs)
        for (const std::string& tag : tags) remove.bind(run.value, tag).run();
    m_connection.execute("DELETE FROM tags WHERE id NOT IN (SELECT tag_id FROM run_tags)");
    transaction.commit();
}

void History::setNote(RunId run, const std::string& text) {
    requireWritable();
    if (text.size() > kMostNoteBytes) throw UsageError("history: a note has at most 1 MiB");
    Transaction transaction(m_connection, Transaction::Kind::Write);
    requireRuns(std::span(&run, 1));
    rows::onNote(m_connection, run, text);
    transaction.commit();
}

} // namespace moa
