#include "store/query/run_columns.h"

#include "store/history/run_status.h"
#include "store/sqlite/statement.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace moa {
namespace {

std::vector<RefName> readNames(const Connection& c, const char* sql) {
    std::vector<RefName> list;
    for (Statement row(c, sql); row.step();) list.push_back({row.integer(0), row.text(1), row.text(2)});
    return list;
}

/// The row of this machine; 0: it never ran anything.
std::int64_t thisMachine(const Connection& c) {
    const Machine m = currentMachine();
    Statement row(
        c,
        "SELECT id FROM machines WHERE cpu = ? AND cores = ? AND memory_bytes = ? AND os = ? AND kernel = ?",
        m.cpu, m.cores, m.memoryBytes, m.os, m.kernel);
    return row.step() ? row.integer(0) : 0;
}

constexpr const char* kColumns =
    "SELECT id, started_at, finished_at, process_id, command, status, device, program_version, machine_id, "
    "accelerator_id, model_id, plan_id, profile_id, prompt_id, rerun_of FROM runs ";

/// The row's values as those of run `i`. `here`: this machine's row.
void setRun(RunColumns& columns, std::size_t i, const Statement& row, std::int64_t here) {
    columns.id[i] = row.integer(0);
    const std::int64_t started = row.integer(1);
    columns.started[i] = started;
    columns.seconds[i] = row.isNull(2) ? std::numeric_limits<float>::quiet_NaN()
                                       : static_cast<float>(row.integer(2) - started) / 1000;
    columns.command.set(i, row.textView(4));
    const std::string_view status = row.textView(5);
    const bool interrupted = status == "running" && row.integer(8) == here && processIsGone(row.integer(3));
    columns.status.set(i, interrupted ? "interrupted" : status);
    columns.device.set(i, row.textView(6));
    columns.version.set(i, row.textView(7));
    int column = 8;
    for (RefColumn* refs : {&columns.machine, &columns.accelerator, &columns.model, &columns.plan,
                            &columns.profile, &columns.prompt, &columns.rerunOf})
        refs->of[i] = row.integer(column++);
}

std::int64_t countRuns(const Connection& c, std::int64_t after) {
    // Without a condition SQLite counts the entries of its smallest index.
    if (after == 0) {
        Statement all(c, "SELECT count(*) FROM runs");
        return all.step() ? all.integer(0) : 0;
    }
    Statement row(c, "SELECT count(*) FROM runs WHERE id > ?", after);
    return row.step() ? row.integer(0) : 0;
}

void readRuns(const Connection& c, RunColumns& columns) {
    const std::int64_t here = thisMachine(c);
    columns.resize(static_cast<std::size_t>(countRuns(c, 0)));
    std::size_t i = 0;
    for (Statement row(c, std::string(kColumns) + "INDEXED BY runs_narrow ORDER BY started_at, id");
         row.step();)
        setRun(columns, i++, row, here);
}

/// Everything that is small.
void readNames(const Connection& c, RunColumns& columns) {
    columns.machines = readNames(c, "SELECT id, cpu, os FROM machines");
    columns.accelerators = readNames(c, "SELECT id, name, driver FROM accelerators");
    columns.models = readNames(c, "SELECT id, name, sha256 FROM models");
    columns.plans = readNames(c, "SELECT id, name, sha256 FROM plans");
    columns.profiles = readNames(c, "SELECT id, path, sha256 FROM profiles");
    columns.tags = readNames(c, "SELECT id, name, '' FROM tags");
    columns.tagged.clear();
    for (Statement row(c, "SELECT run_id, tag_id FROM run_tags ORDER BY run_id, tag_id"); row.step();)
        if (const std::ptrdiff_t run = columns.find(row.integer(0)); run >= 0)
            columns.tagged.emplace_back(static_cast<std::int32_t>(run), row.integer(1));
}

std::string uidOf(const Connection& c, std::int64_t run) {
    Statement row(c, "SELECT uid FROM runs WHERE id = ?", run);
    return row.step() ? row.text(0) : std::string();
}

/// Runs that are new, and those that had not ended. False when others are gone.
bool readChanges(const Connection& c, RunColumns& columns) {
    const std::int64_t last = columns.id.empty() ? 0 : columns.id.back();
    if (!columns.id.empty() && uidOf(c, last) != columns.lastUid) return false;
    const std::int64_t all = countRuns(c, 0);
    const std::int64_t added = countRuns(c, last);
    if (all != static_cast<std::int64_t>(columns.size()) + added) return false;
    const std::int64_t here = thisMachine(c);
    Statement one(c, std::string(kColumns) + "WHERE id = ?");
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string& status = columns.status.names[static_cast<std::size_t>(columns.status.of[i])];
        if (status != "running" && status != "interrupted") continue;
        one.reset();
        if (one.bind(columns.id[i]).step()) setRun(columns, i, one, here);
    }
    std::size_t i = columns.size();
    columns.resize(i + static_cast<std::size_t>(added));
    for (Statement row(c, std::string(kColumns) + "WHERE id > ? ORDER BY id", last); row.step();)
        setRun(columns, i++, row, here);
    return true;
}

template <class T>
void permute(std::vector<T>& values, const std::vector<std::size_t>& order) {
    std::vector<T> sorted;
    sorted.reserve(values.size());
    for (const std::size_t i : order) sorted.push_back(values[i]);
    values = std::move(sorted);
}

/// Runs begun out of order (imports, clocks set back) are rare: usually there is nothing to do.
void sortById(RunColumns& c) {
    if (std::ranges::is_sorted(c.id)) return;
    std::vector<std::size_t> order(c.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::ranges::sort(order, {}, [&](std::size_t i) { return c.id[i]; });
    permute(c.id, order);
    permute(c.started, order);
    permute(c.seconds, order);
    for (NameColumn* names : {&c.command, &c.status, &c.device, &c.version}) permute(names->of, order);
    for (RefColumn* refs : {&c.machine, &c.accelerator, &c.model, &c.plan, &c.profile, &c.prompt, &c.rerunOf})
        permute(refs->of, order);
}

} // namespace

IdSet::IdSet(std::vector<std::int64_t> ids) : m_count(ids.size()) {
    if (ids.empty()) return;
    const auto [least, most] = std::ranges::minmax(ids);
    constexpr std::int64_t kMostBits = 1 << 26; // 8 MiB
    if (least >= 0 && most < kMostBits) {
        m_bits.resize(static_cast<std::size_t>(most) + 1);
        for (const std::int64_t id : ids) m_bits[static_cast<std::size_t>(id)] = true;
        return;
    }
    m_sorted = std::move(ids);
    std::ranges::sort(m_sorted);
}

bool IdSet::contains(std::int64_t id) const {
    if (!m_sorted.empty()) return std::ranges::binary_search(m_sorted, id);
    return id >= 0 && static_cast<std::size_t>(id) < m_bits.size() && m_bits[static_cast<std::size_t>(id)];
}

void NameColumn::set(std::size_t run, std::string_view name) {
    // Neighbours are often alike.
    if (m_last < 0 || names[static_cast<std::size_t>(m_last)] != name) {
        auto found = m_numbers.find(name);
        if (found == m_numbers.end()) {
            found = m_numbers.emplace(std::string(name), static_cast<std::int32_t>(names.size())).first;
            names.emplace_back(name);
        }
        m_last = found->second;
    }
    of[run] = m_last;
}

void RunColumns::resize(std::size_t runs) {
    id.resize(runs);
    started.resize(runs);
    seconds.resize(runs);
    for (NameColumn* names : {&command, &status, &device, &version}) names->of.resize(runs);
    for (RefColumn* refs : {&machine, &accelerator, &model, &plan, &profile, &prompt, &rerunOf})
        refs->of.resize(runs);
}

std::ptrdiff_t RunColumns::find(std::int64_t run) const {
    if (id.empty() || run < id.front() || run > id.back()) return -1;
    // Ids count up; where none is missing, the place is known.
    const auto guess = static_cast<std::size_t>(run - id.front());
    if (guess < id.size() && id[guess] == run) return static_cast<std::ptrdiff_t>(guess);
    const auto at = std::ranges::lower_bound(id, run);
    return at != id.end() && *at == run ? at - id.begin() : -1;
}

RunColumns readRunColumns(const Connection& c) {
    RunColumns columns;
    readRuns(c, columns);
    sortById(columns);
    readNames(c, columns);
    if (!columns.id.empty()) columns.lastUid = uidOf(c, columns.id.back());
    return columns;
}

void refreshRunColumns(const Connection& c, RunColumns& columns) {
    if (!readChanges(c, columns)) {
        columns = readRunColumns(c);
        return;
    }
    readNames(c, columns);
    if (!columns.id.empty()) columns.lastUid = uidOf(c, columns.id.back());
}

} // namespace moa
